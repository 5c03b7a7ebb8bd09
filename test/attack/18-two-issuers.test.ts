/** Two issuers whose usernames are trusted, and a person, or two, with an account at each. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Naming } from "../../src/access/naming.ts";
import type { IssuerConfig } from "../../src/config/schema.ts";
import { issuerSchema } from "../../src/config/schema.ts";
import { canI } from "../../src/policy/rbac/answers.ts";
import type { User } from "../../src/policy/rbac/attributes.ts";
import { authorize } from "../../src/policy/rbac/authorize.ts";
import { Policy } from "../../src/policy/rbac/policy.ts";
import { bob, cyd, GrantsWorld, person, stateOf } from "../support/grants.ts";
import { clusterRole } from "../support/rbac/case.ts";
import { objectsOf } from "../support/rbac/table.ts";

const DBA = { requesters: [{ kind: "Group", name: "dba" }] };

/** People are called by their usernames, whatever issuer says them. */
function trustingWorld(): GrantsWorld {
  const world = new GrantsWorld();
  Object.assign(world.rights, { userName: ({ username }: { readonly username: string }) => username });
  return world;
}

const elsewhere = <T extends object>(somebody: T) => ({ ...somebody, issuer: "https://partner.test" });

test("attack 18: nobody answers their own request with an account of the same name at another issuer", async () => {
  const world = trustingWorld();
  world.offer(DBA);
  const id = await world.ask(bob);
  const other = elsewhere(bob);
  assert.equal(await stateOf(world.grants.approve(other, id)), "grants/own-request");
  assert.equal(await stateOf(world.grants.deny(other, id)), "grants/own-request");
  assert.equal(await stateOf(world.grants.review(other, id, "fine")), "grants/own-request");
  assert.equal(await stateOf(world.grants.approve(cyd, id)), "active");
});

test("attack 18: two accounts of one name are one approval", async () => {
  const world = trustingWorld();
  world.offer({ approvals: { count: 2, by: [{ kind: "Group", name: "dba" }] } });
  const id = await world.ask();
  assert.equal(await stateOf(world.grants.approve(bob, id)), "pending");
  assert.equal(await stateOf(world.grants.approve(elsewhere(bob), id)), "grants/answered");
  assert.deepEqual(world.usable(), []);
  assert.equal(await stateOf(world.grants.approve(cyd, id)), "active");
});

test("attack 18: a grant is its holder's, and nobody's of the same name at another issuer", async () => {
  const world = trustingWorld();
  const id = await world.ask();
  await world.grants.approve(bob, id);
  const { usable } = world.grants.active();
  const rules = [{ verbs: ["assume"], apiGroups: ["postern.dev"], resources: ["databaseroles"] }];
  const policy = Policy.of(objectsOf([clusterRole("orders-rw", rules)]), usable);
  const naming = new Naming([issuer("https://corp.test"), issuer("https://partner.test")]);
  const ask = (user: User) => {
    const asked = {
      user,
      verb: "assume",
      apiGroup: "postern.dev",
      resource: "databaseroles",
      namespace: "prod",
    };
    const now = world.clock.now();
    assert.equal(canI(policy, asked, now).reasons.length > 0, authorize(policy, asked, now).kind === "allow");
    return authorize(policy, asked, now).kind;
  };
  const ann = person("ann", "engineers");
  assert.equal(ask(naming.userOf(ann)), "allow");
  assert.equal(naming.userOf(elsewhere(ann)).name, naming.userOf(ann).name);
  assert.equal(ask(naming.userOf(elsewhere(ann))), "no-opinion");
});

test("attack 27: a username that reads as somebody of another issuer names nobody but its bearer", () => {
  const naming = new Naming([
    issuer("https://corp.test", false),
    issuer("https://partner.test"),
    { ...issuer("unused"), name: "ci", issuer: undefined },
  ]);
  const named = (username: string) =>
    naming.userOf({ issuer: "https://partner.test", subject: "7", username, groups: [] }).name;
  assert.equal(named("eve"), "eve");
  for (const forged of ["https://corp.test:ann", "ci:deploy", "https://partner.test:8"])
    assert.equal(named(forged), "https://partner.test:7");
});

function issuer(iss: string, trustUsernames = true): IssuerConfig {
  const name = iss.replaceAll(/[^a-z]+/g, "-");
  return issuerSchema.parse({ name, issuer: iss, trustUsernames, keys: { pem: [] } }) as IssuerConfig;
}
