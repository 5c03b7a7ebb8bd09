import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { AccessWorld } from "../../support/access-world.ts";
import { bind, may, role, startAccessWorld, user } from "../../support/access-world.ts";
import { UPSTREAM_PASSWORD } from "../../support/world.ts";

let world: AccessWorld;
let url: string;
before(async () => {
  world = await startAccessWorld({
    rest: { authenticator: "authenticator", schemas: ["api"] },
    postgres: {
      sql: `
        CREATE ROLE authenticator LOGIN NOINHERIT PASSWORD '${UPSTREAM_PASSWORD}';
        CREATE ROLE reader; CREATE ROLE writer;
        GRANT reader, writer TO authenticator;
        CREATE SCHEMA api; GRANT USAGE ON SCHEMA api TO reader, writer;
        CREATE VIEW api.me AS SELECT current_user::text AS role;
        GRANT SELECT ON api.me TO reader, writer;`,
    },
  });
  const opened = await world.gateway.logged(
    (line) => line.event === "door.opened.v1" && line["door"] === "rest",
  );
  url = `http://127.0.0.1:${String(opened["port"])}/me`;
  await world.put(role("connect", may("connect", "databases", "main/postgres")));
  await world.put(bind("all", "connect", user("ada"), user("ben")));
  await world.put(role("reader", may("assume", "databaseroles", "reader")));
  await world.put(bind("readers", "reader", user("ada"), user("ben")));
  await world.put(role("writer", may("assume", "databaseroles", "writer")));
  await world.put(bind("writers", "writer", user("ben")));
});
after(() => world.stop());

/** Rows, or an error. */
type Body = object | readonly object[];

async function me(sub: string, asked?: string) {
  const headers: Record<string, string> = { authorization: `Bearer ${world.token(sub)}` };
  if (asked !== undefined) headers["x-postern-role"] = asked;
  const response = await fetch(url, { headers });
  return { status: response.status, body: (await response.json()) as Body };
}

test("a request that names no role has the only one that is open to its bearer", async () => {
  assert.deepEqual(await me("ada"), { status: 200, body: [{ role: "reader" }] });
});

test("a request with several roles open has to name one", async () => {
  const { status, body } = await me("ben");
  assert.equal(status, 400);
  assert.match(JSON.stringify(body), /more than one role is open to you here; name one in X-Postern-Role/);
  for (const name of ["reader", "writer"])
    assert.deepEqual(await me("ben", name), { status: 200, body: [{ role: name }] });
});

test("a role that is not open is refused like one that does not exist", async () => {
  const answers = [await me("ada", "writer"), await me("ada", "nobody")];
  assert.deepEqual(
    answers.map(({ status }) => status),
    [403, 403],
  );
  assert.deepEqual(answers[0]?.body, answers[1]?.body);
});

test("a field that holds no role is told", async () => {
  const { status, body } = await me("ada", "x".repeat(64));
  assert.equal(status, 400);
  assert.match(JSON.stringify(body), /PGRST100/);
});

test("taking a binding away counts for the very next request", async () => {
  assert.equal((await me("ben", "writer")).status, 200);
  const gone = await world.administrator("DELETE", "/namespaces/shop/rolebindings/writers");
  assert.equal(gone.status, 204);
  assert.equal((await me("ben", "writer")).status, 403);
  assert.deepEqual(await me("ben"), { status: 200, body: [{ role: "reader" }] });
});
