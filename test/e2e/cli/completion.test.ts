import assert from "node:assert/strict";
import { test } from "node:test";
import { exampleDirectory, shell } from "../../support/postern.ts";

/** What bash offers for the last of these words. */
function completions(words: readonly string[], directory: string): string[] {
  const array = words.map((word) => `'${word}'`).join(" ");
  const line = `source completion.bash; COMP_WORDS=(${array}); COMP_CWORD=${words.length - 1}; _postern; printf '%s\\n' "\${COMPREPLY[@]}"`;
  return shell(line, directory)
    .stdout.split("\n")
    .filter((word) => word !== "");
}

test("the bash script is valid bash", (t) => {
  const { code, stderr } = shell(
    "postern completion bash > completion.bash && bash -n completion.bash",
    exampleDirectory(t),
  );
  assert.deepEqual([code, stderr], [0, ""]);
});

test("bash completes commands, options and fixed values at their place", (t) => {
  const directory = exampleDirectory(t);
  shell("postern completion bash > completion.bash", directory);
  const cases: readonly (readonly [readonly string[], readonly string[]])[] = [
    [["postern", "che"], ["check"]],
    [
      ["postern", "keys", ""],
      ["new", "jwks", "--help"],
    ],
    [["postern", "keys", "new", "--al"], ["--algorithm"]],
    [
      ["postern", "keys", "new", "--algorithm", ""],
      ["EdDSA", "ES256", "RS256"],
    ],
    [
      ["postern", "keys", "new", "--algorithm", "E"],
      ["EdDSA", "ES256"],
    ],
    [["postern", "token", "m"], ["mint"]],
    [
      ["postern", "create", "cluster"],
      ["clusterrole", "clusterrolebinding"],
    ],
    [
      ["postern", "get", "roles", "--output", ""],
      ["yaml", "json"],
    ],
    [["postern", "approve", "--tok"], ["--token-file"]],
    [["postern", "token", "mint", "--key", "x", "--sub"], ["--subject"]],
    [["postern", "completion", "z"], ["zsh"]],
    [["postern", "check", "--config", "post"], []],
    [["postern", "explain", "--js"], ["--json"]],
    [
      ["postern", "nothing", "--"],
      ["--version", "--help"],
    ],
  ];
  for (const [words, expected] of cases)
    assert.deepEqual(completions(words, directory), expected, words.join(" "));
});

test("bash falls back to files where a file is wanted", (t) => {
  const { stdout } = shell("source <(postern completion bash); complete -p postern", exampleDirectory(t));
  assert.equal(stdout, "complete -o default -F _postern postern\n");
});

test("zsh and fish get scripts of their own with every command", (t) => {
  const directory = exampleDirectory(t);
  const zsh = shell("postern completion zsh", directory).stdout;
  assert.match(zsh, /^#compdef postern\n/);
  const fish = shell("postern completion fish", directory).stdout;
  for (const name of ["check", "explain", "keys", "token", "completion"]) {
    assert.ok(zsh.includes(`'${name}:`), name);
    assert.ok(fish.includes(` -a ${name} `), name);
  }
});
