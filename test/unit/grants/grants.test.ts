import assert from "node:assert/strict";
import { test } from "node:test";
import { ann, bob, dan, eve, GrantsWorld, MINUTE, ORDERS, person, stateOf } from "../../support/grants.ts";

test("an approved request is a RoleBinding of its requester in the offer's namespace, and ends by itself", async () => {
  const world = new GrantsWorld();
  world.offer({ cidrs: ["10.0.0.0/8"], maxUses: 3 });
  const id = await world.ask();
  world.clock.advance(10 * MINUTE);
  assert.equal(await stateOf(world.grants.approve(bob, id, { note: "go" })), "active");
  const [timed] = world.grants.active().usable;
  assert.ok(timed !== undefined);
  assert.deepEqual(timed.binding.subjects, [
    { kind: "User", apiGroup: "rbac.authorization.k8s.io", name: "https://corp.test:ann" },
  ]);
  assert.equal(timed.binding.kind === "RoleBinding" && timed.binding.metadata.namespace, "prod");
  assert.deepEqual(timed.binding.roleRef.name, "orders-rw");
  assert.deepEqual([timed.maxUses, timed.peers], [3, ["10.0.0.0/8"]]);
  assert.equal(timed.notBefore, world.clock.now(), "the time begins with the approval, not with the request");
  assert.equal(timed.until, world.clock.now() + 30 * MINUTE);
  world.clock.advance(30 * MINUTE);
  assert.equal(await world.grants.sweep(), 1);
  assert.deepEqual(world.upholding(), []);
  assert.equal((await world.memory.get(id))?.closing?.event, "expire");
});

test("times are counted by the store's clock, and told to policy by the node's", async () => {
  const world = new GrantsWorld();
  world.memory.ahead = 90_000;
  const id = await world.ask();
  await world.grants.approve(bob, id);
  assert.equal(world.grants.skew, 90_000);
  assert.equal(world.grants.active().usable[0]?.until, world.clock.now() + 30 * MINUTE);
  world.memory.ahead = 90_300;
  await world.grants.refresh();
  world.memory.ahead = 200;
  await world.grants.refresh();
  assert.equal(world.grants.skew, 0, "clocks that are alike are taken for the same");
});

test("who is preapproved gets it at once, and nobody has to review it", async () => {
  const world = new GrantsWorld();
  world.offer({ preapproved: [{ kind: "Group", name: "oncall" }] });
  const id = await world.ask(dan);
  assert.deepEqual(world.usable(), [id]);
  assert.equal((await world.memory.get(id))?.reviewNeeded, false);
});

test("break-glass begins at once, is marked, needs a reason, and is reviewed by an approver afterwards", async () => {
  const world = new GrantsWorld();
  world.offer({
    reasonRequired: false,
    breakGlass: { subjects: [{ kind: "Group", name: "engineers" }], maxDuration: "15m" },
  });
  assert.equal(await world.ask(ann, { breakGlass: true, duration: 16 * MINUTE }), "grants/duration");
  assert.equal(await world.ask(ann, { breakGlass: true, duration: MINUTE, reason: "" }), "grants/reason");
  assert.equal(await world.ask(bob, { breakGlass: true, duration: MINUTE }), "grants/not-offered");
  const id = await world.ask(ann, { breakGlass: true, duration: MINUTE });
  assert.deepEqual(world.usable(), [id]);
  const due = async () => {
    const listed = await world.grants.list(bob, { unreviewed: true });
    return listed.kind === "done" ? listed.requests.map((request) => request.id) : listed.code;
  };
  assert.deepEqual(await due(), [id]);
  world.clock.advance(MINUTE);
  await world.grants.sweep();
  assert.deepEqual(await due(), [id], "the review is due after the grant's end as well");
  assert.equal(await stateOf(world.grants.review(eve, id, "fine")), "grants/not-permitted");
  assert.equal(await stateOf(world.grants.review(bob, id, "the outage was real")), "ended");
  assert.deepEqual(await due(), []);
  assert.equal(await stateOf(world.grants.review(bob, id, "again")), "grants/state");
});

test("a second request for the same is refused and names the first", async () => {
  const world = new GrantsWorld();
  const id = await world.ask();
  const second = await world.grants.request(ann, {
    offer: ORDERS,
    duration: MINUTE,
    reason: "again",
    breakGlass: false,
    extends: undefined,
  });
  assert.equal(
    second.kind === "refused" && `${second.code}: ${second.detail}`,
    `grants/already: asked for in ${id}`,
  );
  await world.grants.approve(bob, id);
  assert.equal(await world.ask(), "grants/already");
  world.clock.advance(30 * MINUTE);
  assert.match(await world.ask(), /^[0-9a-f]{16}$/, "a grant whose time is over stands in nobody's way");
});

