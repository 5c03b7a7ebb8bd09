import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startPostgres, type TestPostgres } from "../support/postgres.ts";
import { once, upstreamsOf } from "../support/upstream-suite.ts";

const login = { method: "trust" };
let server: TestPostgres;

before(async () => {
  server = await startPostgres({
    hba: ["host all all 127.0.0.1/32 trust", "host replication all 127.0.0.1/32 trust"],
    sql: `
      CREATE ROLE boss LOGIN SUPERUSER;
      CREATE ROLE copier LOGIN REPLICATION;
      CREATE ROLE seer LOGIN BYPASSRLS;
      CREATE ROLE heir LOGIN IN ROLE boss;
      CREATE ROLE grandchild LOGIN NOINHERIT IN ROLE heir;
      CREATE ROLE runner LOGIN IN ROLE pg_execute_server_program;
      CREATE ROLE app LOGIN;
      CREATE ROLE rising LOGIN;
      CREATE SCHEMA trap AUTHORIZATION app;
      GRANT USAGE ON SCHEMA trap TO PUBLIC;
      CREATE FUNCTION trap.pg_has_role(name, oid, text) RETURNS boolean LANGUAGE sql AS 'SELECT false';
      CREATE VIEW trap.pg_roles AS SELECT 0::oid AS oid, false AS rolsuper, false AS rolreplication,
        false AS rolbypassrls, 'x'::name AS rolname;
      GRANT SELECT ON trap.pg_roles TO PUBLIC;`,
  });
});

after(() => server.stop());

const to = upstreamsOf(() => server);

const privileged: Readonly<Record<string, RegExp>> = {
  boss: /SUPERUSER/,
  copier: /REPLICATION/,
  seer: /BYPASSRLS/,
  heir: /SUPERUSER/,
  grandchild: /SUPERUSER/,
  runner: /server's files or programs/,
};

for (const [role, right] of Object.entries(privileged)) {
  test(`attack 12: the role ${role} is refused although the token names it, unless policy permits it by name`, async () => {
    const upstream = to({ login });
    await assert.rejects(upstream.open(role), {
      code: "upstream/privileged-role",
      message: right,
      spec: {
        sqlstate: "28000",
        http: 403,
        publicMessage: "this role has too many rights to be used here",
      },
    });
    await assert.rejects(upstream.open(role), { code: "upstream/privileged-role" });
    const permitted = to({ login, privilegedRoles: [role] });
    assert.deepEqual(await once(permitted, role, "SELECT session_user"), [[role]]);
  });
}

test("attack 12: a search_path of the client's own does not deceive the look at a role's rights", async () => {
  const parameters = { search_path: "trap, pg_catalog" };
  const permitted = to({ login, privilegedRoles: ["seer"] });
  // The trap works on a query that is not careful …
  assert.deepEqual(
    await once(permitted, "seer", "SELECT bool_or(rolbypassrls) FROM pg_roles", { parameters }),
    [["f"]],
  );
  // … and not on ours.
  await assert.rejects(to({ login }).open("seer", { parameters }), { code: "upstream/privileged-role" });
});

test("attack 12: a role for replication may not bypass row security as well", async () => {
  await server.query("CREATE ROLE copying_seer LOGIN REPLICATION BYPASSRLS");
  const upstream = to({ login, replicationRoles: ["copying_seer", "copier"] });
  const options = { replication: true, parameters: { replication: "database" } };
  await assert.rejects(upstream.open("copying_seer", options), { code: "upstream/privileged-role" });
  assert.deepEqual(await once(upstream, "copier", "SELECT 1", options), [["1"]]);
});

test("attack 12: a role that became a superuser is refused at its next login, whatever is remembered", async () => {
  const upstream = to({ login });
  assert.deepEqual(await once(upstream, "rising", "SELECT 1"), [["1"]]);
  await server.query("ALTER ROLE rising SUPERUSER");
  await assert.rejects(upstream.open("rising"), { code: "upstream/privileged-role" });
});

test("attack 12: a refused login leaves no session on the server", async () => {
  await assert.rejects(to({ login }).open("seer"), { code: "upstream/privileged-role" });
  const sql = "SELECT 1 FROM pg_stat_activity WHERE usename = 'seer'";
  while ((await server.query(sql)).length > 0);
});
