/** Every example of the help and the docs of the commands that ask a running Postern. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { createProgram } from "../../../src/cli/program.ts";
import { EXAMPLE_ID } from "../../../src/cli/requests.ts";
import { EXAMPLE_SERVER } from "../../../src/cli/server.ts";
import type { AccessCli, Run } from "../../support/access-cli.ts";
import { POLICY, printed, startAccessCli } from "../../support/access-cli.ts";
import { bind, may, role, user } from "../../support/access-world.ts";
import { eventually } from "../../support/eventually.ts";
import { commandsOf, examplesIn } from "../../support/help.ts";
import { ISSUER } from "../../support/world.ts";

let cli: AccessCli;
before(async () => {
  cli = await startAccessCli();
});
after(() => cli.stop());

/** Makes what an example is about: where its help says an id, there is something of this id. */
const EXAMPLES: Readonly<Record<string, (person: Run, name: string) => Promise<string>>> = {
  "postern request": (person) => idOf(person, "postern request orders-ro --for 30m --reason x --json"),
  "postern requests": (_, name) => cli.asked(`${name}-other`),
  "postern approve": (_, name) => cli.asked(`${name}-other`),
  "postern deny": (_, name) => cli.asked(`${name}-other`),
  "postern withdraw": (person) => idOf(person, "postern request orders-rw --for 30m --reason x --json"),
  "postern review": (_, name) => cli.asked(`${name}-other`, "--break-glass", ["oncall"], "15m"),
  "postern sessions end": async (person, name) => {
    await cli.world.put(bind(name, "writer", user(name)));
    const client = await cli.world.connect({ user: "ben", password: cli.world.token(name) });
    client.on("error", () => {}); // the example is about to end it
    const mine = /(\w+) +postern-sessions-end-\d/;
    return eventually(
      "what the commands tell",
      async () => mine.exec((await person("postern sessions list")).stdout)?.[1],
    );
  },
  "postern token revoke": async (person) => {
    const made = await printed(person, "postern token create --name x --expires 1d --json");
    return JSON.parse(made).listed.id;
  },
  "postern revoke": (_, name) => cli.asked(`${name}-other`, "--break-glass", ["oncall"], "15m"),
};

async function idOf(person: Run, line: string): Promise<string> {
  return JSON.parse(await printed(person, line)).id;
}

for (const { path } of commandsOf(createProgram()).filter(({ asks }) => asks))
  test(`the examples in the help of "${path}" work`, async () => {
    const examples = examplesIn(await printed(cli.as("anybody"), `${path} --help`));
    assert.ok(examples.length > 0);
    for (const [index, example] of examples.filter(asksServer).entries()) {
      const name = `${path.replaceAll(" ", "-")}-${index}`;
      const person = cli.as(name, "all", "engineers", "leads", "oncall");
      writeFileSync(join(cli.directory, "policy.yaml"), POLICY);
      if (path === "postern delete") await printed(person, "postern apply -f policy.yaml");
      const id = example.includes(EXAMPLE_ID) ? await EXAMPLES[path]?.(person, name) : "";
      await printed(cli.as("max"), "postern whoami || true"); // so that somebody called so has been seen
      const line = example
        .replace(EXAMPLE_ID, id ?? "")
        .replace("https://login.example.com --r", `${ISSUER} --r`);
      await printed(person, line.replace(EXAMPLE_SERVER, cli.server));
    }
  });

/** `explain` asks a server only where one is named; what it says of a configuration is run beside the other helps. */
function asksServer(line: string): boolean {
  return !/\bpostern explain\b/.test(line) || line.includes("--server");
}

/** The commands of a page, for the tests' namespace, and an offer that needs nobody's answer where one waits for it. */
function commandsIn(page: string): readonly string[] {
  const text = readFileSync(join(import.meta.dirname, "../../../docs", page), "utf8");
  return [...text.matchAll(/^```sh\n([\s\S]*?)^```/gm)]
    .flatMap(([, block = ""]) => block.split("\n"))
    .filter((line) => line.startsWith("postern ") && !/ (token mint|explain|start|keys|check) ?/.test(line))
    .map((line) => line.replace("-n prod", "-n shop").replace(/orders-rw(.*--wait)/, "orders-ro$1"))
    .map((line) => line.replace("4ZkU0vCJ1pQ8sXaB", EXAMPLE_ID)); // the token of that page
}

for (const page of ["access-requests.md", "policy.md", "tokens.md"])
  test(`the commands in docs/${page} work`, async () => {
    await cli.world.put(role("analysts", may("assume", "databaseroles", "analyst")));
    await cli.as("boss", "all")("postern delete rolebinding analysts -n shop"); // an example of a help has made it
    writeFileSync(join(cli.directory, "policy.yaml"), POLICY);
    const commands = commandsIn(page);
    assert.ok(commands.length > 2);
    for (const [index, line] of commands.entries()) {
      const path = `postern ${/^postern ((?:token|create|sessions) )?\S+/.exec(line)?.[0].slice("postern ".length)}`;
      const name = `${page.replace(".md", "")}-${index}`;
      const person = cli.as(name, "all", "engineers", "leads", "oncall");
      const id = line.includes(EXAMPLE_ID) ? await EXAMPLES[path]?.(person, name) : "";
      await printed(person, line.replace(EXAMPLE_ID, id ?? ""));
    }
  });