test("an extension is a request of its own, for the same offer, and begins with its own approval", async () => {
  const world = new GrantsWorld();
  const id = await world.ask();
  await world.grants.approve(bob, id);
  world.clock.advance(20 * MINUTE);
  const asked = await world.grants.extend(ann, id, { duration: 60 * MINUTE, reason: "not done" });
  assert.equal(asked.kind, "done");
  assert.equal(asked.request.state, "pending");
  assert.equal(asked.request.extends, id);
  assert.deepEqual(world.usable(), [id]);
  assert.equal(
    await stateOf(world.grants.extend(ann, id, { duration: MINUTE, reason: "x" })),
    "grants/already",
  );
  await world.grants.approve(bob, asked.request.id);
  assert.deepEqual(world.usable(), [id, asked.request.id]);
  world.clock.advance(10 * MINUTE);
  await world.grants.sweep();
  assert.deepEqual(world.usable(), [asked.request.id]);
});

test("only the bearer of a running grant extends it", async () => {
  const world = new GrantsWorld();
  const id = await world.ask();
  assert.equal(
    await stateOf(world.grants.extend(ann, id, { duration: MINUTE, reason: "x" })),
    "grants/already",
  );
  await world.grants.approve(bob, id);
  assert.equal(
    await stateOf(world.grants.extend(bob, id, { duration: MINUTE, reason: "x" })),
    "grants/not-found",
  );
  await world.grants.revoke(ann, id);
  assert.equal(
    await stateOf(world.grants.extend(ann, id, { duration: MINUTE, reason: "x" })),
    "grants/not-found",
  );
});

test("a grant is given back by its bearer, taken back by an approver, and cut by who may delete grants", async () => {
  const world = new GrantsWorld();
  const granted = async () => {
    const id = await world.ask();
    await world.grants.approve(bob, id);
    return id;
  };
  assert.equal(await stateOf(world.grants.revoke(ann, await granted())), "ended");
  assert.equal(await stateOf(world.grants.revoke(bob, await granted())), "ended");
  const id = await granted();
  assert.equal(await stateOf(world.grants.revoke(eve, id)), "grants/not-permitted");
  assert.equal(await stateOf(world.grants.revoke(bob, id, { emergency: true })), "grants/not-permitted");
  world.enders.add("eve");
  assert.equal(await stateOf(world.grants.revoke(eve, id, { emergency: true })), "ended");
  assert.equal((await world.memory.get(id))?.closing?.event, "cut");
  assert.deepEqual(world.upholding(), []);
});

test("the last use ends no session: it lets no new one in", async () => {
  const world = new GrantsWorld();
  world.offer({ maxUses: 2 });
  const id = await world.ask();
  await world.grants.approve(bob, id);
  assert.equal(await stateOf(world.grants.consume(id, "s1")), "active");
  assert.equal(await stateOf(world.grants.consume(id, "s1")), "active", "one session counts once");
  assert.equal(await stateOf(world.grants.consume(id, "s2")), "spent");
  assert.equal(await stateOf(world.grants.consume(id, "s3")), "grants/used-up");
  assert.deepEqual([world.usable(), world.upholding()], [[], [id]]);
});

test("what is offered to somebody is what they can ask for, and how", async () => {
  const world = new GrantsWorld();
  world.offer({
    preapproved: [{ kind: "Group", name: "oncall" }],
    breakGlass: { subjects: [{ kind: "User", name: "eve" }] },
  });
  const shown = (who: typeof ann) =>
    world.grants
      .offered(who)
      .map(({ canRequest, preapproved, canBreakGlass }) => [canRequest, preapproved, canBreakGlass]);
  assert.deepEqual(shown(ann), [[true, false, false]]);
  assert.deepEqual(shown(dan), [[true, true, false]]);
  assert.deepEqual(shown(eve), [[false, false, true]]);
  assert.deepEqual(shown(bob), []);
});

test("requests are seen by who made them, who may answer them, and nobody else", async () => {
  const world = new GrantsWorld();
  const id = await world.ask();
  const seen = async (who: typeof ann) => {
    const listed = await world.grants.list(who);
    return [await stateOf(world.grants.get(who, id)), listed.kind === "done" ? listed.requests.length : -1];
  };
  assert.deepEqual(await seen(ann), ["pending", 1]);
  assert.deepEqual(await seen(bob), ["pending", 1]);
  assert.deepEqual(await seen(eve), ["grants/not-found", 0]);
});

test("one's own requests are listed though many of others are newer", async () => {
  const world = new GrantsWorld();
  const id = await world.ask();
  const list = world.memory.list.bind(world.memory);
  world.memory.list = async (filter) => (filter.requester === undefined ? [] : list(filter));
  const listed = await world.grants.list(ann);
  assert.deepEqual(listed.kind === "done" && listed.requests.map((request) => request.id), [id]);
});

