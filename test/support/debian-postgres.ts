import { type ChildProcess, execFile, spawn } from "node:child_process";
import { appendFileSync, chownSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { spawnAs, unprivilegedAccount } from "../../src/embedded/unprivileged.ts";
import { freePort } from "./free-port.ts";
import { queryAs } from "./postgres.ts";

/** Debian's package `postgresql` puts its programs here. */
const BIN = "/usr/lib/postgresql/15/bin";
/** The superuser of the test servers. */
const ADMIN = "test_admin";

const run = promisify(execFile);

/** One PostgreSQL 15 from Debian: the second version that tests run against, and the one with pg_basebackup. */
export interface DebianPostgres {
  readonly port: number;
  /** Runs SQL as superuser and returns the rows. */
  query(sql: string): Promise<Record<string, unknown>[]>;
  /** Makes a standby the primary; resolves when it takes writes. */
  promote(): Promise<void>;
  /** Ends it as a power cut would. */
  kill(): Promise<void>;
  /** Starts it again on its port. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

export interface DebianPair {
  readonly primary: DebianPostgres;
  readonly standby: DebianPostgres;
  stop(): Promise<void>;
}

/** Whether Debian's PostgreSQL 15 is installed, or the command that installs it. */
export const debianPostgresMissing: string | false = existsSync(join(BIN, "pg_basebackup"))
  ? false
  : "needs PostgreSQL 15: apt-get install postgresql postgresql-contrib";

/** Starts one server. Everybody on loopback is trusted. */
export async function startDebianPostgres(sql = ""): Promise<DebianPostgres> {
  const { directory, as } = newPlace();
  const server = await startFirst(join(directory, "a"), sql, as);
  return {
    ...server,
    stop: async () => {
      await server.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Starts a primary and a streaming standby of it. Everybody on loopback is trusted. */
export async function startDebianPair(sql = ""): Promise<DebianPair> {
  const { directory, as } = newPlace();
  const [first, second] = [join(directory, "a"), join(directory, "b")];
  const primary = await startFirst(first, sql, as);
  const from = `host=127.0.0.1 port=${primary.port} user=${ADMIN}`;
  await run(
    join(BIN, "pg_basebackup"),
    ["-D", second, "-R", "-X", "stream", "-c", "fast", "-N", "-d", from],
    as,
  );
  const standby = await makeServer(second, as);
  return {
    primary,
    standby,
    stop: async () => {
      await Promise.all([primary.stop(), standby.stop()]);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** A directory of the account that servers run as. */
function newPlace() {
  const directory = mkdtempSync(join(tmpdir(), "postern-pair-"));
  const account = unprivilegedAccount();
  if (account.kind === "other") chownSync(directory, account.uid, account.gid);
  return { directory, as: { ...spawnAs(account), cwd: directory, env: { PATH: BIN, LC_ALL: "C" } } };
}

async function startFirst(data: string, sql: string, as: SpawnAs): Promise<DebianPostgres> {
  await run(join(BIN, "initdb"), ["-D", data, "-U", ADMIN, "-A", "trust", "-N", "-E", "UTF8"], as);
  const server = await makeServer(data, as);
  await server.query(sql).catch(async (error: unknown) => {
    await server.stop(); // or else its process would keep the failed test alive
    throw error;
  });
  return server;
}

type SpawnAs = { readonly uid?: number; readonly gid?: number; readonly cwd: string };

async function makeServer(data: string, as: SpawnAs): Promise<DebianPostgres> {
  const port = await freePort();
  writeFileSync(
    join(data, "pg_hba.conf"),
    "host all all 127.0.0.1/32 trust\nhost replication all 127.0.0.1/32 trust\n",
  );
  const settings = { listen_addresses: "127.0.0.1", port, unix_socket_directories: "", fsync: "off" };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = '${value}'`);
  appendFileSync(join(data, "postgresql.conf"), `${lines.join("\n")}\n`);
  let child = await startServer(data, as);
  const end = async (signal: "SIGINT" | "SIGQUIT") => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const closed = new Promise((resolve) => child.once("close", resolve));
    child.kill(signal);
    await closed;
  };
  process.once("exit", () => child.kill("SIGQUIT"));
  const query = (sql: string) => queryAs(port, ADMIN, sql, "postgres");
  return {
    port,
    query,
    promote: async () => void (await query("SELECT pg_promote(true, 60)")),
    kill: () => end("SIGQUIT"),
    start: async () => {
      child = await startServer(data, as);
    },
    stop: () => end("SIGINT"),
  };
}

/** Starts a server; resolves when it takes connections. */
function startServer(data: string, as: SpawnAs): Promise<ChildProcess> {
  const child = spawn(join(BIN, "postgres"), ["-D", data], { ...as, stdio: ["ignore", "ignore", "pipe"] });
  let log = "";
  return new Promise((resolve, reject) => {
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      log += text;
      if (/database system is ready to accept (read-only )?connections/.test(log)) resolve(child);
    });
    child.once("close", () => reject(new Error(`PostgreSQL ended: ${log}`)));
  });
}
