import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { askControl } from "../support/control.ts";
import type { Gateway } from "../support/gateway.ts";
import { startGateway } from "../support/gateway.ts";
import type { World } from "../support/world.ts";
import { startWorld, UPSTREAM_PASSWORD } from "../support/world.ts";

const ADMIN_TOKEN = "admin-token-8c21f0b7d6e54a39";
const SECRETS = {
  shared: UPSTREAM_PASSWORD,
  map: "secret-of-the-map-51c0",
  file: "secret-of-the-file-72aa",
  environment: "secret-of-the-environment-93be",
};

let world: World;
let gateway: Gateway;
let directory: string;
before(async () => {
  directory = mkdtempSync(join(tmpdir(), "postern-secrets-"));
  world = await startWorld({
    postgres: {
      hba: [
        "hostssl all certified 127.0.0.1/32 cert",
        "host all trusted 127.0.0.1/32 trust",
        "host all all 127.0.0.1/32 scram-sha-256",
      ],
      sql: `CREATE ROLE mapped LOGIN PASSWORD '${SECRETS.map}'; CREATE ROLE filed LOGIN PASSWORD '${SECRETS.file}';
        CREATE ROLE from_env LOGIN PASSWORD '${SECRETS.environment}';
        CREATE ROLE certified LOGIN; CREATE ROLE trusted LOGIN;`,
    },
  });
  writeFileSync(join(directory, "filed"), SECRETS.file);
  const { caFile, caKeyFile } = world.postgres;
  const logins = {
    shared: { method: "shared-password", password: SECRETS.shared },
    own: {
      method: "role-password",
      passwords: { mapped: SECRETS.map },
      directory,
      environmentPrefix: "TEST_PASSWORD_",
    },
    minted: { method: "certificate", caCertFile: caFile, caKeyFile },
    open: { method: "trust" },
  };
  const [main] = world.config["clusters"] as [object];
  const clusters = Object.entries(logins).map(([name, login]) => ({ ...main, name, login }));
  const config = {
    ...world.config,
    clusters,
    admin: { port: 0, token: ADMIN_TOKEN },
    log: { level: "trace" },
  };
  gateway = await startGateway(config, { env: { TEST_PASSWORD_FROM_ENV: SECRETS.environment } });
});
after(async () => {
  await gateway.stop();
  await world.stop();
  rmSync(directory, { recursive: true, force: true });
});

test("attack 28: after logins by every method, neither the control door nor the log holds a secret", async () => {
  const tokens: string[] = [];
  for (const [cluster, user] of [
    ["shared", "ada"],
    ["own", "mapped"],
    ["own", "filed"],
    ["own", "from_env"],
    ["minted", "certified"],
    ["open", "trusted"],
  ] as const) {
    const password = world.token(user);
    tokens.push(password, password.split(".")[2] ?? assert.fail());
    const client = await world.connect({
      port: gateway.port,
      user,
      database: `${cluster}/postgres`,
      password,
    });
    assert.equal((await client.query("SELECT session_user AS who")).rows[0].who, user);
    await client.end();
    await assert.rejects(
      world.connect({ port: gateway.port, user, database: `${cluster}/postgres`, password: `${password}x` }),
    );
  }
  const keys = [world.postgres.caKeyFile, join(world.postgres.dataDirectory, "..", "gateway.key")]
    .map((file) => readFileSync(file, "utf8"))
    .concat(world.issuerKey)
    .map((pem) => pem.split("\n")[1] ?? assert.fail());
  const texts = await Promise.all(
    ["/metrics", "/readyz", "/livez"].flatMap((path) => [
      askControl(gateway, path).then(({ text }) => text),
      askControl(gateway, path, ADMIN_TOKEN).then(({ text }) => text),
    ]),
  );
  assert.match(texts.join("\n"), /postern_logins_total\{[^}]*result="allowed"[^}]*\} 6/);
  for (const text of [...texts, gateway.output()]) {
    for (const secret of [...Object.values(SECRETS), ...tokens, ...keys, ADMIN_TOKEN, "PRIVATE KEY"])
      assert.ok(!text.includes(secret), `${secret.slice(0, 20)} in ${text.slice(0, 200)}`);
  }
});
