import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import type { TestContext } from "node:test";
import { after, before, test } from "node:test";
import pg from "pg";
import { askControl, metric, until } from "../support/control.ts";
import type { Gateway, LogLine } from "../support/gateway.ts";
import { startGateway } from "../support/gateway.ts";
import type { World } from "../support/world.ts";
import { startWorld } from "../support/world.ts";

/** So many connections that they all meet the same of two workers once in half a million runs. */
const MANY = 20;

let world: World;
before(async () => {
  world = await startWorld();
});
after(() => world.stop());

interface Place {
  readonly gateway: Gateway;
  readonly config: Record<string, unknown>;
  connect(more?: pg.ClientConfig): Promise<pg.Client>;
  /** Connected clients, and the worker that each of them met. */
  connectMany(): Promise<readonly { readonly client: pg.Client; readonly worker: number }[]>;
}

/** A gateway with two workers, in front of the same PostgreSQL as the others. */
async function twoWorkers(t: TestContext, limits: Record<string, unknown> = {}): Promise<Place> {
  const doors = { postgres: { ...(world.config["doors"] as { postgres: object }).postgres, workers: 2 } };
  const config = {
    ...world.config,
    doors,
    limits: { ...(world.config["limits"] as object), drainTimeout: "60s", ...limits },
    admin: { port: 0 },
    log: { level: "debug" },
  };
  const gateway = await startGateway(config);
  t.after(() => gateway.process.kill("SIGKILL"));
  const connect = async (more: pg.ClientConfig = {}) => {
    const client = await world.connect({ port: gateway.port, ...more });
    client.on("error", () => {}); // whoever waits for the end of a session listens too
    return client;
  };
  const connectMany = async () => {
    const met = [];
    for (let n = 0; n < MANY; n++) {
      const client = await connect();
      met.push({ client, worker: await workerOf(gateway, client) });
    }
    return met;
  };
  return { gateway, config, connect, connectMany };
}

const processIdOf = (client: pg.Client) => (client as unknown as { processID: number }).processID;
const keyOf = (client: pg.Client) => {
  const key = Buffer.alloc(4);
  key.writeInt32BE((client as unknown as { secretKey: number }).secretKey);
  return key;
};

async function workerOf({ logged }: Gateway, client: pg.Client): Promise<number> {
  const pid = processIdOf(client);
  const line = await logged((one) => one.event === "session.started.v1" && one["backendPid"] === pid);
  return Number(line["worker"]);
}

