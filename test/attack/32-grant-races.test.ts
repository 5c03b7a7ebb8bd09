/** Check-then-consume races on a real server, with as many connections as it takes. */
import assert from "node:assert/strict";
import { after, before, type TestContext, test } from "node:test";
import { StoredAccessRequests } from "../../src/store/access-requests.ts";
import { ann, bob, cyd, GrantsWorld, MINUTE, ORDERS, person, stateOf } from "../support/grants.ts";
import { startPostgres, type TestPostgres } from "../support/postgres.ts";
import { createStoreDatabase, freshStore, openStore, storeSettings, unrecorded } from "../support/store.ts";

/** Contenders, over two nodes with a pool of their own each. */
const MANY = 40;
/** How often two meet: once does not show what depends on who comes first. */
const ROUNDS = 25;

let postgres: TestPostgres;
before(async () => {
  postgres = await startPostgres();
  await createStoreDatabase(postgres);
});
after(() => postgres.stop());

/** Two nodes that share a store, and nothing else but the policy. */
async function twoNodes(t: TestContext) {
  const { store, config } = await freshStore(t, postgres, { poolSize: 20 });
  const other = openStore(t, storeSettings(postgres, { schema: config.schema, poolSize: 20 }));
  const world = new GrantsWorld(new StoredAccessRequests(store, unrecorded));
  const nodes = [world.grants, world.node(new StoredAccessRequests(other.store, unrecorded))] as const;
  return { world, nodes, store, node: (contender: number) => nodes[contender % 2 === 0 ? 0 : 1] };
}

/** Runs as many at once, and counts how they came out. */
async function contend(work: (contender: number) => Promise<string>): Promise<Record<string, number>> {
  const outcomes = await Promise.all(Array.from({ length: MANY }, (_, contender) => work(contender)));
  const counts: Record<string, number> = {};
  for (const outcome of outcomes) counts[outcome] = (counts[outcome] ?? 0) + 1;
  return counts;
}

test("attack 32: of many logins at once, over two nodes, exactly as many get in as the grant has uses", async (t) => {
  const { world, nodes, node } = await twoNodes(t);
  world.offer({ maxUses: 3 });
  const id = await world.ask();
  await nodes[1].approve(bob, id);
  const counts = await contend((contender) => stateOf(node(contender).consume(id, `session ${contender}`)));
  assert.equal((counts["active"] ?? 0) + (counts["spent"] ?? 0), 3);
  assert.equal(counts["grants/used-up"], MANY - 3);
  assert.equal(world.told.filter(({ event }) => event === "spend").length, 1);
  assert.equal(await stateOf(nodes[0].consume(id, "one more")), "grants/used-up");
});

test("attack 32: one session that asks many times at once is counted once", async (t) => {
  const { world, nodes, node, store } = await twoNodes(t);
  world.offer({ maxUses: 5 });
  const id = await world.ask();
  await nodes[1].approve(bob, id);
  const counts = await contend((contender) => stateOf(node(contender).consume(id, "the same session")));
  assert.deepEqual(counts, { active: MANY });
  const [row] = await store.query("SELECT uses FROM access_requests");
  assert.equal(row?.["uses"], 1);
});

test("attack 32: two approvers at once are two approvals, and begin one grant", async (t) => {
  const { world, nodes } = await twoNodes(t);
  world.offer({ approvals: { count: 2, by: [{ kind: "Group", name: "dba" }] } });
  for (let round = 1; round <= ROUNDS; round++) {
    const id = await world.ask();
    const states = await Promise.all([
      stateOf(nodes[0].approve(bob, id)),
      stateOf(nodes[1].approve(cyd, id)),
    ]);
    assert.deepEqual(states.sort(), ["active", "pending"]);
    assert.equal(world.told.filter(({ event }) => event === "suffice").length, round);
    await nodes[0].revoke(ann, id);
  }
});

test("attack 32: one approver who approves many times at once is one approval", async (t) => {
  const { world, nodes, node } = await twoNodes(t);
  world.offer({ approvals: { count: 2, by: [{ kind: "Group", name: "dba" }] } });
  const id = await world.ask();
  const counts = await contend((contender) => stateOf(node(contender).approve(bob, id)));
  assert.deepEqual(counts, { pending: 1, "grants/answered": MANY - 1 });
  assert.equal(await stateOf(nodes[0].approve(cyd, id)), "active");
});

test("attack 32: of an approval and a denial at once one counts, and the other is told so", async (t) => {
  const { world, nodes } = await twoNodes(t);
  const seen = new Set<string>();
  for (let round = 1; round <= ROUNDS; round++) {
    const id = await world.ask();
    const answers = [() => stateOf(nodes[0].approve(bob, id)), () => stateOf(nodes[1].deny(cyd, id))];
    const states = await Promise.all(
      (round % 2 === 0 ? answers : answers.reverse()).map((answer) => answer()),
    );
    seen.add(states.sort().join());
    await nodes[0].revoke(ann, id);
  }
  for (const outcome of seen) assert.match(outcome, /^(active|denied),grants\/state$/);
});

test("attack 32: a revocation that races with logins: whoever comes after it does not get in", async (t) => {
  const { world, nodes, node } = await twoNodes(t);
  const id = await world.ask();
  await nodes[0].approve(bob, id);
  let revoked = false;
  const counts = await contend(async (contender) => {
    if (contender === MANY / 2) {
      const state = await stateOf(nodes[1].revoke(bob, id));
      revoked = true;
      return state;
    }
    const late = revoked;
    const state = await stateOf(node(contender).consume(id, `session ${contender}`));
    assert.ok(!(late && state === "active"), "a login that began after the revocation got in");
    return state;
  });
  assert.equal(counts["ended"], 1);
  assert.equal(await stateOf(nodes[0].consume(id, "afterwards")), "grants/not-active");
});

test("attack 32: many requests for the same at once are one request", async (t) => {
  const { world, node } = await twoNodes(t);
  const ask = { offer: ORDERS, duration: MINUTE, reason: "now", breakGlass: false, extends: undefined };
  const counts = await contend((contender) => stateOf(node(contender).request(ann, ask)));
  assert.deepEqual(counts, { pending: 1, "grants/already": MANY - 1 });
  const others = await contend((contender) =>
    stateOf(node(contender).request(person(`p${contender}`, "engineers"), ask)),
  );
  assert.deepEqual(others, { pending: MANY }, "requesters do not stand in each other's way");
  assert.deepEqual(world.usable(), []);
});

test("attack 32: what two nodes sweep at once is settled once", async (t) => {
  const { world, nodes, store } = await twoNodes(t);
  const id = await world.ask();
  await nodes[0].approve(bob, id);
  const over = { startsAt: 1, until: 2 };
  await new StoredAccessRequests(store, unrecorded).update(id, (request) => ({
    request: { ...request, grant: over },
    event: undefined,
    refused: undefined,
    notices: [],
  }));
  await Promise.all(nodes.map((node) => node.refresh()));
  const settled = await Promise.all(nodes.map((node) => node.sweep()));
  assert.deepEqual([...settled].sort(), [0, 1]);
  assert.equal(world.told.filter(({ event }) => event === "expire").length, 1);
});
