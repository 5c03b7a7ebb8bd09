import assert from "node:assert/strict";
import { test } from "node:test";
import { offerSchema } from "../../../src/grants/offer.ts";
import { ordersOffer } from "../../support/grants.ts";

test("an offer is read with its defaults: one approval, a reason, an answer within a day", () => {
  const { metadata, spec } = ordersOffer();
  assert.equal(metadata.namespace, "prod");
  assert.equal(spec.approvals.count, 1);
  assert.equal(spec.reasonRequired, true);
  assert.equal(spec.answerWithin, 86_400_000);
  assert.equal(spec.maxDuration, 3_600_000);
  assert.deepEqual(spec.preapproved, []);
});

const WRONG = [
  ["nobody approves", { approvals: { by: [] } }],
  ["no approval is needed", { approvals: { count: 0, by: [{ kind: "Group", name: "dba" }] } }],
  ["it lasts longer than thirty days", { maxDuration: "31d" }],
  ["it lasts no time", { maxDuration: "0s" }],
  ["a network is none", { cidrs: ["10.0.0.0/33"] }],
  ["the list of networks is empty", { cidrs: [] }],
  ["it may never be used", { maxUses: 0 }],
  ["the role is none", { role: { kind: "RoleBinding", name: "x" } }],
  ["a setting does not exist", { approvers: [] }],
  ["break-glass is for nobody", { breakGlass: { subjects: [] } }],
] as const;

for (const [what, spec] of WRONG) {
  test(`an offer is refused when ${what}`, () => {
    assert.throws(() => ordersOffer(spec));
  });
}

test("an offer belongs to a namespace, default when it names none", () => {
  const { apiVersion, kind, spec } = {
    apiVersion: "postern.dev/v1",
    kind: "AccessOffer",
    spec: {
      role: { kind: "Role", name: "reader" },
      requesters: [{ kind: "User", name: "ann" }],
      maxDuration: "1h",
      approvals: { by: [{ kind: "User", name: "bob" }] },
    },
  };
  assert.equal(
    offerSchema.parse({ apiVersion, kind, metadata: { name: "x" }, spec }).metadata.namespace,
    "default",
  );
});
