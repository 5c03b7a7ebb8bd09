/** Users that an operator shuts out, on two nodes of one store: at every door, by every credential, whatever runs. */
import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import type pg from "pg";
import { userIdOf } from "../../src/base/user-id.ts";
import type { AccessWorld } from "../support/access-world.ts";
import {
  bind,
  group,
  may,
  offer,
  putWriteOffer,
  role,
  startAccessWorld,
  user,
} from "../support/access-world.ts";
import { type Ask, apiOf } from "../support/api.ts";
import { ended } from "../support/ended.ts";
import { eventually, SOON_MS } from "../support/eventually.ts";
import { type Gateway, startGateway } from "../support/gateway.ts";
import { ISSUER } from "../support/world.ts";

let here: AccessWorld;
let there: Gateway;
before(async () => {
  here = await startAccessWorld();
  there = await startGateway(here.config);
  await here.put(role("connect", may("connect", "databases", "main/*")));
  await here.put(bind("everybody", "connect", group("system:authenticated")));
  await here.put(role("reader", may("assume", "databaseroles", "ro")));
  await here.put(bind("readers", "reader", group("staff")));
  await here.put(role("writer", may("assume", "databaseroles", "ben")));
  await putWriteOffer(here);
  await everywhere("user-admins", may("update", "users"), may("list", "users"), may("get", "users"));
  await everywhere("staff", may("create", "personaltokens"));
  await eventually("the other node knows the policy", async () => {
    const { status } = await asThere("probe", "user-admins")("GET", "/users");
    return status === 200 && letIn(signed("probe", "staff"), there);
  });
});
after(async () => {
  await there?.stop();
  await here?.stop();
});

/** Gives a group rights that are of no namespace. */
async function everywhere(name: string, ...rules: object[]): Promise<void> {
  const common = { apiVersion: "rbac.authorization.k8s.io/v1", metadata: { name } };
  const roleRef = { kind: "ClusterRole", name };
  await here.put({ ...common, kind: "ClusterRole", rules });
  await here.put({ ...common, kind: "ClusterRoleBinding", subjects: [group(name)], roleRef });
}

const id = (sub: string, issuer = ISSUER) => userIdOf({ issuer, subject: sub });
const asThere = (sub: string, ...groups: string[]): Ask => apiOf(there, here.token(sub, { groups }));
const LEFT = { reason: "left the company" };

async function disable(sub: string, by: Ask = here.administrator): Promise<number> {
  const answer = await by("POST", `/users/${id(sub)}/disable`, LEFT);
  assert.deepEqual([answer.status, answer.body.disabled?.reason], [200, LEFT.reason]);
  return Date.now();
}

async function enable(sub: string): Promise<void> {
  const answer = await here.administrator("POST", `/users/${id(sub)}/enable`, {});
  assert.deepEqual([answer.status, answer.body.disabled], [200, undefined]);
}

type At = Pick<Gateway, "port">;

function login(password: string, at: At, as = "ro"): Promise<pg.Client> {
  return here.connect({ port: at.port, user: as, password });
}

/** Whether a login succeeds; it is over again. */
function letIn(password: string, at: At, as?: string): Promise<boolean> {
  return login(password, at, as).then(
    (client) => client.end().then(() => true),
    () => false,
  );
}

/** Resolves when the other node has heard that somebody is disabled. */
async function heardThere(sub: string): Promise<void> {
  await eventually("the other node has heard of it", async () => {
    const { body } = await asThere(sub)("GET", "/whoami");
    return body.code === "access/user-disabled";
  });
}

const signed = (sub: string, ...groups: string[]) => here.token(sub, { groups });

async function tokenOf(sub: string): Promise<string> {
  const made = await here.as(sub, "staff")("POST", "/tokens", { name: sub, expiresIn: "1d" });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  return made.body.token;
}

