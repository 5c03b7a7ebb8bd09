/** Sessions that rest on a group of a personal token's owner. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Access } from "../../src/access/admit.ts";
import { Attempts } from "../../src/access/attempts.ts";
import { Naming } from "../../src/access/naming.ts";
import { PolicyInForce } from "../../src/access/policy-in-force.ts";
import { readObject } from "../../src/access/written-object.ts";
import type { DatabaseName, RoleName } from "../../src/base/ids.ts";
import { newSessionId } from "../../src/base/ids.ts";
import { Secret } from "../../src/base/secret.ts";
import { limits } from "../../src/config/schema/process.ts";
import { clusterSchema } from "../../src/config/schema.ts";
import { Sessions } from "../../src/sessions/registry.ts";
import { GROUPS_MAX_AGE_MS, PersonalProving } from "../support/personal-tokens.ts";
import { bindEverywhere, clusterRole } from "../support/rbac/case.ts";

const cluster = clusterSchema.parse({
  name: "main",
  hosts: [{ host: "unused" }],
  login: { method: "trust" },
  decide: { mode: "rbac" },
});
const anything = { verbs: ["connect", "assume"], apiGroups: ["postern.dev"], resources: ["*"] };
const objects = [clusterRole("all", [anything]), bindEverywhere("all", [{ kind: "Group", name: "oncall" }])];

/** The policy of a file that gives everything to a group. */
function policy(): PolicyInForce {
  return new PolicyInForce(
    objects.map((written) => {
      const read = readObject(written);
      assert.ok(read.kind === "object", JSON.stringify(read));
      return { object: read.object, written: {}, resourceVersion: undefined };
    }),
  );
}

test("attack 19: groups that an issuer has not confirmed for long do not count, neither for a login nor for what runs", async () => {
  const proving = new PersonalProving();
  const { clock, verifier } = proving;
  const { id, text } = proving.token();
  const groups = async () => {
    const verified = await proving.verify(text);
    assert.ok(verified.kind === "identity", JSON.stringify(verified));
    return [verified.identity.groups, verifier.bearerNow?.(verified.identity.proof)?.groups];
  };
  clock.advance(GROUPS_MAX_AGE_MS - 1);
  assert.deepEqual(await groups(), [["oncall"], ["oncall"]]);
  clock.advance(1);
  assert.deepEqual(await groups(), [[], []]);
  proving.shelf.change(id, { groupsSeenAt: clock.now() });
  await proving.tokens.refresh();
  assert.deepEqual(await groups(), [["oncall"], ["oncall"]], "a signed login confirms them");
});

test("attack 19: a session by personal token ends when its owner is no more of the group that it rests on", async () => {
  const proving = new PersonalProving();
  const { clock, verifier } = proving;
  const sessions = new Sessions(clock);
  const access = new Access({
    verifier,
    policy: policy(),
    naming: new Naming([]),
    sessions,
    attempts: new Attempts(clock),
    limits: limits.parse({}),
    clock,
    observe: () => {},
  });
  let ended = 0;
  verifier.onKeysChanged(() => {
    ended += sessions.endWhere((facts) => !access.upholds(facts, [cluster]), "revoked");
  });
  const { id, text } = proving.token();
  const wish = {
    cluster,
    database: "shop" as DatabaseName,
    role: "ann" as RoleName,
    door: "postgres",
    peer: { address: "192.0.2.1", port: 1, tls: true },
    replication: false,
  } as const;
  const login = () => access.admit({ kind: "token", token: new Secret(text) }, wish, newSessionId());
  assert.equal((await login()).kind, "admitted");
  proving.shelf.change(id, { groups: ["oncall", "more"] });
  await proving.tokens.refresh();
  assert.equal(ended, 0);
  proving.shelf.change(id, { groups: ["more"] });
  await proving.tokens.refresh();
  assert.equal(ended, 1);
  assert.equal((await login()).kind, "denied");
});
