import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { AccessWorld } from "../../support/access-world.ts";
import { bind, group, may, putWriteOffer, role, startAccessWorld, user } from "../../support/access-world.ts";
import { ended } from "../../support/ended.ts";
import { withinSeconds } from "../../support/eventually.ts";

let world: AccessWorld;
before(async () => {
  world = await startAccessWorld();
  await world.put(role("connect", may("connect", "databases", "main/*")));
  await world.put(bind("everybody", "connect", group("system:authenticated")));
  await world.put(role("writer", may("assume", "databaseroles", "ben")));
  await putWriteOffer(world);
});
after(() => world.stop());

const engineer = (sub: string) => world.as(sub, "engineers");
const login = (sub: string) =>
  world.connect({ user: "ben", password: world.token(sub, { groups: ["engineers"] }) });
const ask = (sub: string, more = {}) =>
  engineer(sub)("POST", "/namespaces/shop/accessrequests", {
    offer: "write",
    duration: "30m",
    reason: "ticket 4711",
    ...more,
  });

test("a request that a colleague approves opens the role at once, and its revocation cuts the session", async () => {
  await assert.rejects(login("ada"), { code: "28000" });
  const asked = await ask("ada");
  assert.deepEqual([asked.status, asked.body.state], [201, "pending"]);
  await assert.rejects(login("ada"), { code: "28000" });

  const lead = world.as("lea", "leads");
  const { body: listed } = await lead("GET", "/accessrequests");
  assert.deepEqual(
    listed.items.map(({ id, reason }: { id: string; reason: string }) => ({ id, reason })),
    [{ id: asked.body.id, reason: "ticket 4711" }],
  );
  const path = `/accessrequests/${asked.body.id}`;
  const approved = await lead("POST", `${path}/approve`, { digest: asked.body.digest });
  assert.deepEqual([approved.status, approved.body.state], [200, "active"]);
  assert.ok(Date.parse(approved.body.until) > Date.now());

  const client = await login("ada");
  const { rows } = await client.query("SELECT current_user");
  assert.deepEqual(rows, [{ current_user: "ben" }]);
  const allowed = await world.gateway.logged(({ event }) => event === "login.allowed.v1");
  assert.deepEqual(allowed["grants"], [asked.body.id]);
  const end = ended(client);
  const revoked = await lead("POST", `${path}/revoke`, { note: "done" });
  assert.deepEqual([revoked.status, revoked.body.state], [200, "ended"]);
  const { code, message } = await end;
  assert.equal(code, "57P01");
  assert.match(message, /its right was taken away/);
  await assert.rejects(login("ada"), { code: "28000" });
});

test("attack 18: nobody approves their own request, whatever groups they are in", async () => {
  const both = world.as("eva", "engineers", "leads");
  const asked = await both("POST", "/namespaces/shop/accessrequests", {
    offer: "write",
    duration: "5m",
    reason: "mine",
  });
  const answer = await both("POST", `/accessrequests/${asked.body.id}/approve`, {});
  assert.deepEqual([answer.status, answer.body.code], [403, "grants/own-request"]);
  await both("POST", `/accessrequests/${asked.body.id}/withdraw`, {});
});

test("what a route does not take is refused and said, and makes nothing", async () => {
  const mistyped = await ask("hal", { breakglass: true });
  assert.deepEqual([mistyped.status, mistyped.body.code], [400, "control/invalid"]);
  assert.match(JSON.stringify(mistyped.body.errors), /breakglass/);
  const open = await engineer("hal")("POST", "/tokens", { name: "x", expiresIn: "1h", cidr: ["10.0.0.0/8"] });
  assert.deepEqual([open.status, open.body.code], [400, "control/invalid"]);
  const { status } = await engineer("hal")("GET", "/accessrequests?limit=-1");
  assert.equal(status, 400);
  const { body } = await engineer("hal")("GET", "/accessrequests");
  assert.deepEqual(body.items, []);
});