suite("attack 17: a user who is disabled", () => {
  test("is let in by no credential at any door of any node, and what they have running ends", async () => {
    const personal = await tokenOf("ann");
    const running = [
      await login(signed("ann", "staff"), here.gateway),
      await login(personal, there),
      await login(signed("ann", "staff"), there),
    ];
    await running[2]?.query("BEGIN; SELECT 1");
    const ends = running.map((client) => ended(client).then(({ code }) => ({ code, at: Date.now() })));
    const others = await login(signed("bob", "staff"), there);
    const since = await disable("ann");
    for (const end of await Promise.all(ends)) {
      assert.equal(end.code, "57P01");
      assert.ok(end.at - since < SOON_MS, `it took ${end.at - since} ms`);
    }
    for (const at of [here.gateway, there]) {
      await assert.rejects(login(signed("ann", "staff"), at), {
        code: "28000",
        message: /this user is disabled/,
      });
      await assert.rejects(login(personal, at), { code: /^28/ });
      const asked = await apiOf(at, signed("ann", "staff"))("GET", "/whoami");
      assert.deepEqual([asked.status, asked.body.code], [403, "access/user-disabled"]);
      const question = { role: "ro", rhost: "192.0.2.1" };
      const jit = await apiOf(at, signed("ann", "staff"))("POST", "/jit/authorize", question);
      assert.equal(jit.status, 403);
    }
    assert.equal((await others.query("SELECT 1")).rowCount, 1, "nobody else is");
    await others.end();
    await enable("ann");
    for (const credential of [signed("ann", "staff"), personal])
      await eventually("they are let in again, on the other node too", () => letIn(credential, there));
  });

  test("is told of in the ledger and the log with who did it and why, once", async () => {
    await here.as("una", "staff")("GET", "/whoami");
    await disable("una");
    await disable("una");
    await enable("una");
    const subject = `${ISSUER}:una`;
    await here.gateway.logged((line) => line.event === "user.enabled.v1" && line["subject"] === subject);
    const lines: Record<string, unknown>[] = here.gateway
      .output()
      .split("\n")
      .filter((line) => line.includes('"user.') && line.includes(subject))
      .map((line) => JSON.parse(line));
    assert.deepEqual(
      lines.map(({ event, actor, actorName, issuer, reason }) => [event, actor, actorName, issuer, reason]),
      [
        ["user.disabled.v1", ":administrator", "administrator", ISSUER, LEFT.reason],
        ["user.enabled.v1", ":administrator", "administrator", ISSUER, ""],
      ],
    );
  });

  test("has no grant meanwhile: and what they asked for is approved by nobody", async () => {
    const ask = async (sub: string) => {
      const wish = { offer: "write", duration: "30m", reason: "ticket 4711" };
      const made = await here.as(sub, "engineers")("POST", "/namespaces/shop/accessrequests", wish);
      assert.equal(made.status, 201, JSON.stringify(made.body));
      return made.body.id as string;
    };
    const lead = here.as("lea", "leads");
    const running = await ask("cem");
    assert.equal((await lead("POST", `/accessrequests/${running}/approve`, {})).body.state, "active");
    const client = await eventually("the grant is known", () =>
      login(signed("cem"), there, "ben").catch(() => undefined),
    );
    const end = ended(client);
    const pending = await ask("dia");
    await disable("cem");
    await disable("dia");
    await heardThere("dia");
    assert.equal((await end).code, "57P01");
    const refused = await asThere("lea", "leads")("POST", `/accessrequests/${pending}/approve`, {});
    assert.deepEqual([refused.status, refused.body.code], [409, "grants/requester-disabled"]);
    await enable("cem");
    const again = await eventually("the grant counts again for the rest of its time", () =>
      login(signed("cem"), there, "ben").catch(() => undefined),
    );
    await again.end();
    await enable("dia");
    assert.equal((await lead("POST", `/accessrequests/${pending}/approve`, {})).body.state, "active");
  });
});

suite("attack 18: an approval", () => {
  test("of somebody who is disabled since does not count", async () => {
    await here.put(
      offer("two", {
        role: { kind: "Role", name: "writer" },
        requesters: [group("engineers")],
        maxDuration: "1h",
        approvals: { count: 2, by: [group("leads")] },
      }),
    );
    const wish = { offer: "two", duration: "30m", reason: "ticket 4711" };
    const { body } = await here.as("fay", "engineers")("POST", "/namespaces/shop/accessrequests", wish);
    const approve = (sub: string) =>
      asThere(sub, "leads")("POST", `/accessrequests/${body.id}/approve`, {}).then(
        (answer) => answer.body.state,
      );
    assert.equal(await approve("gil"), "pending");
    await disable("gil");
    await heardThere("gil");
    assert.equal(await approve("hal"), "pending");
    assert.equal(await approve("ina"), "active");
  });
});

