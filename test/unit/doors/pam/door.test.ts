import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { Access } from "../../../../src/access/admit.ts";
import { Attempts } from "../../../../src/access/attempts.ts";
import type { Event } from "../../../../src/base/event.ts";
import { configSchema } from "../../../../src/config/schema.ts";
import { PamDoor } from "../../../../src/doors/pam/door.ts";
import { mintToken } from "../../../../src/identity/mint.ts";
import { createVerifier } from "../../../../src/identity/token-verifier.ts";
import { Sessions } from "../../../../src/sessions/registry.ts";
import { withoutPolicy } from "../../../support/bearer.ts";
import { VirtualClock } from "../../../support/clock.ts";
import { eventually } from "../../../support/eventually.ts";
import { keyPair } from "../../../support/issuer.ts";
import { pamQuestion, sendToPam } from "../../../support/pam-question.ts";

/** An open PAM door on a clock that is turned by hand. */
async function openDoor(t: TestContext, issuers: readonly string[] = ["jobs"]) {
  const directory = mkdtempSync(join(tmpdir(), "postern-pam-door-"));
  const path = join(directory, "door.sock");
  const clock = new VirtualClock();
  const events: Event[] = [];
  const parts = { clock, observe: (event: Event) => void events.push(event) };
  const sessions = new Sessions(clock);
  const settingsOf = (trusted: readonly string[]) => {
    const { doors, clusters, limits, ...config } = configSchema.parse({
      doors: { pam: { unixSocket: { path, mode: "600" } } },
      issuers: [{ name: "jobs", keys: { pem: [keyPair().publicPem] } }],
      clusters: [
        {
          name: "main",
          hosts: [{ host: "db" }],
          login: { method: "trust" },
          decide: { mode: "token", issuers: trusted },
        },
      ],
    });
    assert.ok(doors.pam !== undefined);
    const verifier = createVerifier(config.issuers, parts);
    t.after(() => verifier.close());
    const access = new Access({
      ...withoutPolicy,
      ...parts,
      verifier,
      sessions,
      attempts: new Attempts(clock),
      limits,
    });
    return { door: doors.pam, clusters, access };
  };
  const door = new PamDoor(settingsOf(issuers), parts);
  await door.listen();
  t.after(async () => {
    const drained = door.drain();
    door.cut();
    await drained;
    rmSync(directory, { recursive: true });
  });
  const send = (bytes: string) => sendToPam(path, bytes);
  const ask = (type: "auth" | "account", more: Readonly<Record<string, string>> = {}) =>
    send(pamQuestion({ type, role: "ada", rhost: "192.0.2.7", process: "42", ...more }));
  const credential = (lasts = 600) =>
    mintToken(keyPair().privatePem, { sub: "ada", exp: Math.floor(clock.now() / 1000) + lasts });
  return { door, clock, events, sessions, path, send, ask, credential, settingsOf };
}

const codeOf = (answer: string) => answer.split(" ")[1];

test("a login that policy allows is allowed, and then its account, once", async (t) => {
  const { ask, credential, sessions, events } = await openDoor(t);
  assert.equal(await ask("auth", { credential: credential() }), "allow\n");
  assert.equal(sessions.size, 1);
  assert.equal(await ask("account"), "allow\n");
  assert.equal(sessions.size, 0);
  assert.equal(codeOf(await ask("account")), "pam/no-login");
  const [allowed] = events.filter(({ event }) => event === "login.allowed.v1");
  assert.ok(allowed?.event === "login.allowed.v1");
  assert.deepEqual([allowed.door, allowed.peer.address, allowed.database], ["pam", "192.0.2.7", "postgres"]);
});

test("a denial says by which check, and under which id the log has it", async (t) => {
  const { ask, credential, events } = await openDoor(t);
  const answer = await ask("auth", { credential: credential(), role: "ben" });
  const denied = events.find(({ event }) => event === "login.denied.v1");
  assert.ok(denied?.event === "login.denied.v1");
  assert.match(answer, new RegExp(`^deny policy/role ${denied.session} .+\\n$`));
  assert.equal(codeOf(await ask("account", { role: "ben" })), "pam/no-login");
});

for (const [what, more] of [
  ["another role", { role: "ben" }],
  ["another address", { rhost: "192.0.2.8" }],
  ["another server process", { process: "43" }],
  ["another database", { database: "other" }],
] as const)
  test(`a login says nothing about the account of ${what}`, async (t) => {
    const { ask, credential } = await openDoor(t);
    assert.equal(await ask("auth", { credential: credential() }), "allow\n");
    assert.equal(codeOf(await ask("account", more)), "pam/no-login");
  });

test("an account that is asked about too late has no login", async (t) => {
  const { ask, credential, clock, sessions } = await openDoor(t);
  await ask("auth", { credential: credential() });
  clock.advance(30_000);
  assert.equal(sessions.size, 0);
  assert.equal(codeOf(await ask("account")), "pam/no-login");
});

test("a right that ended between the two questions is no right", async (t) => {
  const { ask, credential, clock } = await openDoor(t);
  await ask("auth", { credential: credential(10) });
  clock.advance(10_000);
  assert.equal((await ask("account")).startsWith("allow"), false);
});

test("a right that was taken away between the two questions is no right", async (t) => {
  const { ask, credential, door, settingsOf } = await openDoor(t);
  await ask("auth", { credential: credential() });
  await door.move(settingsOf(["nobody"]));
  assert.equal(codeOf(await ask("account")), "pam/ended");
});

test("the socket has the mode that it was given", async (t) => {
  const { path } = await openDoor(t);
  assert.equal(statSync(path).mode & 0o777, 0o600);
});

test("garbage, and a question without end, are refused", async (t) => {
  const { send, events } = await openDoor(t);
  assert.equal(codeOf(await send("GET / HTTP/1.1\0\0")), "pam/malformed");
  assert.equal(codeOf(await send(`postern-pam/1\0credential=${"x".repeat(66 * 1024)}`)), "pam/malformed");
  assert.equal(events.filter(({ event }) => event === "connection.refused.v1").length, 2);
});

test("who does not ask is sent away after 5 seconds", async (t) => {
  const { send, clock, door } = await openDoor(t);
  const answer = send("postern-pam/1\0");
  await eventually("the connection is there", () => door.size === 1);
  clock.advance(5000);
  assert.equal(codeOf(await answer), "pam/too-slow");
});
