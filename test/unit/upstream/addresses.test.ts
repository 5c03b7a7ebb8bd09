import assert from "node:assert/strict";
import { test } from "node:test";
import { Addresses } from "../../../src/upstream/addresses.ts";
import { VirtualClock } from "../../support/clock.ts";

function resolverOf(answers: readonly (readonly string[] | Error)[]) {
  const clock = new VirtualClock();
  const asked: string[] = [];
  const left = [...answers];
  const addresses = new Addresses(clock, async (host) => {
    asked.push(host);
    const answer = left.shift() ?? [];
    if (answer instanceof Error) throw answer;
    return answer;
  });
  return { clock, asked, addresses };
}

const db = { host: "db.example", port: 5432 };
const tcp = (ip: string) => ({ kind: "tcp", ip, port: 5432 });

test("a name is resolved once for a burst of logins, and again soon after", async () => {
  const { clock, asked, addresses } = resolverOf([["192.0.2.1", "2001:db8::1"], ["192.0.2.2"]]);
  const [first, second] = await Promise.all([addresses.of(db), addresses.of(db)]);
  assert.deepEqual(first, [tcp("192.0.2.1"), tcp("2001:db8::1")]);
  assert.deepEqual(second, first);
  assert.equal(asked.length, 1);
  clock.advance(2001);
  assert.deepEqual(await addresses.of(db), [tcp("192.0.2.2")]);
});

test("a name whose address did not answer is resolved anew, and that address tried last for a while", async () => {
  const both = ["192.0.2.1", "192.0.2.2"];
  const { clock, addresses } = resolverOf([both, both, both]);
  const [first, second] = await addresses.of(db);
  assert.ok(first);
  addresses.failed(db, first);
  assert.deepEqual(await addresses.of(db), [second, first]);
  clock.advance(30_001);
  assert.deepEqual(await addresses.of(db), [first, second]);
});

test("a name that does not resolve is unreachable, and is asked for again next time", async () => {
  const { addresses } = resolverOf([new Error("ENOTFOUND"), ["192.0.2.1"]]);
  await assert.rejects(addresses.of(db), { code: "upstream/unreachable", message: /db\.example.*ENOTFOUND/ });
  assert.deepEqual(await addresses.of(db), [tcp("192.0.2.1")]);
});

test("addresses are taken as they are, and a directory means a Unix-domain socket", async () => {
  const { asked, addresses } = resolverOf([]);
  assert.deepEqual(await addresses.of({ host: "192.0.2.7", port: 5432 }), [tcp("192.0.2.7")]);
  assert.deepEqual(await addresses.of({ host: "::1", port: 5432 }), [tcp("::1")]);
  assert.deepEqual(await addresses.of({ host: "/run/postgresql", port: 5432 }), [
    { kind: "unix", path: "/run/postgresql/.s.PGSQL.5432" },
  ]);
  assert.deepEqual(asked, []);
});
