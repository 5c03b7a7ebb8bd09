import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { AccessWorld } from "../../support/access-world.ts";
import { bind, group, may, role, startAccessWorld, user } from "../../support/access-world.ts";
import { ended } from "../../support/ended.ts";
import { eventually } from "../../support/eventually.ts";

/** Enough that each worker has one, however the kernel deals them, but for once in half a million runs. */
const SESSIONS = 20;

let world: AccessWorld;
before(async () => {
  world = await startAccessWorld({ door: { workers: 2 } });
  await world.put(role("connect", may("connect", "databases", "main/*")));
  await world.put(bind("everybody", "connect", group("system:authenticated")));
  await world.put(role("reader", may("assume", "databaseroles", "ro")));
});
after(() => world.stop());

test("what the API changes counts in every worker, and ends the sessions of each", async () => {
  await world.put(bind("readers", "reader", user("ada")));
  const login = () => world.connect({ user: "ro", password: world.token("ada") });
  const letIn = () => eventually("the worker has heard of it", () => login().catch(() => undefined));
  const clients = await Promise.all(Array.from({ length: SESSIONS }, letIn));
  const ends = clients.map(ended);
  const gone = await world.administrator("DELETE", "/namespaces/shop/rolebindings/readers");
  assert.equal(gone.status, 204);
  const errors = await Promise.all(ends);
  assert.deepEqual([...new Set(errors.map(({ code }) => code))], ["57P01"]);
  await assert.rejects(login(), { code: "28000" });
});
