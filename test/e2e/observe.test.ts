import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { askControl, metric, until } from "../support/control.ts";
import { freePort } from "../support/free-port.ts";
import type { World } from "../support/world.ts";
import { startWorld, UPSTREAM_PASSWORD } from "../support/world.ts";

let world: World;
before(async () => {
  world = await startWorld({ config: { admin: { port: 0 }, log: { level: "debug" } } });
});
after(() => world.stop());

test("a Postern that serves is live and ready, and says what it checked", async () => {
  const live = await askControl(world.gateway, "/livez");
  assert.deepEqual([live.status, live.text], [200, '{"live":true}']);
  const ready = await askControl(world.gateway, "/readyz");
  assert.equal(ready.status, 200);
  assert.deepEqual(JSON.parse(ready.text), {
    ready: true,
    checks: [
      { check: "draining", ok: true },
      { check: "keys", ok: true },
      { check: "cluster/main", ok: true },
    ],
  });
});

test("a session shows in the metrics while it lives and after", async () => {
  const { gateway } = world;
  const live = 'postern_sessions{door="postgres",cluster="main"}';
  const logins = 'postern_logins_total{door="postgres",result="allowed",code="ok"}';
  const toClient = 'postern_session_bytes_total{direction="to_client"}';
  const before = {
    logins: (await metric(gateway, logins)) ?? 0,
    bytes: (await metric(gateway, toClient)) ?? 0,
  };
  const client = await world.connect();
  await client.query("SELECT repeat('x', 100000)");
  assert.equal(await metric(gateway, live), 1);
  assert.equal(await metric(gateway, logins), before.logins + 1);
  assert.ok(((await metric(gateway, toClient)) ?? 0) >= before.bytes + 100_000);
  await client.end();
  await until(
    () => metric(gateway, live),
    (sessions) => sessions === 0,
  );
  assert.ok(((await metric(gateway, toClient)) ?? 0) >= before.bytes + 100_000);
  assert.equal(
    await metric(gateway, 'postern_login_seconds_bucket{le="+Inf",door="postgres",cluster="main"}'),
    before.logins + 1,
  );
});

test("a refused login is counted by the check that failed", async () => {
  const denied = 'postern_logins_total{door="postgres",result="denied",code="identity/expired"}';
  const before = (await metric(world.gateway, denied)) ?? 0;
  await assert.rejects(world.connect({ password: world.token("ada", { exp: 1_600_000_000 }) }));
  await until(
    () => metric(world.gateway, denied),
    (count) => count === before + 1,
  );
});

test("the certificate's end, the hosts and the process are in the metrics", async () => {
  const { gateway } = world;
  const notAfter = (await metric(gateway, 'postern_tls_not_after_timestamp_seconds{door="postgres"}')) ?? 0;
  assert.ok(notAfter > Date.now() / 1000);
  const host = `localhost:${world.postgres.port}`;
  assert.equal(await metric(gateway, `postern_upstream_up{cluster="main",host="${host}"}`), 1);
  assert.ok(((await metric(gateway, "process_resident_memory_bytes")) ?? 0) > 0);
  assert.equal(await metric(gateway, 'postern_config_loads_total{result="ok"}'), 1);
});

test("neither the metrics nor the log hold a secret or what a client chose", async () => {
  const token = world.token("ada");
  const client = await world.connect({ password: token, database: "postgres" });
  await client.query("SELECT 'a-secret-in-a-query'");
  await client.end();
  await assert.rejects(world.connect({ password: `${token}x` }));
  const { text } = await askControl(world.gateway, "/metrics");
  const signature = token.split(".")[2] ?? assert.fail();
  for (const secret of [UPSTREAM_PASSWORD, token, signature, "a-secret-in-a-query"]) {
    assert.ok(!text.includes(secret));
    assert.ok(!world.gateway.output().includes(secret));
  }
  for (const chosen of ["ada", "127.0.0.1"]) assert.ok(!text.includes(`"${chosen}"`), chosen);
});

test("a bad configuration is counted and changes nothing; a good one moves the token into force", async () => {
  const { gateway, config } = world;
  gateway.configure("doors: [");
  await gateway.logged((line) => line.event === "config.refused.v1");
  await until(
    () => metric(gateway, 'postern_config_loads_total{result="refused"}'),
    (count) => count === 1,
  );
  await world.freshLoginWorks();
  const token = "0123456789abcdef0123456789abcdef";
  gateway.configure({ ...config, admin: { port: 0, token } });
  await until(
    () => askControl(gateway, "/metrics"),
    ({ status }) => status === 401,
  );
  assert.equal((await askControl(gateway, "/metrics", token)).status, 200);
  assert.ok(!gateway.output().includes(token));
  gateway.configure(config);
  await until(
    () => askControl(gateway, "/metrics"),
    ({ status }) => status === 200,
  );
});

test("a cluster without a reachable host makes Postern not ready, and is ready again with it", async () => {
  const { gateway, config, postgres } = world;
  const [cluster] = config["clusters"] as readonly object[];
  const dead = await freePort();
  gateway.configure({ ...config, clusters: [{ ...cluster, hosts: [{ host: "localhost", port: dead }] }] });
  await until(
    () => metric(gateway, `postern_upstream_up{cluster="main",host="localhost:${dead}"}`),
    (up) => up !== undefined,
  );
  await assert.rejects(world.connect(), /cannot be reached/);
  const unready = await askControl(gateway, "/readyz");
  assert.equal(unready.status, 503);
  assert.match(unready.text, /"check":"cluster\/main","ok":false/);
  assert.equal((await askControl(gateway, "/livez")).status, 200);
  gateway.configure(config);
  await until(
    () => askControl(gateway, "/readyz"),
    ({ status }) => status === 200,
  );
  assert.equal(
    await metric(gateway, `postern_upstream_up{cluster="main",host="localhost:${dead}"}`),
    undefined,
  );
  assert.equal(
    await metric(gateway, `postern_upstream_up{cluster="main",host="localhost:${postgres.port}"}`),
    1,
  );
  await world.freshLoginWorks();
});
