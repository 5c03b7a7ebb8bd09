/**
 * Random walks over the whole service: whatever people do in whatever order, and however the clock and the offers move,
 * nobody has access that was not approved as the offer asked for.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isGrant } from "../../../src/grants/machine.ts";
import { type AccessRequest, isSame } from "../../../src/grants/request.ts";
import { ann, bob, cyd, dan, eve, GrantsWorld, MINUTE } from "../../support/grants.ts";

const PEOPLE = [ann, bob, cyd, dan, eve, { ...ann, username: "bob@corp.test", groups: ["engineers", "dba"] }];

const who = fc.constantFrom(...PEOPLE);
/** Mostly those who can get somewhere: a walk that is always refused tries nothing out. */
const asker = fc.oneof({ weight: 3, arbitrary: fc.constant(ann) }, { weight: 1, arbitrary: who });
const approver = fc.oneof({ weight: 3, arbitrary: fc.constantFrom(bob, cyd) }, { weight: 1, arbitrary: who });
const which = fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(5) });
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant("ask" as const), who: asker, breakGlass: fc.nat(4) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant("approve" as const), who: approver, which }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("deny" as const), who, which }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("withdraw" as const), who, which }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("revoke" as const), who, which, emergency: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("extend" as const), who, which }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("review" as const), who, which }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("use" as const), which, session: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("sweep" as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("wait" as const), minutes: fc.nat(50) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("reoffer" as const), count: fc.integer({ min: 1, max: 3 }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("unoffer" as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("rules" as const), rules: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("right" as const), who, given: fc.boolean() }) },
);
type WalkStep = typeof step extends fc.Arbitrary<infer T> ? T : never;

async function take(world: GrantsWorld, step: WalkStep): Promise<void> {
  const { grants } = world;
  const ids = [...world.memory.requests.keys()];
  const id = "which" in step ? (ids[ids.length - 1 - step.which] ?? "none") : "none";
  switch (step.do) {
    case "ask":
      await world.ask(step.who, { breakGlass: step.breakGlass === 0 });
      return;
    case "approve":
      await grants.approve(step.who, id);
      return;
    case "deny":
      await grants.deny(step.who, id);
      return;
    case "withdraw":
      await grants.withdraw(step.who, id);
      return;
    case "revoke":
      await grants.revoke(step.who, id, { emergency: step.emergency });
      return;
    case "extend":
      await grants.extend(step.who, id, { duration: 10 * MINUTE, reason: "more" });
      return;
    case "review":
      await grants.review(step.who, id, "fine");
      return;
    case "use":
      await use(world, id, `session ${step.session}`);
      return;
    case "sweep":
      await grants.sweep();
      return;
    case "wait":
      world.clock.advance(step.minutes * MINUTE);
      return;
    case "reoffer":
      world.offer({ ...OFFER, approvals: { count: step.count, by: [{ kind: "Group", name: "dba" }] } });
      return;
    case "unoffer":
      world.current = [];
      return;
    case "rules":
      world.current = world.current.map(({ offer }) => ({ offer, rules: step.rules }));
      return;
    case "right":
      if (step.given) world.approvers.add(step.who.subject);
      else world.approvers.delete(step.who.subject);
      return;
    default:
      step satisfies never;
  }
}

const OFFER = {
  maxUses: 2,
  answerWithin: "2h",
  preapproved: [{ kind: "User", name: "dan" }],
  breakGlass: { subjects: [{ kind: "User", name: "cyd" }] },
};

async function use(world: GrantsWorld, id: string, session: string): Promise<void> {
  const before = world.memory.requests.get(id);
  const outcome = await world.grants.consume(id, session);
  if (outcome.kind === "refused") return;
  assert.ok(before?.grant !== undefined && isGrant(before.state), "a grant that is none was used");
  assert.ok(world.clock.now() < before.grant.until, "a grant was used after its end");
}

/** What must hold of every request, at every moment. */
function check(request: AccessRequest): void {
  const { way, grant, approvals, requester, needed, uses, maxUses, closing, state } = request;
  const people = new Set(approvals.map(({ by }) => `${by.issuer} ${by.subject}`));
  assert.equal(people.size, approvals.length, "somebody approved twice");
  assert.ok(!approvals.some(({ by }) => isSame(by, requester)), "somebody approved their own request");
  assert.ok(
    approvals.every(({ by }) => by.groups.includes("dba")),
    "who is not listed approved",
  );
  assert.ok(uses <= (maxUses ?? Number.POSITIVE_INFINITY), "a grant was used too often");
  assert.equal(isGrant(state) || state === "ended", grant !== undefined, "a grant without times");
  assert.equal(
    ["pending", "active", "spent"].includes(state),
    closing === undefined,
    "an end that nobody made",
  );
  if (grant === undefined) return;
  assert.equal(grant.until - grant.startsAt, request.duration, "another time than was asked for");
  if (way === "approvals") assert.ok(people.size >= needed, "access without the approvals asked for");
  if (way === "preapproved") assert.equal(requester.subject, "dan");
  if (way === "break-glass") assert.ok(requester.subject === "cyd" && request.reviewNeeded);
}

test("no path leads to access without the approvals asked for, nor beyond its time and uses", async () => {
  let granted = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 20, maxLength: 60 }),
      fc.integer({ min: 1, max: 3 }),
      async (steps, count) => {
        const world = new GrantsWorld();
        world.offer({ ...OFFER, approvals: { count, by: [{ kind: "Group", name: "dba" }] } });
        for (const each of steps) {
          await take(world, each);
          for (const request of world.memory.requests.values()) check(request);
        }
        granted += [...world.memory.requests.values()].filter(
          ({ way, grant }) => way === "approvals" && grant !== undefined,
        ).length;
      },
    ),
    { numRuns: 1500 },
  );
  assert.ok(granted > 50, `the walks hardly ever came to a grant by approvals: ${granted}`);
});

test("each transition is told once, and together they are the history of the request", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 40 }), async (steps) => {
      const world = new GrantsWorld();
      world.offer({ ...OFFER, approvals: { count: 1, by: [{ kind: "Group", name: "dba" }] } });
      for (const each of steps) await take(world, each);
      for (const request of world.memory.requests.values()) {
        const told = world.told.filter(({ request: { id } }) => id === request.id);
        assert.equal(told[0]?.event, "submit");
        assert.equal(told.at(-1)?.request.state, request.state);
        const ends = told.filter(({ request: { closing } }) => closing !== undefined);
        assert.equal(
          ends.filter(({ event }) => event !== "review").length,
          request.closing === undefined ? 0 : 1,
        );
      }
    }),
    { numRuns: 300 },
  );
});
