import assert from "node:assert/strict";
import { test } from "node:test";
import { ann, bob, cyd, GrantsWorld, MINUTE, ordersOffer, person, stateOf } from "../support/grants.ts";

const ALL_MAY = { requesters: [{ kind: "Group", name: "dba" }] };

test("attack 18: nobody approves, denies or reviews their own request, however they call themselves", async () => {
  const world = new GrantsWorld();
  world.offer(ALL_MAY);
  const id = await world.ask(bob);
  // The same person with another name, other groups, from elsewhere, with a personal token: issuer and subject are the key.
  const again = {
    ...person("bob", "dba", "managers"),
    username: "robert@corp.test",
    address: "198.51.100.7",
  };
  for (const self of [bob, again]) {
    assert.equal(await stateOf(world.grants.approve(self, id)), "grants/own-request");
    assert.equal(await stateOf(world.grants.deny(self, id)), "grants/own-request");
    assert.equal(await stateOf(world.grants.review(self, id, "fine")), "grants/own-request");
  }
  assert.deepEqual(world.usable(), []);
});

test("attack 18: somebody of the same subject at another issuer is somebody else", async () => {
  const world = new GrantsWorld();
  world.offer(ALL_MAY);
  const id = await world.ask(bob);
  assert.equal(await stateOf(world.grants.approve({ ...bob, issuer: "https://other.test" }, id)), "active");
  assert.equal(
    await stateOf(world.grants.withdraw({ ...bob, issuer: "https://other.test" }, id)),
    "grants/not-permitted",
  );
});

test("attack 18: one person's approval counts once, however often it is given", async () => {
  const world = new GrantsWorld();
  world.offer({ approvals: { count: 2, by: [{ kind: "Group", name: "dba" }] } });
  const id = await world.ask();
  assert.equal(await stateOf(world.grants.approve(bob, id)), "pending");
  assert.equal(await stateOf(world.grants.approve(bob, id)), "grants/answered");
  assert.equal(await stateOf(world.grants.approve({ ...bob, username: "cyd" }, id)), "grants/answered");
  assert.deepEqual(world.usable(), []);
  assert.equal(await stateOf(world.grants.approve(cyd, id)), "active");
});

test("attack 18: an approver needs the right at that moment, and a place in the offer", async () => {
  const world = new GrantsWorld();
  const id = await world.ask();
  world.approvers.delete("bob");
  assert.equal(await stateOf(world.grants.approve(bob, id)), "grants/not-permitted");
  world.approvers.add("eve");
  assert.equal(await stateOf(world.grants.approve(person("eve"), id)), "grants/not-permitted");
  world.approvers.add("bob");
  assert.equal(await stateOf(world.grants.approve(bob, id)), "active");
});

test("attack 18: an approval whose giver lost the right before the last one came counts no more", async () => {
  const world = new GrantsWorld();
  world.offer({ approvals: { count: 2, by: [{ kind: "Group", name: "dba" }] } });
  const id = await world.ask();
  await world.grants.approve(bob, id);
  world.approvers.delete("bob");
  assert.equal(await stateOf(world.grants.approve(cyd, id)), "pending");
  world.approvers.add("fay");
  assert.equal(await stateOf(world.grants.approve(person("fay", "dba"), id)), "active");
});

for (const [what, change] of [
  ["another role", { role: { kind: "ClusterRole", name: "orders-admin" } }],
  ["more time", { maxDuration: "2h" }],
  [
    "other approvers",
    {
      approvals: {
        by: [
          { kind: "Group", name: "friends" },
          { kind: "Group", name: "dba" },
        ],
      },
    },
  ],
  ["fewer limits", { cidrs: ["0.0.0.0/0"] }],
] as const) {
  test(`attack 18: an offer that is edited to hold ${what} after it was asked for voids the request`, async () => {
    const world = new GrantsWorld();
    const id = await world.ask();
    world.offer(change);
    assert.equal(await stateOf(world.grants.approve(bob, id)), "grants/changed");
    assert.equal((await world.memory.get(id))?.state, "void");
    world.offer({});
    assert.equal(await stateOf(world.grants.approve(bob, id)), "grants/state");
  });
}

test("attack 18: a role that was made to give more after it was asked for voids the request, and ends the grant", async () => {
  const world = new GrantsWorld();
  const asked = await world.ask();
  world.offer({}, ["may write orders", "may read salaries"]);
  assert.equal(await stateOf(world.grants.approve(bob, asked)), "grants/changed");
  const granted = await world.ask();
  await world.grants.approve(bob, granted);
  assert.deepEqual(world.usable(), [granted]);
  world.offer({}, ["may do anything"]);
  assert.deepEqual(world.upholding(), []);
  assert.equal(await world.grants.sweep(), 1);
  assert.equal((await world.memory.get(granted))?.closing?.event, "change");
});

