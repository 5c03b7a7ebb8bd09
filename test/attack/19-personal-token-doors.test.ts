/** Personal access tokens at real doors: what a token may and may not, and where it must never show. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import type { AccessWorld } from "../support/access-world.ts";
import { bind, group, may, role, startAccessWorld, user } from "../support/access-world.ts";
import { apiOf } from "../support/api.ts";

let world: AccessWorld;
before(async () => {
  world = await startAccessWorld();
  await world.put(role("connect", may("connect", "databases", "main/*")));
  await world.put(bind("everybody", "connect", group("system:authenticated")));
  await world.put(role("both", may("assume", "databaseroles", "ben", "ro")));
  await world.put(bind("pia", "both", user("pia")));
  for (const [verb, object] of [
    ["clusterroles", { kind: "ClusterRole", rules: [may("create", "personaltokens")] }],
    ["clusterrolebindings", { kind: "ClusterRoleBinding", subjects: [user("pia")], roleRef: TOKEN_MAKERS }],
  ] as const) {
    const made = await world.administrator("POST", `/${verb}`, { ...object, ...NAMED });
    assert.equal(made.status, 201);
  }
});
after(() => world.stop());

const NAMED = { apiVersion: "rbac.authorization.k8s.io/v1", metadata: { name: "token-makers" } };
const TOKEN_MAKERS = { kind: "ClusterRole", name: "token-makers" };

let made = 0;

/** A token of pia's. */
async function create(wish: Readonly<Record<string, unknown>> = {}): Promise<{ token: string; id: string }> {
  const name = `token ${made++}`;
  const { status, body } = await world.as("pia")("POST", "/tokens", { name, expiresIn: "1d", ...wish });
  assert.equal(status, 201);
  return { token: body.token, id: body.listed.id };
}

const login = (token: string, more = {}) => world.connect({ user: "ben", password: token, ...more });

test("attack 19: a token that names roles is good for these, among those that its owner has, and for nothing else", async () => {
  const { token } = await create({ roles: ["ro", "ada"] });
  const client = await login(token, { user: "ro" });
  assert.deepEqual((await client.query("SELECT current_user")).rows, [{ current_user: "ro" }]);
  await client.end();
  await assert.rejects(login(token), { code: "28000" }, "its owner may be ben, and the token not");
  await assert.rejects(
    login(token, { user: "ada" }),
    { code: "28000" },
    "the token names ada, and its owner may not",
  );
});

test("attack 19: a token that names roles does not operate Postern, and no token makes another", async () => {
  const narrow = await create({ roles: ["ro"] });
  const whole = await create();
  const asToken = (token: string) => apiOf(world.gateway, token);
  const approving = await asToken(narrow.token)("GET", "/accessrequests");
  assert.deepEqual([approving.status, approving.body.code], [403, "access/narrow-token"]);
  assert.equal((await asToken(whole.token)("GET", "/accessrequests")).status, 200);
  const second = await asToken(whole.token)("POST", "/tokens", { name: "second", expiresIn: "1d" });
  assert.deepEqual([second.status, second.body.code], [403, "tokens/by-token"]);
});

test("attack 19: the address rule holds at the wire door and at the control API", async () => {
  const { token } = await create({ cidrs: ["198.51.100.0/24"] });
  await assert.rejects(login(token), { code: "28P01", message: /may not be used from this address/ });
  const answer = await apiOf(world.gateway, token)("GET", "/whoami");
  assert.deepEqual([answer.status, answer.body.code], [401, "identity/address"]);
  const here = await create({ cidrs: ["127.0.0.0/8", "::1"] });
  await (await login(here.token)).end();
});

test("attack 19: what is nearly a token is refused alike, and tells nothing of the one that it resembles", async () => {
  const { token, id } = await create();
  const [, , secret = ""] = token.split("_");
  const refusals = new Set<string>();
  for (const shown of [
    `pst_${id}`,
    token.slice(0, -1),
    `${token}x`,
    `pst_${id}_${[...secret].reverse().join("")}`,
  ]) {
    await assert.rejects(login(shown), (error: Error & { code?: string }) => {
      assert.equal(error.code, "28P01");
      assert.ok(!error.message.includes(id));
      refusals.add(error.message.replace(/ \(\w+\)$/, ""));
      return true;
    });
  }
  assert.equal(refusals.size, 1);
});

test("attack 19: a token is in no log, argument, setting, error or event, here or at the server", async () => {
  const { token } = await create();
  const client = await login(token);
  const { rows } = await client.query("SELECT * FROM pg_stat_activity WHERE pid = pg_backend_pid()");
  const settings = await client.query("SELECT name, setting FROM pg_settings");
  await client.end();
  await assert.rejects(login(`${token}x`));
  const [, , secret = assert.fail()] = token.split("_");
  const argv = readFileSync(`/proc/${world.gateway.pid}/cmdline`, "utf8");
  const seen = [JSON.stringify(rows), JSON.stringify(settings.rows), argv, world.gateway.output()];
  for (const text of [...seen, world.postgres.lines.join("\n")])
    assert.ok(!text.includes(secret.slice(0, 12)));
  const stored = await world.postgres.query("SELECT * FROM postern.personal_tokens", "postern");
  assert.ok(!JSON.stringify(stored).includes(secret.slice(0, 12)));
});