suite("attack 28: disabling users", () => {
  const admin = (sub: string) => here.as(sub, "user-admins");

  test("takes the right to; nobody disables themselves, and who is disabled enables nobody", async () => {
    const stranger = here.as("eve");
    const tries = [
      await stranger("GET", "/users"),
      await stranger("GET", `/users/${id("ann")}`),
      await stranger("POST", `/users/${id("ann")}/disable`, LEFT),
      await stranger("POST", `/users/${id("eve")}/enable`, {}),
    ];
    assert.deepEqual(
      tries.map(({ status }) => status),
      [403, 403, 403, 403],
    );
    const self = await admin("ivo")("POST", `/users/${id("ivo")}/disable`, LEFT);
    assert.deepEqual([self.status, self.body.code], [403, "access/user-self"]);
    await disable("ivo", admin("joy"));
    const enabled = await admin("ivo")("POST", `/users/${id("ivo")}/enable`, {});
    assert.deepEqual([enabled.status, enabled.body.code], [403, "access/user-disabled"]);
  });

  test("by two who disable each other at once is done by one of them", async () => {
    for (let round = 0; round < 3; round++) {
      const [one, other] = [`kim-${round}`, `lou-${round}`];
      const answers = await Promise.all([
        admin(one)("POST", `/users/${id(other)}/disable`, LEFT),
        apiOf(there, here.token(other, { groups: ["user-admins"] }))(
          "POST",
          `/users/${id(one)}/disable`,
          LEFT,
        ),
      ]);
      assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 403]);
    }
  });

  test("does not shut out whoever bears the administrator's token", async () => {
    const answer = await admin("mia")("POST", `/users/${id("administrator", "")}/disable`, LEFT);
    assert.deepEqual([answer.status, answer.body.code], [404, "access/user-not-found"]);
    assert.equal((await here.administrator("GET", "/users")).status, 200);
  });

  test("is by issuer and subject: no other way of writing them, and no name, means somebody else", async () => {
    await here.as("b:c")("GET", "/whoami");
    const shifted = await here.administrator("POST", `/users/${id("c", `${ISSUER}:b`)}/disable`, LEFT);
    assert.deepEqual([shifted.status, shifted.body.code], [404, "access/user-not-found"]);
    const abroad = await here.administrator("POST", `/users/${id("ann", `${ISSUER}/`)}/disable`, LEFT);
    assert.equal(abroad.status, 404, "with a slip in the issuer nobody would be disabled");
    const spaced = Buffer.from(JSON.stringify([ISSUER, "b:c"], null, 1)).toString("base64url");
    for (const odd of [spaced, "x", Buffer.from('["a"]').toString("base64url"), `${id("b:c")}=`])
      assert.equal((await here.administrator("POST", `/users/${odd}/disable`, LEFT)).status, 400, odd);
    assert.equal((await here.as("b:c")("GET", "/whoami")).status, 200);
  });

  test("can be done before somebody has ever come", async () => {
    await disable("tom");
    const { body } = await here.administrator("GET", "/users?name=tom");
    assert.deepEqual([body.items.length, body.items[0].lastSeenAt], [1, undefined]);
    await eventually(
      "the other node refuses them",
      async () => !(await letIn(signed("tom", "staff"), there)),
    );
    await assert.rejects(login(signed("tom", "staff"), there), { code: "28000" });
  });
});

test("a user's rights in policy stay what they are while they are disabled", async () => {
  await here.put(bind("vic", "reader", user("vic")));
  await disable("vic");
  const verdict = await here.administrator("POST", "/explain", {
    ...{ cluster: "main", database: "postgres", role: "ro" },
    as: { issuer: ISSUER, subject: "vic" },
  });
  assert.deepEqual(
    [verdict.body.allowed, verdict.body.code, verdict.body.steps.at(-1).check],
    [false, "access/user-disabled", "user"],
  );
});