/** The process ids of a worker, in the order of their starts. */
function pidsOf({ log }: Gateway, worker: number): number[] {
  return log
    .filter((line) => line.event === "worker.started.v1" && line["worker"] === worker)
    .map((line) => Number(line["pid"]));
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** The line, counted from `from` on, for which `which` holds. */
function after_(from: number, gateway: Gateway, which: (line: LogLine) => boolean): Promise<LogLine> {
  return gateway.logged((line) => gateway.log.indexOf(line) >= from && which(line));
}

test("two workers share the port, and look like one Postern", async (t) => {
  const { gateway, connectMany } = await twoWorkers(t);
  const met = await connectMany();
  assert.deepEqual(new Set(met.map(({ worker }) => worker)), new Set([1, 2]));
  const ready = await askControl(gateway, "/readyz");
  assert.deepEqual(JSON.parse(ready.text), {
    ready: true,
    checks: [
      { check: "workers", ok: true },
      { check: "draining", ok: true },
      { check: "keys", ok: true },
      { check: "cluster/main", ok: true },
    ],
  });
  assert.equal(await metric(gateway, 'postern_sessions{door="postgres",cluster="main"}'), MANY);
  assert.equal(await metric(gateway, 'postern_config_loads_total{result="ok"}'), 1);
  await Promise.all(met.map(({ client }) => client.end()));
  assert.equal(await gateway.stop(), 0);
});

test("a cancel request reaches the session whichever worker it meets; a wrong key reaches none", async (t) => {
  const { gateway, connect } = await twoWorkers(t);
  const client = await connect();
  const home = await workerOf(gateway, client);
  const cancelHere = (key: Buffer) => cancelAt(gateway, processIdOf(client), key);
  const wrong = keyOf(client);
  wrong[0] = (wrong[0] ?? 0) ^ 1;
  for (let met = false; !met; ) {
    const from = gateway.log.length;
    const cancelled = assert.rejects(client.query("SELECT pg_sleep(600)"), { code: "57014" });
    await until(
      () =>
        world.postgres.query(
          `SELECT 1 FROM pg_stat_activity WHERE pid = ${processIdOf(client)} AND state = 'active'`,
        ),
      (rows) => rows.length > 0,
    );
    await cancelHere(wrong);
    const refused = await after_(from, gateway, (line) => line.event === "cancel.v1");
    assert.equal(refused["matched"], false);
    await cancelHere(keyOf(client));
    await cancelled;
    const taken = await after_(
      from,
      gateway,
      (line) => line.event === "cancel.v1" && line["matched"] === true,
    );
    met = taken["worker"] !== home;
  }
  await client.end();
  assert.equal(await gateway.stop(), 0);
});

test("kill -9 of a worker ends its sessions only, and another takes its place", async (t) => {
  const { gateway, connect, connectMany } = await twoWorkers(t);
  const met = await connectMany();
  const logins = 'postern_logins_total{door="postgres",result="allowed",code="ok"}';
  assert.equal(await metric(gateway, logins), MANY);
  let running = true;
  const load = met.map(async ({ client, worker }) => {
    while (running) {
      try {
        await client.query("SELECT count(*) FROM items");
      } catch (error) {
        assert.equal(worker, 1, `a session of worker ${worker} failed: ${String(error)}`);
        return "ended";
      }
    }
    return "lived";
  });
  const [first] = pidsOf(gateway, 1);
  process.kill(first ?? assert.fail(), "SIGKILL");
  const died = await gateway.logged((line) => line.event === "worker.died.v1");
  assert.deepEqual([died["worker"], died["pid"], died["how"]], [1, first, "SIGKILL"]);
  await gateway.logged(() => pidsOf(gateway, 1).length === 2);
  // New logins succeed, and the one who took the place gets some of them.
  for (let n = 0, worker = 0; worker !== 1 || n < 10; n++) {
    const client = await connect();
    worker = await workerOf(gateway, client);
    await client.query("SELECT 1");
    await client.end();
  }
  running = false;
  const ends = await Promise.all(load);
  assert.deepEqual(
    ends,
    met.map(({ worker }) => (worker === 1 ? "ended" : "lived")),
  );
  assert.ok(((await metric(gateway, logins)) ?? 0) > MANY, "what the dead worker had counted is lost");
  assert.equal(await metric(gateway, "postern_worker_deaths_total"), 1);
  assert.equal((await askControl(gateway, "/readyz")).status, 200);
  await Promise.all(met.map(({ client }) => client.end().catch(() => {})));
  assert.equal(await gateway.stop(), 0);
});

test("SIGTERM drains all workers: who rests is told, who is in a transaction may commit", async (t) => {
  const { gateway, connectMany } = await twoWorkers(t);
  const met = await connectMany();
  const pids = [...pidsOf(gateway, 1), ...pidsOf(gateway, 2)];
  const busy = met.filter((one, index) => met.findIndex(({ worker }) => worker === one.worker) === index);
  for (const { client } of busy) await client.query("BEGIN");
  const told = met.map(async ({ client }) => (await once(client, "error"))[0].code);
  const exit = gateway.stop();
  for (const worker of [1, 2])
    await gateway.logged((line) => line.event === "door.closed.v1" && line["worker"] === worker);
  assert.equal((await askControl(gateway, "/readyz")).status, 503);
  assert.equal((await askControl(gateway, "/livez")).status, 200);
  for (const { client } of busy) await client.query("COMMIT");
  assert.deepEqual(new Set(await Promise.all(told)), new Set(["57P01"]));
  assert.equal(await exit, 0);
  await until(
    async () => pids.filter(isAlive),
    (alive) => alive.length === 0,
  );
});

test("a second signal hurries all workers", async (t) => {
  const { gateway, connectMany } = await twoWorkers(t);
  const met = await connectMany();
  for (const { client } of met) await client.query("BEGIN");
  const exit = gateway.stop();
  for (const worker of [1, 2])
    await gateway.logged((line) => line.event === "drain.started.v1" && line["worker"] === worker);
  gateway.process.kill("SIGTERM");
  assert.equal(await exit, 0);
});

test("SIGHUP puts a changed configuration in force in all workers; a bad one in none", async (t) => {
  const { gateway, config, connect } = await twoWorkers(t);
  const [cluster] = config["clusters"] as readonly object[];
  gateway.configure({
    ...config,
    clusters: [{ ...cluster, decide: { mode: "token", databases: ["other"] } }],
  });
  gateway.process.kill("SIGHUP");
  await gateway.logged((line) => line.event === "config.loaded.v1" && gateway.log.indexOf(line) > 0);
  for (let n = 0; n < MANY; n++) await assert.rejects(connect(), pg.DatabaseError);
  gateway.configure("doors: [");
  gateway.process.kill("SIGHUP");
  await gateway.logged((line) => line.event === "config.refused.v1");
  await assert.rejects(connect(), pg.DatabaseError);
  const from = gateway.log.length;
  gateway.configure(config);
  gateway.process.kill("SIGHUP");
  await after_(from, gateway, (line) => line.event === "config.loaded.v1");
  for (let n = 0; n < MANY; n++) await (await connect()).end();
  assert.equal(await gateway.stop(), 0);
});

test("a configuration that one worker cannot take is in force in none", async (t) => {
  const { gateway, config, connect } = await twoWorkers(t);
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
  t.after(() => taken.close());
  const { port } = taken.address() as { port: number };
  const doors = { postgres: { ...(config["doors"] as { postgres: object }).postgres, port } };
  gateway.configure({ ...config, doors });
  const refused = await gateway.logged((line) => line.event === "config.refused.v1");
  assert.match(String(refused["detail"]), /EADDRINUSE/);
  await (await connect()).end();
  assert.equal(await gateway.stop(), 0);
});

/** Resolves when so many connections in a row were refused that both workers must have heard of the reason. */
async function refusedEverywhere(connect: Place["connect"], reason: RegExp): Promise<void> {
  const refused = () =>
    connect().then(
      (client) => client.end().then(() => false),
      (error: Error) => reason.test(error.message) || Promise.reject(error),
    );
  const all = async () => {
    for (let n = 0; n < MANY; n++) if (!(await refused())) return false;
    return true;
  };
  await until(all, Boolean);
}

test("failed logins of an address count over all workers", async (t) => {
  const { gateway, connect } = await twoWorkers(t, { failedLoginsPerAddress: 6 });
  for (let n = 0; n < 6; n++) await assert.rejects(connect({ password: "no token" }), { code: "28P01" });
  await refusedEverywhere(connect, /too many failed logins/);
  assert.equal(await gateway.stop(), 0);
});

test("sessions of an identity count over all workers, and are free again when they end", async (t) => {
  const { gateway, connect } = await twoWorkers(t, { connectionsPerIdentity: 4 });
  const sessions = [];
  for (let n = 0; n < 4; n++) sessions.push(await connect());
  await refusedEverywhere(connect, /too many sessions/);
  await (await connect({ user: "ben", password: world.token("ben") })).end();
  for (const session of sessions) await session.end();
  await until(
    () => metric(gateway, 'postern_sessions{door="postgres",cluster="main"}'),
    (live) => live === 0,
  );
  for (let n = 0; n < MANY; n++)
    await until(
      () =>
        connect().then(
          (client) => client.end(),
          () => false,
        ),
      (done) => done !== false,
    );
  assert.equal(await gateway.stop(), 0);
});

test("workers end with their supervisor, even when it is killed", async (t) => {
  const { gateway, connect } = await twoWorkers(t);
  const client = await connect();
  const pids = [...pidsOf(gateway, 1), ...pidsOf(gateway, 2)];
  const told = once(client, "error");
  gateway.process.kill("SIGKILL");
  assert.equal((await told)[0].code, "57P01");
  await until(
    async () => pids.filter(isAlive),
    (alive) => alive.length === 0,
  );
});

test("a port that is taken is told once, and no process is left", async (t) => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
  t.after(() => taken.close());
  const { port } = taken.address() as { port: number };
  const doors = { postgres: { port, workers: 2 } };
  await assert.rejects(startGateway({ ...world.config, doors }), (error: Error) => {
    assert.match(error.message, /ended with code 1/);
    assert.equal(error.message.match(/is in use/g)?.length, 1);
    return true;
  });
});

test("what no worker can start with is told once, and no process is left", async () => {
  const doors = {
    postgres: { port: 0, workers: 2, tls: { certFile: world.caFile, keyFile: keyFileOf(world) } },
  };
  await assert.rejects(startGateway({ ...world.config, doors }), (error: Error) => {
    assert.match(error.message, /ended with code 1/);
    assert.equal(error.message.match(/is not the key of/g)?.length, 1);
    return true;
  });
});

function keyFileOf({ config }: World): string {
  return (config["doors"] as { postgres: { tls: { keyFile: string } } }).postgres.tls.keyFile;
}

/** Sends a CancelRequest and resolves when the gateway has closed the connection. */
async function cancelAt(gateway: Gateway, processId: number, key: Buffer): Promise<void> {
  const { createConnection } = await import("node:net");
  const { cancelRequest } = await import("../support/wire-bytes.ts");
  const socket = createConnection({ host: gateway.host, port: gateway.port });
  socket.end(cancelRequest(processId, key));
  socket.resume();
  await once(socket, "close");
}
