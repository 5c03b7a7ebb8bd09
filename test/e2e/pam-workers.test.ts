/** Logins that are only asked about, beside doors that several workers share. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import pg from "pg";
import type { AccessWorld } from "../support/access-world.ts";
import { bind, group, may, role, startAccessWorld, user } from "../support/access-world.ts";
import { apiOf } from "../support/api.ts";
import { metric, until } from "../support/control.ts";
import { ended } from "../support/ended.ts";
import { eventually } from "../support/eventually.ts";
import type { LogLine } from "../support/gateway.ts";
import { pamQuestion, sendToPam } from "../support/pam-question.ts";
import { ISSUER, UPSTREAM_PASSWORD } from "../support/world.ts";

/** Of an identity, and of an address, over all processes. */
const MOST_SESSIONS = 3;
const MOST_FAILURES = 4;
/** So many connections that they all meet the same of two workers once in half a million runs. */
const MANY = 20;

const directory = mkdtempSync(join(tmpdir(), "postern-pam-workers-"));
const path = join(directory, "door.sock");
let world: AccessWorld;
before(async () => {
  world = await startAccessWorld({
    door: { workers: 2 },
    pam: { unixSocket: { path, mode: "600" }, endSessions: true },
    limits: { connectionsPerIdentity: MOST_SESSIONS, failedLoginsPerAddress: MOST_FAILURES },
  });
  await world.put(role("connect", may("connect", "databases", "main/*")));
  await world.put(bind("everybody", "connect", group("system:authenticated")));
  await world.put(role("reader", may("assume", "databaseroles", "ro")));
  for (const sub of ["ada", "ben", "cat"]) await world.put(bind(sub, "reader", user(sub)));
});
after(async () => {
  await world.stop();
  rmSync(directory, { recursive: true });
});

const ask = (type: "auth" | "account", more: Readonly<Record<string, string>>) =>
  sendToPam(path, pamQuestion({ type, role: "ro", rhost: "192.0.2.7", ...more }));
const askJit = async (bearer: string, rhost = "192.0.2.7") =>
  (await apiOf(world.gateway, bearer)("POST", "/jit/authorize", { role: "ro", rhost })).status;
const sessionsByPam = () =>
  metric(world.gateway, 'postern_sessions{door="pam",cluster="main"}', world.administratorToken);
const logIn = (sub: string) => world.connect({ user: "ro", password: world.token(sub) });

/** A session of a server that Postern is not in front of, where PAM asks both its questions about the login. */
async function logInByPam(sub: string) {
  const { port } = world.postgres;
  const server = { host: "127.0.0.1", port, user: "ro", password: UPSTREAM_PASSWORD, database: "postgres" };
  const client = new pg.Client(server);
  const cut = ended(client);
  await client.connect();
  const { rows } = await client.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
  const pid = rows[0]?.pid ?? assert.fail();
  const process = String(pid);
  assert.equal(await ask("auth", { process, credential: world.token(sub) }), "allow\n");
  assert.equal(await ask("account", { process }), "allow\n");
  return { cut, pid, end: () => client.end() };
}

test("a login by PAM is decided about, counted, listed, and ended with its right", async () => {
  const { cut, pid } = await logInByPam("ada");
  assert.equal(await sessionsByPam(), 1);
  const listed = await until(
    () => world.administrator("GET", "/sessions"),
    ({ body }) => body.items.length > 0,
  );
  assert.deepEqual(
    listed.body.items.map((item: Record<string, unknown>) => [
      item["door"],
      item["subject"],
      item["backendPid"],
    ]),
    [["pam", `${ISSUER}:ada`, pid]],
  );
  assert.equal((await world.administrator("DELETE", "/namespaces/shop/rolebindings/ada")).status, 204);
  assert.equal((await cut).code, "57P01");
  assert.match(await ask("auth", { process: "1", credential: world.token("ada") }), /^deny policy\/assume /);
});

test("sessions of an identity count over PAM and all workers", async () => {
  const byPam = await logInByPam("ben");
  // Each worker has to hear of the policy first, and then of those who are in.
  const letIn = () => eventually("the worker knows the policy", () => logIn("ben").catch(() => undefined));
  const clients = [await letIn(), await letIn()];
  await until(
    () => tellings("127.0.0.1", world.token("ben")),
    (told) => told.every((one) => /too many sessions/.test(one)),
  );
  const credential = world.token("ben");
  assert.match(await ask("auth", { process: "1", credential }), /^deny access\/too-many-sessions /);
  assert.equal(await askJit(credential), 429);
  await byPam.end();
  await until(
    () => ask("auth", { process: "1", credential }),
    (answer) => answer === "allow\n",
  );
  await Promise.all(clients.map((client) => client.end()));
});

