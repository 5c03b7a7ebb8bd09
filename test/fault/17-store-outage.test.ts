/** What logins rest on while the store does not answer: files alone, and everything again when it is back. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { stringify } from "yaml";
import type { AccessWorld } from "../support/access-world.ts";
import { bind, group, may, role, startAccessWorld, user } from "../support/access-world.ts";
import { until } from "../support/control.ts";

let world: AccessWorld;
const directory = mkdtempSync(join(tmpdir(), "postern-outage-"));
before(async () => {
  const file = join(directory, "policy.yaml");
  const written = [
    role("connect", may("connect", "databases", "main/*")),
    bind("everybody", "connect", group("system:authenticated")),
    role("reader", may("assume", "databaseroles", "ro")),
    bind("readers", "reader", user("ada")),
  ];
  writeFileSync(file, written.map((object) => stringify(object)).join("---\n"));
  world = await startAccessWorld({ config: { policy: { files: [file] } } });
  await world.put(bind("more-readers", "reader", user("ben")));
});
after(async () => {
  await world.stop();
  rmSync(directory, { recursive: true });
});

const login = (sub: string) => world.connect({ user: "ro", password: world.token(sub) });
/** The code that a login fails with; undefined when it does not. */
const failure = (sub: string) =>
  login(sub).then(
    async (client) => void (await client.end()),
    (error: { code?: string }) => error.code,
  );

test("attack 17: what the store gives is refused while it is away, what files give is not, and what runs goes on", async () => {
  const running = [await login("ada"), await login("ben")];
  await world.postgres.query("ALTER ROLE postern_store NOLOGIN");
  await world.postgres.query(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'postern_store'",
  );
  // What was read last is believed for fifteen seconds.
  assert.equal(
    await until(
      () => failure("ben"),
      (code) => code !== undefined,
    ),
    "08006",
  );
  await world.gateway.logged((line) => line["code"] === "access/policy-unavailable");
  assert.equal(await failure("ada"), undefined);
  for (const client of running) assert.equal((await client.query("SELECT 1")).rowCount, 1);
  const answer = await world.as("ada")("GET", "/accessrequests");
  assert.equal(answer.status, 503);

  await world.postgres.query("ALTER ROLE postern_store LOGIN");
  assert.equal(
    await until(
      () => failure("ben"),
      (code) => code === undefined,
    ),
    undefined,
  );
  for (const client of running) {
    assert.equal((await client.query("SELECT 1")).rowCount, 1);
    await client.end();
  }
});
