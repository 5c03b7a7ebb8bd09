import assert from "node:assert/strict";
import { test } from "node:test";
import { Access } from "../../../../src/access/admit.ts";
import { Attempts } from "../../../../src/access/attempts.ts";
import type { Event } from "../../../../src/base/event.ts";
import { parseDatabaseName } from "../../../../src/base/ids.ts";
import { Secret } from "../../../../src/base/secret.ts";
import { configSchema } from "../../../../src/config/schema.ts";
import { RestSession, RestSessions } from "../../../../src/doors/rest/sessions.ts";
import { sealIdentity } from "../../../../src/identity/identity.ts";
import type { Verifier } from "../../../../src/identity/verifier.ts";
import { Sessions } from "../../../../src/sessions/registry.ts";
import { withoutPolicy } from "../../../support/bearer.ts";
import { VirtualClock } from "../../../support/clock.ts";

const HOUR_MS = 3_600_000;
const database = parseDatabaseName("app") ?? assert.fail();
const config = configSchema.parse({
  issuers: [{ name: "test", keys: { secret: "0123456789abcdef0123456789abcdef" } }],
  clusters: [{ name: "main", hosts: [{ host: "unused" }], login: { method: "trust" } }],
});
const cluster = config.clusters[0] ?? assert.fail();

/** Real access with a verifier that takes any token for the role that it spells, but "bad", and counts. */
function door(perIdentity = 100, takenMs = HOUR_MS) {
  const clock = new VirtualClock();
  const events: Event[] = [];
  let verified = 0;
  const verifier: Verifier = {
    verify: async (token) => {
      verified++;
      const [subject = ""] = token.reveal().split(".");
      if (subject === "bad") return { kind: "refused", code: "identity/signature", detail: "bad" };
      return {
        kind: "identity",
        identity: sealIdentity({
          issuer: "test",
          subject,
          username: subject,
          groups: [],
          claims: { sub: subject },
          expiresAt: clock.now() + HOUR_MS,
          takenUntil: clock.now() + takenMs,
          proof: { issuer: "test", keyThumbprint: "test", algorithm: "HS256" },
        }),
      };
    },
    trusts: () => true,
    onKeysChanged: () => () => {},
    start: async () => [],
    ready: () => true,
    close: () => {},
  };
  const registry = new Sessions(clock);
  const observe = (event: Event) => void events.push(event);
  const parts = { verifier, sessions: registry, attempts: new Attempts(clock), limits: config.limits };
  const access = new Access({ ...withoutPolicy, ...parts, clock, observe });
  const sessions = new RestSessions({ access, clock, observe, perIdentity });
  const ask = (token: string, address = "192.0.2.1") =>
    sessions.get(
      { kind: "token", token: new Secret(token) },
      undefined,
      { cluster, database },
      { address, port: 1024, tls: false },
    );
  const admitted = async (token: string, address?: string) => {
    const session = await ask(token, address);
    assert.ok(session instanceof RestSession);
    return session;
  };
  const ended = () => events.flatMap((event) => (event.event === "session.ended.v1" ? [event.reason] : []));
  return { clock, registry, sessions, ask, admitted, ended, verified: () => verified };
}

test("requests with one token from one address share a session", async () => {
  const { admitted, ask, registry, verified } = door();
  const first = await admitted("ada");
  assert.equal(ask("ada"), first, "without waiting");
  assert.equal(registry.size, 1);
  assert.equal(verified(), 1);
});

test("another token or another address gets a session of its own", async () => {
  const { admitted } = door();
  const [first, second, third] = [
    await admitted("ada"),
    await admitted("ada.2"),
    await admitted("ada", "192.0.2.2"),
  ];
  assert.equal(new Set([first, second, third]).size, 3);
});

test("requests that come at the same time are decided once", async () => {
  const { admitted, verified } = door();
  const [first, second] = await Promise.all([admitted("ada"), admitted("ada")]);
  assert.equal(first, second);
  assert.equal(verified(), 1);
});

test("a denial is not kept", async () => {
  const { ask, verified, registry } = door();
  for (const _ of [1, 2]) assert.equal((await ask("bad")) instanceof RestSession, false);
  assert.equal(verified(), 2);
  assert.equal(registry.size, 0);
});

test("the end of a session cuts every request that runs on it, and the next request is decided anew", async () => {
  const { admitted, registry, ended, verified } = door();
  const session = await admitted("ada");
  const [running, done] = [new AbortController(), new AbortController()];
  session.enter(running);
  session.enter(done);
  session.leave(done);
  registry.endWhere(() => true, "revoked");
  assert.equal(running.signal.aborted, true);
  assert.equal(done.signal.aborted, false);
  assert.deepEqual(ended(), ["revoked"]);
  assert.notEqual(await admitted("ada"), session);
  assert.equal(verified(), 2);
});

test("a request that enters a session which has just ended is cut at once", async () => {
  const { admitted, registry } = door();
  const session = await admitted("ada");
  registry.endWhere(() => true, "revoked");
  const late = new AbortController();
  session.enter(late);
  assert.equal(late.signal.aborted, true);
});

test("a session ends with its token", async () => {
  const { admitted, clock, ended } = door();
  await admitted("ada");
  const busy = new AbortController();
  (await admitted("ada")).enter(busy);
  clock.advance(HOUR_MS);
  assert.equal(busy.signal.aborted, true);
  assert.deepEqual(ended(), ["expired"]);
});

test("a late timer does not prolong a session", async () => {
  const { admitted, clock } = door();
  const session = await admitted("ada");
  assert.equal(session.isLive(clock.now() + HOUR_MS - 1), true);
  assert.equal(session.isLive(clock.now() + HOUR_MS), false);
});

test("no request begins with a token that is too old, and what runs goes on", async () => {
  const { admitted, clock } = door(100, HOUR_MS / 2);
  const session = await admitted("ada");
  const running = new AbortController();
  session.enter(running);
  clock.advance(HOUR_MS / 2);
  assert.equal(session.isLive(clock.now()), false);
  assert.equal(running.signal.aborted, false);
});

test("a session that nobody uses is closed; one on which a request runs is not", async () => {
  const { admitted, clock, registry, ended } = door();
  await admitted("ada");
  (await admitted("ben")).enter(new AbortController());
  clock.advance(10 * 60_000);
  assert.deepEqual(ended(), ["idle"]);
  assert.equal(registry.size, 1);
});

test("distinct tokens of one identity take half of its sessions at most: those used the longest ago make room", async () => {
  const { admitted, registry, ended } = door(10);
  for (let n = 0; n < 30; n++) await admitted(`ada.${n}`);
  assert.equal(registry.size, 5);
  assert.equal(ended().length, 25);
});

test("closing ends all, and what is admitted later ends at once", async () => {
  const { sessions, admitted, registry, ask } = door();
  await admitted("ada");
  const late = ask("ben");
  sessions.close("draining");
  await late;
  assert.equal(registry.size, 0);
});