const everywhere = (kind: string, more: object) => ({
  apiVersion: "rbac.authorization.k8s.io/v1",
  kind,
  metadata: { name: "token-makers" },
  ...more,
});

test("jit/authorize is answered: a signed token and a personal one open what policy gives them", async () => {
  assert.equal(await askJit(world.token("cat")), 200);
  assert.equal(await askJit(world.token("dan")), 406);
  await world.put(everywhere("ClusterRole", { rules: [may("create", "personaltokens")] }));
  await world.put(
    everywhere("ClusterRoleBinding", {
      subjects: [user("cat")],
      roleRef: { kind: "ClusterRole", name: "token-makers" },
    }),
  );
  const made = await world.as("cat")("POST", "/tokens", { name: "ci", expiresIn: "1d" });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  assert.equal(await askJit(made.body.token), 200);
  assert.equal((await world.as("cat")("DELETE", `/tokens/${made.body.listed.id}`)).status, 200);
  await until(
    () => askJit(made.body.token),
    (status) => status === 401,
  );
});

/** What each of many logins over the wire from this address is told. */
async function tellings(address: string, password: string): Promise<readonly string[]> {
  const told: string[] = [];
  for (let n = 0; n < MANY; n++)
    told.push(
      await world.connect({ user: "ro", password, stream: () => socketFrom(address) }).then(
        (client) => client.end().then(() => "let in"),
        (error: Error) => error.message,
      ),
    );
  return told;
}

function socketFrom(localAddress: string): Socket {
  const socket = new Socket();
  const connect = socket.connect.bind(socket);
  socket.connect = (port: unknown) => connect({ port: Number(port), host: "127.0.0.1", localAddress });
  return socket;
}

const waits = (told: readonly string[]) => told.every((one) => /too many failed logins/.test(one));

test("failed logins of an address at the PAM door count in every worker", async () => {
  const guess = { rhost: "127.0.0.3", process: "1", credential: "guess" };
  for (let n = 0; n < MOST_FAILURES; n++) assert.match(await ask("auth", guess), /^deny identity\//);
  await until(() => tellings("127.0.0.3", world.token("cat")), waits);
});

test("failed logins of an address in a worker count at the PAM door", async () => {
  await until(() => tellings("127.0.0.4", "guess"), waits);
  const good = { process: "1", credential: world.token("cat") };
  assert.match(await ask("auth", { ...good, rhost: "127.0.0.4" }), /^deny access\/too-many-failures /);
  assert.equal(await ask("auth", { ...good, rhost: "127.0.0.5" }), "allow\n");
});

test("a worker that dies takes nothing along of the PAM door, and the one in its place counts its sessions", async () => {
  const byPam = await logInByPam("cat");
  const { pid, worker } = await world.gateway.logged((line) => line.event === "worker.started.v1");
  process.kill(Number(pid), "SIGKILL");
  const replaced = (line: LogLine) => line.event === "worker.started.v1" && line["worker"] === worker;
  await until(
    async () => world.gateway.log.filter(replaced).length,
    (starts) => starts === 2,
  );
  assert.equal(await ask("auth", { process: "1", credential: world.token("cat") }), "allow\n");
  await until(sessionsByPam, (sessions) => sessions === 1);
  await byPam.end();
});

test("a reload moves the PAM door, or changes nothing in any process", async () => {
  const { gateway, config } = world;
  const doors = config["doors"] as { pam: object };
  const good = { process: "1", credential: world.token("ben") };
  const at = (place: string) => ({
    ...config,
    doors: { ...doors, pam: { ...doors.pam, unixSocket: { path: place, mode: "600" } } },
    limits: { failedLoginsPerAddress: 0 },
  });
  gateway.configure(at(join(directory, "none", "door.sock")));
  await gateway.logged(({ event }) => event === "config.refused.v1");
  assert.equal(await ask("auth", good), "allow\n");
  await until(() => tellings("127.0.0.4", "guess"), waits);
  const moved = join(directory, "moved.sock");
  gateway.configure(at(moved));
  await gateway.logged(({ event, address }) => event === "door.opened.v1" && address === moved);
  await until(
    () => tellings("127.0.0.4", "guess"),
    (told) => !told.some((one) => /too many failed logins/.test(one)),
  );
  assert.equal(
    await sendToPam(moved, pamQuestion({ type: "auth", role: "ro", rhost: "192.0.2.7", ...good })),
    "allow\n",
  );
});