test("the administrator is told that they may do everything, but log in nowhere", async () => {
  const may = async (verb: string, resource: string) =>
    (await world.administrator("POST", "/can-i", { verb, resource })).body.allowed;
  assert.equal(await may("delete", "clusterroles"), true);
  assert.equal(await may("connect", "databases"), false);
});

test("a path that is not there, and a method that a path does not take, are problems too", async () => {
  const missing = await engineer("hal")("GET", "/nonsense");
  assert.deepEqual([missing.status, missing.body.code], [404, "control/not-found"]);
  assert.equal(missing.body.type, "urn:postern:error:control/not-found");
  const wrong = await engineer("hal")("DELETE", "/accessrequests");
  assert.deepEqual([wrong.status, wrong.body.code], [405, "control/method"]);
});

test("somebody who is no approver can neither approve nor see a request", async () => {
  const asked = await ask("fay");
  const other = engineer("gus");
  const seen = await other("GET", `/accessrequests/${asked.body.id}`);
  assert.deepEqual([seen.status, seen.body.code], [404, "grants/not-found"]);
  const answer = await other("POST", `/accessrequests/${asked.body.id}/approve`, {});
  assert.equal(answer.status, 403);
  const denied = await world.as("lea", "leads")("POST", `/accessrequests/${asked.body.id}/deny`, {
    note: "no",
  });
  assert.deepEqual([denied.status, denied.body.state, denied.body.closed.note], [200, "denied", "no"]);
});

test("what is not offered to somebody looks like what does not exist", async () => {
  const outsider = world.as("ida");
  for (const name of ["write", "nothing"]) {
    const answer = await outsider("POST", "/namespaces/shop/accessrequests", {
      offer: name,
      duration: "5m",
      reason: "x",
    });
    assert.deepEqual(
      [answer.status, answer.body.code, answer.body.title.length > 0],
      [404, "grants/not-offered", true],
    );
  }
  const { body } = await outsider("GET", "/offers");
  assert.deepEqual(body.items, []);
});

test("a duration that is too long and a body that is none are told with what to do", async () => {
  const long = await ask("kim", { duration: "2h" });
  assert.deepEqual([long.status, long.body.code], [422, "grants/duration"]);
  const wrong = await ask("kim", { duration: "soon" });
  assert.deepEqual([wrong.status, wrong.body.code], [400, "control/invalid"]);
  assert.deepEqual(wrong.body.errors[0].at, "body.duration");
  assert.equal(wrong.headers.get("content-type"), "application/problem+json");
});

test("whoever shows no token is asked for one, and a bad one is refused as at every door", async () => {
  const nothing = await world.nobody("GET", "/whoami");
  assert.deepEqual([nothing.status, nothing.body.code], [401, "control/unauthenticated"]);
  assert.match(nothing.headers.get("www-authenticate") ?? "", /^Bearer/);
});

test("a binding is kept in the store, counts at once, and its deletion cuts the session", async () => {
  const owner = user("olga");
  await world.put(bind("olga", "writer", owner));
  const client = await world.connect({ user: "ben", password: world.token("olga") });
  const end = ended(client);
  const gone = await world.administrator("DELETE", "/namespaces/shop/rolebindings/olga");
  assert.equal(gone.status, 204);
  assert.equal((await end).code, "57P01");
});

test("attack 18: nobody gives more than they hold", async () => {
  await world.put(
    role("scribe", {
      apiGroups: ["rbac.authorization.k8s.io"],
      resources: ["rolebindings", "roles"],
      verbs: ["create", "update", "get", "list"],
    }),
  );
  await world.put(bind("scribes", "scribe", user("sam")));
  const sam = world.as("sam");
  const binding = bind("self", "writer", user("sam"));
  const answer = await sam("POST", "/namespaces/shop/rolebindings", binding);
  assert.deepEqual([answer.status, answer.body.code], [403, "policy/escalation"]);
  const widened = await sam("PUT", "/namespaces/shop/roles/connect", role("connect", may("*", "*")));
  assert.deepEqual([widened.status, widened.body.code], [403, "policy/escalation"]);
  const elsewhere = await sam("GET", "/clusterroles");
  assert.deepEqual([elsewhere.status, elsewhere.body.code], [403, "control/forbidden"]);
});

