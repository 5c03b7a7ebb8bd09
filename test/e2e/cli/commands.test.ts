import assert from "node:assert/strict";
import { createPublicKey } from "node:crypto";
import { statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { exampleDirectory, readIn, shell, writeIn } from "../../support/postern.ts";

interface Refused {
  readonly line: string;
  readonly code: number;
  readonly stderr: string;
}

const REFUSED: Readonly<Record<string, Refused>> = {
  "no command": { line: "postern", code: 2, stderr: 'no command was given; see "postern --help"' },
  "no command of a group": {
    line: "postern keys",
    code: 2,
    stderr: 'no command was given; see "postern keys --help"',
  },
  "an unknown command": {
    line: "postern chek",
    code: 2,
    stderr: `unknown command 'chek' (Did you mean check?); see "postern --help"`,
  },
  "an unknown option": {
    line: "postern check --cnfig x",
    code: 2,
    stderr: `unknown option '--cnfig' (Did you mean --config?); see "postern check --help"`,
  },
  "a missing option": {
    line: "postern token mint --key jobs.key",
    code: 2,
    stderr: `required option '--subject <sub>' not specified; see "postern token mint --help"`,
  },
  "a shell that is not known": {
    line: "postern completion tcsh",
    code: 2,
    stderr: `command-argument value 'tcsh' is invalid for argument 'shell'. Allowed choices are bash, zsh, fish; see "postern completion --help"`,
  },
  "a duration that is none": {
    line: "postern token mint --key jobs.key --subject app --ttl soon",
    code: 2,
    stderr: '--ttl "soon" is no duration; write a whole number and a unit: 15m, 8h',
  },
  "a claim without a value": {
    line: "postern token mint --key jobs.key --subject app --claim roles",
    code: 2,
    stderr: '--claim "roles" has no value; write name=value',
  },
  "no token": {
    line: "postern explain",
    code: 2,
    stderr: "no token was given; pipe it in and give - for it, or use --token-file or POSTERN_TOKEN",
  },
  "a token from two places": {
    line: "postern explain --token x --token-file app.token",
    code: 2,
    stderr: "a token and --token-file were both given; keep one",
  },
  "an empty token": {
    line: "echo | postern explain --token -",
    code: 1,
    stderr: "standard input holds no token; check where it comes from",
  },
  "a file that is not there": {
    line: "postern token inspect --token-file nothing",
    code: 1,
    stderr: '"nothing" cannot be read (ENOENT); check the path and its mode',
  },
  "something that is no token": {
    line: "echo hello | postern token inspect -",
    code: 1,
    stderr:
      "this is no token that can be read (identity/malformed): not three parts separated by dots (RFC 7515 §7.1); check where it comes from",
  },
  "a public key to sign with": {
    line: "postern token mint --key jobs.pub --subject app",
    code: 1,
    stderr: '"jobs.pub" cannot sign; name a private key in PEM, such as "postern keys new" makes',
  },
  "an algorithm that is not the key's": {
    line: "postern token mint --key jobs.key --subject app --algorithm RS256",
    code: 1,
    stderr: '"jobs.key" cannot sign: the key cannot sign with RS256; it can with EdDSA',
  },
  "a file that is no key": {
    line: "postern keys jwks postern.yaml",
    code: 1,
    stderr: '"postern.yaml" is no key in PEM; name a key such as "postern keys new" makes',
  },
  "a key pair over another": {
    line: "postern keys new --out jobs",
    code: 1,
    stderr: '"jobs.key" exists already; choose another --out',
  },
  "a cluster that does not exist": {
    line: "postern explain --token-file app.token --cluster mian",
    code: 1,
    stderr: 'there is no cluster "mian"; it can be main',
  },
  "a configuration that is not there": {
    line: "postern check --config nothing.yaml",
    code: 1,
    stderr: "nothing.yaml: there is no such file; name the configuration with --config, or create it",
  },
};

for (const [name, { line, code, stderr }] of Object.entries(REFUSED)) {
  test(`refused in one line that says what to do: ${name}`, (t) => {
    const ran = shell(line, exampleDirectory(t));
    assert.deepEqual(ran, { code, stdout: "", stderr: `postern: ${stderr}\n` });
  });
}

test("check tells every fault on a line of its own, and fails", (t) => {
  const directory = exampleDirectory(t);
  writeIn(directory, "postern.yaml", `${readIn(directory, "postern.yaml")}lmits: {}\nlog: { level: loud }\n`);
  const { code, stdout, stderr } = shell("postern check", directory);
  assert.deepEqual([code, stdout], [1, ""]);
  assert.match(
    stderr,
    /^postern: postern\.yaml:\d+:1: lmits: is not a setting; did you mean "limits"\?\npostern: postern\.yaml:\d+:8: log\.level: .*\n$/,
  );
});

test("check says what it read, and the environment's part in it", (t) => {
  const ran = shell("postern check", exampleDirectory(t), { POSTERN__DOORS__POSTGRES__PORT: "7000" });
  assert.deepEqual(ran, {
    code: 0,
    stdout: "ok: postern.yaml: 1 issuer, 1 cluster, wire door on 127.0.0.1:7000\n",
    stderr: "",
  });
});

test("check finds keys and certificates that cannot be used", (t) => {
  const directory = exampleDirectory(t);
  writeIn(directory, "bad.pem", "no key");
  const env = {
    POSTERN__ISSUERS__0__KEYS__PEM: "[no key]",
    POSTERN__DOORS__POSTGRES__TLS__CERT_FILE: "bad.pem",
    POSTERN__DOORS__POSTGRES__TLS__KEY_FILE: "jobs.key",
  };
  const { code, stderr } = shell("postern check", directory, env);
  assert.equal(code, 1);
  const lines = stderr.trimEnd().split("\n");
  assert.equal(lines.length, 2);
  assert.match(lines[0] ?? "", /^postern: postern\.yaml: doors\.postgres\.tls: /);
  assert.match(lines[1] ?? "", /^postern: postern\.yaml: issuer "jobs", keys\.pem\[0\]: /);
});

test("check leaves the network alone unless it is told to fetch keys", (t) => {
  const directory = exampleDirectory(t);
  // Port 1 (tcpmux) is open nowhere.
  const env = { POSTERN__ISSUERS__0__KEYS: "{ jwksUrl: 'http://127.0.0.1:1/keys' }" };
  assert.equal(shell("postern check", directory, env).code, 0);
  const { code, stderr } = shell("postern check --fetch", directory, env);
  assert.equal(code, 1);
  assert.match(stderr, /^postern: postern\.yaml: issuer "jobs": .*; correct its keys\n$/);
});

test("check prints its findings as JSON, good and bad", (t) => {
  const directory = exampleDirectory(t);
  const good = shell("postern check --json", directory);
  assert.deepEqual(JSON.parse(good.stdout), { ok: true, source: "postern.yaml", faults: [], warnings: [] });
  const bad = shell("postern check --json", directory, { POSTERN__LOG__LEVEL: "inf" });
  assert.equal(bad.code, 1);
  assert.deepEqual(JSON.parse(bad.stdout).faults, [
    {
      where: "environment POSTERN__LOG__LEVEL",
      path: ["log", "level"],
      message: '"inf" is not known here; did you mean "info"?',
    },
  ]);
  assert.equal(bad.stderr, "postern: postern.yaml has 1 fault; correct it and check again\n");
});

test("explain shows each check and succeeds when the login would", (t) => {
  const { code, stdout, stderr } = shell(
    "postern explain --token-file app.token --database shop",
    exampleDirectory(t),
  );
  assert.deepEqual([code, stderr], [0, ""]);
  assert.match(stdout, /^role "app", database "shop", cluster "main"\n/);
  assert.match(stdout, /\npass {2}signature: /);
  assert.match(stdout, /\nallowed\n$/);
});

test("explain names the check that says no, and fails", (t) => {
  const ran = shell("postern explain --token - --role postgres --json < app.token", exampleDirectory(t));
  assert.equal(ran.code, 1);
  const answer = JSON.parse(ran.stdout);
  assert.deepEqual([answer.allowed, answer.code, answer.role], [false, "policy/role", "postgres"]);
  assert.deepEqual(answer.steps.at(-1), {
    check: "role",
    passed: false,
    saw: '"postgres" was asked for, the token permits "app"',
  });
  assert.equal(
    ran.stderr,
    'postern: denied (policy/role): "postgres" was asked for, the token permits "app"\n',
  );
});

test("a token may come from the environment, and never shows in what is printed", (t) => {
  const directory = exampleDirectory(t);
  const token = readIn(directory, "app.token").trim();
  const ran = shell("postern explain", directory, { POSTERN_TOKEN: token });
  assert.equal(ran.code, 0);
  assert.ok(!(ran.stdout + ran.stderr).includes(token.split(".")[2] ?? token));
});

test("keys new writes a private key that only its owner reads", (t) => {
  const directory = exampleDirectory(t);
  const ran = shell("postern keys new --algorithm ES256 --out new --json", directory);
  assert.deepEqual(JSON.parse(ran.stdout), {
    algorithm: "ES256",
    privateFile: "new.key",
    publicFile: "new.pub",
  });
  assert.equal(statSync(join(directory, "new.key")).mode & 0o777, 0o600);
  assert.equal(
    createPublicKey(readIn(directory, "new.key")).export({ type: "spki", format: "pem" }),
    readIn(directory, "new.pub"),
  );
});

test("keys jwks prints public keys only, also of a private key", (t) => {
  const ran = shell("postern keys jwks jobs.pub jobs.key", exampleDirectory(t));
  const { keys } = JSON.parse(ran.stdout);
  assert.equal(keys.length, 2);
  assert.deepEqual(keys[0], keys[1]);
  assert.ok(!("d" in keys[0]));
});

test("token mint sets the claims that it is told", (t) => {
  const line = `postern token mint --key jobs.key --subject ada --issuer https://i --audience a --audience b --ttl 15m --claim 'roles=["x"]' --claim team=blue --claim level=3 --json`;
  const { token, claims } = JSON.parse(shell(line, exampleDirectory(t)).stdout);
  const { iat, exp, ...others } = claims;
  assert.deepEqual(others, {
    iss: "https://i",
    sub: "ada",
    aud: ["a", "b"],
    roles: ["x"],
    team: "blue",
    level: 3,
  });
  assert.equal(exp - iat, 900);
  assert.equal(token.split(".").length, 3);
});

test("token inspect shows what is in a token and says that it is not verified", (t) => {
  const directory = exampleDirectory(t);
  const ran = shell("postern token inspect --json < app.token -", directory);
  const content = JSON.parse(ran.stdout);
  assert.deepEqual([content.verified, content.header.alg, content.claims.sub], [false, "EdDSA", "app"]);
  assert.equal(new Date(content.expiresAt).getTime(), content.claims.exp * 1000);
  assert.match(
    shell("postern token inspect --token-file app.token", directory).stderr,
    /^postern: not verified, expires 2\d\d\d-.*; "postern explain" verifies it\n$/,
  );
});

test("output that goes to no terminal has no colours", (t) => {
  const directory = exampleDirectory(t);
  for (const line of ["postern explain --token-file app.token", "postern check", "postern --help"])
    assert.ok(!shell(line, directory).stdout.includes("\x1b"));
});

test("a reader that stops early is no error", (t) => {
  const { code, stderr } = shell("postern completion bash | head -1 > /dev/null", exampleDirectory(t));
  assert.deepEqual([code, stderr], [0, ""]);
});
