import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { LogLine } from "../support/gateway.ts";
import type { World } from "../support/world.ts";
import { startWorld, UPSTREAM_PASSWORD } from "../support/world.ts";

const SDK = join(import.meta.dirname, "../support/printing-sdk.ts");

let world: World;
before(async () => {
  // As docs/operations.md says it for each runtime.
  world = await startWorld({ env: { NODE_OPTIONS: `--import=${SDK}`, BUN_OPTIONS: `--preload=${SDK}` } });
});
after(() => world.stop());

/** The spans of the login that has this id, children first. */
async function spansOf(session: unknown): Promise<readonly LogLine[]> {
  const { log, logged } = world.gateway;
  const isLogin = (line: LogLine) =>
    line["span"] === "postern.login" &&
    (line["attributes"] as Readonly<Record<string, unknown>>)["postern.session"] === session;
  const end = log.indexOf(await logged(isLogin));
  const begin = log.findLastIndex((line, index) => index < end && line["span"] === "postern.login");
  return log.slice(begin + 1, end + 1).filter((line) => line["span"] !== undefined);
}

test("a login is one span, with a step each for the token, the decision and the server", async () => {
  const client = await world.connect();
  const started = await world.gateway.logged((line) => line.event === "session.started.v1");
  await client.end();
  assert.deepEqual(
    (await spansOf(started["session"])).map(({ span, parent, failed }) => ({ span, parent, failed })),
    [
      { span: "postern.verify", parent: "postern.login", failed: false },
      { span: "postern.decide", parent: "postern.login", failed: false },
      { span: "postern.upstream", parent: "postern.login", failed: false },
      { span: "postern.login", parent: undefined, failed: false },
    ],
  );
});

test("a refused login is a failed span that names the check, and nothing of the token", async () => {
  const token = world.token("ada", { exp: 1_600_000_000 });
  await assert.rejects(world.connect({ password: token }));
  const denied = await world.gateway.logged((line) => line.event === "login.denied.v1");
  const spans = await spansOf(denied["session"]);
  const login = spans.at(-1);
  assert.equal(login?.["failed"], true);
  assert.deepEqual(login?.["attributes"], {
    "postern.session": denied["session"],
    "postern.door": "postgres",
    "client.address": "127.0.0.1",
    "error.type": "identity/expired",
  });
  const output = world.gateway.output();
  for (const secret of [token, token.split(".")[2] ?? assert.fail(), UPSTREAM_PASSWORD])
    assert.ok(!output.includes(secret));
});
