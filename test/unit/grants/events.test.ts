import assert from "node:assert/strict";
import { test } from "node:test";
import { eventsOf } from "../../../src/grants/events.ts";
import { ann, bob, cyd, GrantsWorld, MINUTE } from "../../support/grants.ts";

/** Everything that was told, in short. */
function told(world: GrantsWorld): readonly string[] {
  return world.told.flatMap(eventsOf).map((event) => {
    const by = "actor" in event ? ` by ${event.actor.replace("https://corp.test:", "")}` : "";
    return `${event.event.replace(".v1", "")}${by}${"reason" in event ? ` (${event.reason})` : ""}`;
  });
}

test("a request that two approve tells who asked, who approved, when it began and how it ended", async () => {
  const world = new GrantsWorld();
  world.offer({ approvals: { count: 2, by: [{ kind: "Group", name: "dba" }] }, maxUses: 1 });
  const id = await world.ask();
  await world.grants.approve(bob, id);
  await world.grants.approve(cyd, id, { note: "go" });
  await world.grants.consume(id, "s1");
  world.clock.advance(30 * MINUTE);
  await world.grants.sweep();
  const approvers = world.told
    .flatMap(eventsOf)
    .flatMap((e) => (e.event === "access.approved.v1" ? [e.actorName] : []));
  assert.deepEqual(approvers, [bob.username, cyd.username]);
  assert.deepEqual(told(world), [
    "access.requested by ann (ticket 4711)",
    "access.approved by bob",
    "access.approved by cyd",
    "grant.started",
    "grant.used",
    "grant.spent",
    "grant.ended by system (time)",
  ]);
});

test("denials, withdrawals, lapses, changed offers, emergencies and reviews are told as such", async () => {
  const world = new GrantsWorld();
  world.offer({ breakGlass: { subjects: [{ kind: "User", name: "ann" }] } });
  world.enders.add("bob");
  await world.grants.deny(bob, await world.ask(), "no");
  await world.grants.withdraw(ann, await world.ask());
  await world.ask();
  world.clock.advance(24 * 60 * MINUTE);
  await world.grants.refresh();
  await world.grants.sweep();
  const taken = await world.ask(ann, { breakGlass: true });
  await world.grants.revoke(bob, taken, { emergency: true, note: "wrong database" });
  await world.grants.review(bob, taken, "a slip");
  await world.ask();
  const granted = await world.ask(ann, { breakGlass: true });
  world.current = [];
  await world.grants.sweep();
  assert.match(granted, /^[0-9a-f]{16}$/);
  const asked = "access.requested by ann (ticket 4711)";
  assert.deepEqual(told(world), [
    ...[asked, "access.denied by bob (no)"],
    ...[asked, "access.withdrawn by ann"],
    ...[asked, "access.expired by system"],
    ...[asked, "grant.started", "grant.ended by bob (emergency)", "access.reviewed by bob"],
    ...[asked, asked, "grant.started", "access.voided by system", "grant.ended by system (changed)"],
  ]);
});

test("a preapproved grant begins with its request", async () => {
  const world = new GrantsWorld();
  world.offer({ preapproved: [{ kind: "User", name: "ann" }] });
  await world.ask();
  assert.deepEqual(told(world), ["access.requested by ann (ticket 4711)", "grant.started"]);
});
