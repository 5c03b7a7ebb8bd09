/** Kubernetes' own evaluator, built from its modules, gives the answers that Postern's gives. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { before, describe, test } from "node:test";
import fc from "fast-check";
import { rulesFor, whoCan } from "../../src/policy/rbac/answers.ts";
import { authorize } from "../../src/policy/rbac/authorize.ts";
import { missingRights, ruleOf as rightAsRule } from "../../src/policy/rbac/covers.ts";
import type { PolicyRule } from "../../src/policy/rbac/objects.ts";
import * as random from "../support/rbac/arbitrary.ts";
import type { Asked, RawObject, RawRule } from "../support/rbac/case.ts";
import { attributesOf, authorizeCases, coversCases, policyOf, ruleOf } from "../support/rbac/table.ts";
import { missing } from "./support/toolchains.ts";

const COMPLETE = process.env["CI"] === "true";
const lacking = missing("go");

interface Question {
  readonly name: string;
  readonly objects: readonly RawObject[];
  readonly asked: Asked;
}

interface Covering {
  readonly name: string;
  readonly held: readonly RawRule[];
  readonly wanted: readonly RawRule[];
}

interface Answers {
  readonly authorize: readonly {
    readonly allowed: boolean;
    readonly subjects: readonly object[];
    readonly rules: readonly Partial<PolicyRule>[] | null;
  }[];
  readonly covers: readonly { readonly covered: boolean; readonly missing: readonly Partial<PolicyRule>[] }[];
}

/** As many as take a few seconds. The table comes first, so that its rows are told by name. */
const questions: readonly Question[] = [...authorizeCases, ...randomQuestions(5000)];
const coverings: readonly Covering[] = [...coversCases, ...randomCoverings(5000)];

/** Their names hold no `cluster/*`, which is Postern's alone. */
function randomQuestions(count: number): Question[] {
  const both = fc.tuple(random.plainPolicy.objects, random.asked);
  return fc
    .sample(both, { numRuns: count, seed: 4 })
    .map(([objects, asked], index) => ({ name: `random ${index}`, objects, asked }));
}

function randomCoverings(count: number): Covering[] {
  const both = fc.tuple(random.plainPolicy.rules, random.plainPolicy.rules);
  return fc
    .sample(both, { numRuns: count, seed: 4 })
    .map(([held, wanted], index) => ({ name: `random ${index}`, held, wanted }));
}

async function ask(): Promise<Answers> {
  const go = spawn("go", ["run", "-mod=readonly", "."], {
    cwd: join(import.meta.dirname, "go/rbac"),
    stdio: ["pipe", "pipe", "pipe"],
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    go.once("error", reject);
    go.once("close", resolve);
  });
  go.stdin.end(
    JSON.stringify({
      authorize: questions.map(asGo),
      covers: coverings.map(({ held, wanted }) => ({ owner: held, servant: wanted })),
    }),
  );
  const [said, complained, code] = await Promise.all([text(go.stdout), text(go.stderr), ended]);
  assert.equal(code, 0, complained);
  return JSON.parse(said) as Answers;
}

function asGo({ objects, asked }: Question) {
  const of = (kind: string) => objects.filter((object) => object.kind === kind);
  const { user, ...attributes } = attributesOf(asked);
  return {
    objects: {
      roles: of("Role"),
      clusterRoles: of("ClusterRole"),
      roleBindings: of("RoleBinding"),
      clusterRoleBindings: of("ClusterRoleBinding"),
    },
    user,
    ...attributes,
  };
}

/** What matters of a rule, in one order. Kubernetes leaves empty lists out. */
function plain(rule: Partial<PolicyRule>): string {
  const { verbs = [], apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] } = rule;
  return JSON.stringify([verbs, apiGroups, resources, resourceNames, nonResourceURLs]);
}

function plainSet(rules: readonly Partial<PolicyRule>[]): string[] {
  return [...new Set(rules.map(plain))].sort();
}

/** Kubernetes tells a service account of a RoleBinding as it is written, Postern with its namespace. */
function subjectName(subject: object): string {
  const { kind, name } = subject as { readonly kind: string; readonly name: string };
  return `${kind} ${name}`;
}

describe("Kubernetes' evaluator", {
  skip: lacking === undefined || COMPLETE ? false : `skipped: ${lacking}`,
}, () => {
  let theirs: Answers;
  before(async () => {
    assert.equal(lacking, undefined, `Kubernetes' evaluator cannot be built: ${lacking}`);
    theirs = await ask();
  });

  test("answers every question", () => {
    assert.equal(theirs.authorize.length, questions.length);
    assert.equal(theirs.covers.length, coverings.length);
    const allowed = theirs.authorize.filter((answer) => answer.allowed).length;
    assert.ok(
      allowed > 500 && allowed < questions.length - 500,
      `${allowed} of ${questions.length} are allowed`,
    );
    const covered = theirs.covers.filter((answer) => answer.covered).length;
    assert.ok(
      covered > 500 && covered < coverings.length - 500,
      `${covered} of ${coverings.length} are covered`,
    );
  });

  test("allows what the table says", () => {
    authorizeCases.forEach(({ name, allowed }, index) => {
      assert.equal(theirs.authorize[index]?.allowed, allowed, name);
    });
    coversCases.forEach(({ name, covered }, index) => {
      assert.equal(theirs.covers[index]?.covered, covered, name);
    });
  });

  test("allows what Postern's allows", () => {
    questions.forEach((question, index) => {
      const ours = authorize(policyOf(question.objects), attributesOf(question.asked), 0);
      assert.equal(ours.kind === "allow", theirs.authorize[index]?.allowed, JSON.stringify(question));
    });
  });

  test("knows the same subjects that may do it", () => {
    questions.forEach((question, index) => {
      const { user: _, ...request } = attributesOf(question.asked);
      const ours = whoCan(policyOf(question.objects), request, 0).map(({ subject }) => subjectName(subject));
      const [masters, ...others] = (theirs.authorize[index]?.subjects ?? []).map(subjectName);
      assert.equal(
        masters,
        "Group system:masters",
        "whom its server lets do everything without asking policy",
      );
      assert.deepEqual([...new Set(ours)].sort(), [...new Set(others)].sort(), JSON.stringify(question));
    });
  });

  test("knows the same rules that a user has", () => {
    questions.forEach((question, index) => {
      const attributes = attributesOf(question.asked);
      const namespace = "path" in attributes ? undefined : attributes.namespace;
      const ours = rulesFor(policyOf(question.objects), { user: attributes.user, namespace }, 0);
      const theirRules = theirs.authorize[index]?.rules ?? [];
      assert.deepEqual(
        plainSet(ours.map((held) => held.policyRule)),
        plainSet(theirRules),
        JSON.stringify(question),
      );
    });
  });

  test("finds the same rights missing", () => {
    coverings.forEach((covering, index) => {
      const ours = missingRights(covering.held.map(ruleOf), covering.wanted.map(ruleOf)).map(rightAsRule);
      assert.deepEqual(
        ours.map(plain),
        (theirs.covers[index]?.missing ?? []).map(plain),
        JSON.stringify(covering),
      );
    });
  });
});