const ASKS = [
  ["what does not exist", { offer: { namespace: "prod", name: "nothing" } }, "grants/not-offered"],
  ["it in another namespace", { offer: { namespace: "test", name: "orders-rw" } }, "grants/not-offered"],
  ["too much time", { duration: 61 * MINUTE }, "grants/duration"],
  ["no time", { duration: 0 }, "grants/duration"],
  ["a time that is no number", { duration: Number.NaN }, "grants/duration"],
  ["endless time", { duration: Number.POSITIVE_INFINITY }, "grants/duration"],
  ["it without a reason", { reason: undefined }, "grants/reason"],
  ["it with an empty reason", { reason: "  " }, "grants/reason"],
  ["it with a reason of two lines", { reason: "a\nb" }, "grants/reason"],
  ["it with a reason that moves the cursor", { reason: "a\u001b[2Kb" }, "grants/reason"],
  ["it with a reason that turns the text around", { reason: "a\u202eb" }, "grants/reason"],
  ["it with a very long reason", { reason: "x".repeat(1001) }, "grants/reason"],
] as const;

for (const [what, ask, code] of ASKS) {
  test(`who asks for ${what} is refused with ${code}`, async () => {
    assert.equal(await new GrantsWorld().ask(ann, ask), code);
  });
}

test("who is not a requester finds nothing offered", async () => {
  assert.equal(await new GrantsWorld().ask(eve), "grants/not-offered");
});

test("one person has at most twenty open requests", async () => {
  const world = new GrantsWorld();
  const [first] = world.current;
  assert.ok(first !== undefined);
  const names = Array.from({ length: 21 }, (_, index) => `offer-${index}`);
  world.current = names.map((name) => ({
    ...first,
    offer: { ...first.offer, metadata: { ...first.offer.metadata, name } },
  }));
  const asked = [];
  for (const name of names) asked.push(await world.ask(ann, { offer: { namespace: "prod", name } }));
  assert.equal(asked.filter((outcome) => outcome.length === 16).length, 20);
  assert.equal(asked.at(-1), "grants/too-many");
});

test("a store that does not answer refuses every action, and what was granted stays", async () => {
  const world = new GrantsWorld();
  const id = await world.ask();
  await world.grants.approve(bob, id);
  world.memory.reachable = false;
  assert.equal(await world.ask(person("fay", "engineers")), "grants/unavailable");
  assert.equal(await stateOf(world.grants.revoke(ann, id)), "grants/unavailable");
  assert.equal(await stateOf(world.grants.consume(id, "s1")), "grants/unavailable");
  assert.equal(await world.grants.refresh(), false);
  assert.equal(await world.grants.sweep(), 0);
  assert.deepEqual(world.usable(), [id]);
});

test("who listens is told when a right came or went, on the node that did it and on the others, and else not", async () => {
  const world = new GrantsWorld();
  const other = world.node();
  const told = { here: 0, there: 0 };
  world.grants.onChange(() => {
    told.here += 1;
  });
  const end = other.onChange(() => {
    told.there += 1;
  });
  const id = await world.ask();
  await other.refresh();
  assert.deepEqual(told, { here: 1, there: 1 });
  await world.grants.refresh();
  await other.refresh();
  assert.deepEqual(told, { here: 1, there: 1 });
  end();
  await world.grants.approve(bob, id);
  await other.refresh();
  assert.deepEqual(told, { here: 2, there: 1 });
});

test("a node that has not heard of an offer yet voids no request for it, and ends no grant", async () => {
  const world = new GrantsWorld();
  const { current } = world;
  const hearOfIt = () => {
    world.current = current;
  };
  const id = await world.ask();
  world.current = [];
  world.late = hearOfIt;
  assert.equal(await world.grants.sweep(), 0);
  world.current = [];
  assert.equal(await stateOf(world.grants.approve(bob, id)), "active");
  world.current = [];
  assert.equal(await world.grants.sweep(), 0);
  assert.deepEqual(world.usable(), [id]);
  world.late = undefined;
  world.current = [];
  assert.equal(await world.grants.sweep(), 1);
});

test("what is approved counts once the approver is answered, whatever else is being read meanwhile", async () => {
  const world = new GrantsWorld();
  const id = await world.ask();
  const open = world.memory.open.bind(world.memory);
  const slow: (() => void)[] = [];
  let asked = 0;
  world.memory.open = async () => {
    asked += 1;
    // The look of the approval itself answers; one that the store's notification brings about is still on its way.
    if (asked === 1) {
      const found = await open();
      void world.grants.refresh();
      return found;
    }
    await new Promise<void>((resolve) => slow.push(resolve));
    return open();
  };
  await world.grants.approve(bob, id);
  assert.deepEqual(world.usable(), [id]);
  for (const answer of slow) answer();
});

test("two nodes that sweep at once settle a request once", async () => {
  const world = new GrantsWorld();
  const id = await world.ask();
  await world.grants.approve(bob, id);
  const other = world.node();
  await other.refresh();
  world.clock.advance(30 * MINUTE);
  const settled = await Promise.all([world.grants.sweep(), other.sweep()]);
  assert.equal(settled[0] + settled[1], 1);
  assert.equal(world.told.filter(({ event }) => event === "expire").length, 1);
});
