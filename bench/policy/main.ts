/**
 * How long a decision by policy takes, and whether it depends on how much policy there is. No processes, no network:
 * `npm run bench:policy`, or the same file with Bun.
 */
import { noTrace } from "../../src/base/trace.ts";
import type { PlacedWish } from "../../src/policy/decision.ts";
import type { User } from "../../src/policy/rbac/attributes.ts";
import { decideByPolicy } from "../../src/policy/rbac/decide.ts";
import { Policy } from "../../src/policy/rbac/policy.ts";
import { machine } from "../support/machine.ts";
import { align, short } from "../support/text-table.ts";
import type { Size } from "./data.ts";
import { crowdedObjectsOf, grantsOf, objectsOf, userOf, usersOf, wishOf } from "./data.ts";

const LARGE: Size = { roles: 1000, bindings: 10_000, grants: 1000, namespaces: 100 };
const SMALL: Size = { roles: 100, bindings: 100, grants: 10, namespaces: 10 };
/** The median of a decision with the large policy must stay below this. */
const GOAL_MICROSECONDS = 50;
/** Runtimes compile what they see often. */
const WARM_UP = 5000;
const DECISIONS = 50_000;
/** Building and changing take longer, so that fewer are enough. */
const CHANGES = 50;
const NOW = 1_000_000;

interface Question {
  readonly user: User;
  readonly wish: PlacedWish;
}

interface Case {
  readonly name: string;
  readonly policy: Policy;
  readonly questions: readonly Question[];
}

interface Reading {
  readonly name: string;
  readonly p50: number;
  readonly p99: number;
  readonly permitted: number;
}

/** Everybody asks for what one of their own bindings gives; or, shifted, for what another's does. */
function questionsOf(size: Size, shift = 0): Question[] {
  const count = Math.min(1000, size.bindings);
  return Array.from({ length: count }, (_, step) => {
    const index = (step * 10 + 1) % size.bindings; // every tenth, from 0 on, is a group's
    return { user: userOf(index % usersOf(size)), wish: wishOf((index + shift) % size.bindings, size) };
  });
}

function cases(): Case[] {
  const large = Policy.of(objectsOf(LARGE), grantsOf(LARGE));
  const crowded = Policy.of(crowdedObjectsOf(LARGE));
  const last = { ...wishOf(0, LARGE), ...pick(wishOf(LARGE.roles - 1, LARGE)) };
  return [
    { name: "own right", policy: large, questions: questionsOf(LARGE) },
    { name: "no right", policy: large, questions: questionsOf(LARGE, LARGE.bindings / 2 + 3) },
    {
      name: "own right, 100 bindings",
      policy: Policy.of(objectsOf(SMALL), grantsOf(SMALL)),
      questions: questionsOf(SMALL),
    },
    {
      name: "1,000 roles for everybody in one namespace",
      policy: crowded,
      questions: [{ user: userOf(1), wish: last }],
    },
  ];
}

function pick({
  database,
  role,
}: PlacedWish): Pick<PlacedWish, "database"> & { readonly role: NonNullable<PlacedWish["role"]> } {
  if (role === undefined) throw new TypeError("every question names a role");
  return { database, role };
}

function measure({ name, policy, questions }: Case): Reading {
  const times = new Float64Array(DECISIONS);
  let permitted = 0;
  for (let run = -WARM_UP; run < DECISIONS; run++) {
    const question = questions[(run + WARM_UP) % questions.length];
    if (question === undefined) continue;
    const begin = performance.now();
    const decision = decideByPolicy({ policy, ...question, now: NOW }, noTrace);
    const took = performance.now() - begin;
    if (run >= 0) times[run] = took * 1000;
    if (run >= 0 && decision.kind === "permit") permitted += 1;
  }
  return { name, ...percentiles(times), permitted: permitted / DECISIONS };
}

function percentiles(times: Float64Array): { readonly p50: number; readonly p99: number } {
  const sorted = times.toSorted();
  const at = (part: number) => sorted[Math.floor(sorted.length * part)] ?? Number.NaN;
  return { p50: at(0.5), p99: at(0.99) };
}

function measureChange(name: string, change: (index: number) => Policy): Reading {
  const times = new Float64Array(CHANGES);
  for (let run = 0; run < CHANGES; run++) {
    const begin = performance.now();
    change(run);
    times[run] = (performance.now() - begin) * 1000;
  }
  return { name, ...percentiles(times), permitted: Number.NaN };
}

function changes(): Reading[] {
  const objects = objectsOf(LARGE);
  const grants = grantsOf(LARGE);
  const policy = Policy.of(objects, grants);
  const bindings = objects.filter((object) => object.kind === "RoleBinding");
  const roles = objects.filter((object) => object.kind === "ClusterRole");
  return [
    measureChange("all of it, made anew", () => Policy.of(objects, grants)),
    measureChange("one binding put", (index) => policy.with({ put: bindings.slice(index, index + 1) })),
    measureChange("one role put", (index) => policy.with({ put: roles.slice(index, index + 1) })),
    measureChange("one grant put", (index) => policy.with({ putGrants: grants.slice(index, index + 1) })),
  ];
}

function table(title: string, readings: readonly Reading[]): string {
  const share = (part: number) => (Number.isNaN(part) ? "" : `${Math.round(part * 100)} %`);
  const rows = readings.map(({ name, p50, p99, permitted }) => [
    name,
    short(p50),
    short(p99),
    share(permitted),
  ]);
  return align([[title, "p50 µs", "p99 µs", "permitted"], ...rows]);
}

const runtime =
  process.versions["bun"] === undefined ? `Node ${process.version}` : `Bun ${process.versions["bun"]}`;
const { cpus, model } = machine();
console.log(`${runtime}, ${cpus} × ${model}`);
console.log("10,000 bindings, 1,000 roles, 1,000 grants; a decision is connect and assume together\n");
const decisions = cases().map(measure);
console.log(`${table("decision", decisions)}\n`);
console.log(table("change of policy", changes()));
const slow = decisions.filter(({ p50 }) => p50 >= GOAL_MICROSECONDS);
for (const { name, p50 } of slow)
  console.error(`${name}: ${short(p50)} µs, the goal is ${GOAL_MICROSECONDS}`);
process.exitCode = slow.length === 0 ? 0 : 1;