test("a personal token opens what its owner may, until it is revoked", async () => {
  await world.put(role("tokens", may("get", "databases"))); // gives nothing that counts here
  await world.administrator("POST", "/clusterroles", {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRole",
    metadata: { name: "token-makers" },
    rules: [may("create", "personaltokens")],
  });
  await world.administrator("POST", "/clusterrolebindings", {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRoleBinding",
    metadata: { name: "token-makers" },
    subjects: [user("pia")],
    roleRef: { kind: "ClusterRole", name: "token-makers" },
  });
  await world.put(bind("pia", "writer", user("pia")));
  const pia = world.as("pia");
  const made = await pia("POST", "/tokens", { name: "laptop", expiresIn: "1d" });
  assert.equal(made.status, 201);
  assert.match(made.body.token, /^pst_/);
  const client = await world.connect({ user: "ben", password: made.body.token });
  const end = ended(client);
  const listed = await pia("GET", "/tokens");
  assert.deepEqual(
    listed.body.items.map(({ name }: { name: string }) => name),
    ["laptop"],
  );
  assert.ok(!JSON.stringify(listed.body).includes(made.body.token.split("_")[2]));
  const revoked = await pia("DELETE", `/tokens/${made.body.listed.id}`);
  assert.equal(revoked.status, 200);
  assert.equal((await end).code, "57P01");
  await assert.rejects(world.connect({ user: "ben", password: made.body.token }), { code: "28P01" });
  const other = await world.as("rob")("POST", "/tokens", { name: "x", expiresIn: "1d" });
  assert.deepEqual([other.status, other.body.code], [403, "control/forbidden"]);
  assert.ok(!world.gateway.output().includes(made.body.token));
});

test("a session goes on under the grant that extends the one it began with", async () => {
  const lead = world.as("lea", "leads");
  const { asked, first, client, second } = await withinSeconds(3, async (seconds) => {
    const uma = `uma ${seconds}`;
    const asked = await ask(uma, { duration: `${seconds}s` });
    const first = await lead("POST", `/accessrequests/${asked.body.id}/approve`, {});
    const client = await login(uma);
    const longer = await engineer(uma)("POST", `/accessrequests/${asked.body.id}/extend`, {
      duration: `${seconds + 8}s`,
      reason: "not done yet",
    });
    assert.equal(longer.status, 201);
    const second = await lead("POST", `/accessrequests/${longer.body.id}/approve`, {});
    return { asked, first, client, second };
  });
  assert.ok(Date.parse(second.body.until) > Date.parse(first.body.until));
  const end = ended(client);
  await world.gateway.logged(
    (line) => line.event === "grant.ended.v1" && line["grant"] === asked.body.id && line["reason"] === "time",
  );
  assert.deepEqual((await client.query("SELECT 1 AS one")).rows, [{ one: 1 }]);
  const { code, message } = await end;
  assert.equal(code, "57P01");
  assert.match(message, /expired|ended/);
  assert.ok(Date.now() >= Date.parse(second.body.until) - 1000);
});

test("an operator sees why somebody may log in, or may not", async () => {
  const explain = (subject: string, database = "postgres") =>
    world.administrator("POST", "/explain", {
      cluster: "main",
      database,
      role: "ben",
      as: { issuer: "https://issuer.test", subject },
    });
  await world.put(bind("vera", "writer", user("vera")));
  const may = await explain("vera");
  assert.deepEqual([may.status, may.body.allowed, may.body.role], [200, true, "ben"]);
  assert.match(may.body.steps.at(-1).saw, /RoleBinding "vera" in "shop" gives Role "writer"/);
  const mayNot = await explain("walt");
  assert.deepEqual([mayNot.body.allowed, mayNot.body.code], [false, "policy/assume"]);
  const self = await world.as("vera")("POST", "/explain", { cluster: "main", database: "postgres" });
  assert.deepEqual([self.status, self.body.code], [403, "control/forbidden"]);
});