test("attack 18: a description that is corrected, or a new approver, ends nobody's grant", async () => {
  const world = new GrantsWorld();
  const id = await world.ask();
  world.current = [{ offer: ordersOffer({ description: "orders, to write" }), rules: ["may write orders"] }];
  assert.equal(await stateOf(world.grants.approve(bob, id)), "active");
  world.offer({ approvals: { by: [{ kind: "Group", name: "managers" }] } });
  assert.deepEqual(world.usable(), [id]);
});

test("attack 18: an approver who was shown another request approves nothing", async () => {
  const world = new GrantsWorld();
  const id = await world.ask();
  assert.equal(await stateOf(world.grants.approve(bob, id, { seen: "another" })), "grants/changed");
  const seen = (await world.memory.get(id))?.digest;
  assert.equal(await stateOf(world.grants.approve(bob, id, { seen })), "active");
});

test("attack 18: requests that differ in anything that was asked for have different digests", async () => {
  const world = new GrantsWorld();
  world.offer({
    requesters: [
      { kind: "Group", name: "engineers" },
      { kind: "Group", name: "dba" },
    ],
  });
  const ids = [
    await world.ask(ann),
    await world.ask(bob),
    await world.ask(cyd, { duration: 31 * MINUTE }),
    await world.ask(person("fay", "dba"), { reason: "ticket 4712" }),
  ];
  const digests = await Promise.all(ids.map(async (id) => (await world.memory.get(id))?.digest));
  assert.equal(new Set(digests).size, 4);
});

test("attack 18: an approval after the time to answer comes too late, and its time cannot be stretched", async () => {
  const world = new GrantsWorld();
  const id = await world.ask();
  world.clock.advance(24 * 60 * MINUTE);
  assert.equal(await stateOf(world.grants.approve(bob, id)), "grants/late");
  assert.equal((await world.memory.get(id))?.state, "unanswered");
  assert.equal(await stateOf(world.grants.approve(cyd, id)), "grants/state");
});

test("attack 18: a request is no grant before its approval, nor after its denial, withdrawal or end", async () => {
  const world = new GrantsWorld();
  const id = await world.ask();
  assert.equal(await stateOf(world.grants.consume(id, "s1")), "grants/not-active");
  await world.grants.deny(bob, id, "not on a Friday");
  assert.equal(await stateOf(world.grants.consume(id, "s1")), "grants/not-active");
  assert.equal(await stateOf(world.grants.approve(cyd, id)), "grants/state");
  const other = await world.ask();
  await world.grants.withdraw(ann, other);
  assert.equal(await stateOf(world.grants.approve(bob, other)), "grants/state");
  const third = await world.ask();
  await world.grants.approve(bob, third);
  assert.equal(await stateOf(world.grants.consume(third, "s1")), "active");
  world.clock.advance(30 * MINUTE);
  assert.equal(await stateOf(world.grants.consume(third, "s1")), "grants/not-active");
  assert.equal(await stateOf(world.grants.consume("0000000000000000", "s1")), "grants/not-active");
});

test("attack 18: an approved grant cannot be denied or withdrawn away from the record: it is ended, and by whom is known", async () => {
  const world = new GrantsWorld();
  const id = await world.ask();
  await world.grants.approve(bob, id);
  assert.equal(await stateOf(world.grants.deny(cyd, id)), "grants/state");
  assert.equal(await stateOf(world.grants.withdraw(ann, id)), "grants/state");
  assert.equal(await stateOf(world.grants.revoke(cyd, id, { note: "enough" })), "ended");
  const closing = (await world.memory.get(id))?.closing;
  assert.equal(closing?.event, "revoke");
  assert.equal(closing.by, "https://corp.test:cyd");
  assert.equal(closing.note, "enough");
});

test("attack 18: a node that cannot read the offers ends, voids and approves nothing", async () => {
  const world = new GrantsWorld();
  const granted = await world.ask();
  await world.grants.approve(bob, granted);
  const pending = await world.ask(person("fay", "engineers"));
  // It knows the requests, and has never read what is offered.
  world.readable = false;
  world.current = [];
  await world.grants.refresh();
  assert.equal(await world.grants.sweep(), 0);
  assert.equal(await stateOf(world.grants.approve(bob, pending)), "grants/unavailable");
  assert.equal(await stateOf(world.grants.deny(bob, pending)), "grants/unavailable");
  assert.equal((await world.memory.get(granted))?.state, "active");
  assert.equal((await world.memory.get(pending))?.state, "pending");
  world.readable = true;
  assert.equal(await world.grants.sweep(), 2);
});
