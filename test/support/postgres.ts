import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { type Authority, createAuthority } from "../../src/demo/authority.ts";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "../../src/embedded/embedded-postgres.ts";
import { copyTemplate } from "./postgres-template.ts";

/** The superuser that tests set things up with; trusted from loopback, whatever pg_hba says otherwise. */
const ADMIN = "test_admin";

/** Another PostgreSQL than the one that is installed beside Postern: `bin`, `lib` and `share` of it. */
const NATIVE = process.env["POSTERN_TEST_POSTGRES"];

export interface TestPostgresOptions {
  /** A free one by default. */
  readonly port?: number;
  /** Lines of pg_hba.conf after the administrator's; SCRAM for everybody by default. */
  readonly hba?: readonly string[];
  readonly settings?: Readonly<Record<string, string>>;
  /** Run as superuser in database `postgres` once the server is up. */
  readonly sql?: string;
  /** Where the `bin`, `lib` and `share` of another PostgreSQL are; POSTERN_TEST_POSTGRES by default, then 18. */
  readonly native?: string;
  /** False: no TLS. Otherwise the names in the server's certificate, `localhost` and 127.0.0.1 by default. */
  readonly tls?: false | readonly string[];
}

export interface TestPostgres extends EmbeddedPostgres {
  /** The server's major version. */
  readonly major: number;
  /** The authority of the server's certificate and of the client certificates that it trusts. */
  readonly authority: Authority;
  /** The authority's certificate and key, as files. */
  readonly caFile: string;
  readonly caKeyFile: string;
  /** The server's log so far. */
  readonly lines: readonly string[];
  /** Runs SQL as superuser and returns the rows (of the last statement, when there are several). */
  query(sql: string, database?: string): Promise<Record<string, unknown>[]>;
  /** Replaces the lines of pg_hba.conf after the administrator's. */
  setHba(hba: readonly string[]): Promise<void>;
}

const SCRAM_FOR_ALL = [
  "host all all 127.0.0.1/32 scram-sha-256",
  "host replication all 127.0.0.1/32 scram-sha-256",
];

/** `node --test` ends a test that takes too long with SIGTERM, which by itself runs no exit handlers. */
process.once("SIGTERM", () => process.exit(1));

/** Starts an embedded PostgreSQL (18, or the one in POSTERN_TEST_POSTGRES) in a fresh directory. `stop()` leaves nothing behind. */
export async function startPostgres(options: TestPostgresOptions = {}): Promise<TestPostgres> {
  const directory = mkdtempSync(join(tmpdir(), "postern-pg-"));
  const authority = await createAuthority();
  const lines: string[] = [];
  const hba = (more: readonly string[]) => [`host all ${ADMIN} 127.0.0.1/32 trust`, ...more];
  const native = options.native ?? NATIVE;
  const setUp = [{ database: "postgres", sql: `CREATE ROLE ${ADMIN} SUPERUSER LOGIN;` }];
  await copyTemplate(directory, { setUp, native });
  const server = await startEmbeddedPostgres({
    directory,
    native,
    port: options.port ?? 0,
    hba: hba(options.hba ?? SCRAM_FOR_ALL),
    settings: { max_connections: "200", wal_level: "logical", shared_buffers: "32MB", ...options.settings },
    ...(options.tls === false ? {} : { tls: await serverTls(authority, options.tls) }),
    setUp,
    log: (line) => lines.push(line),
  });
  // A test that is cut short must not leave its server behind.
  const cut = () => {
    process.kill(server.pid, "SIGQUIT");
    rmSync(directory, { recursive: true, force: true, maxRetries: 3 });
  };
  process.once("exit", cut);
  const query = (sql: string, database = "postgres") => queryAs(server.port, ADMIN, sql, database);
  const stop = async () => {
    process.removeListener("exit", cut);
    await server.stop();
    rmSync(directory, { recursive: true, force: true });
  };
  const major = await fill(query, options.sql ?? "").catch(async (error: unknown) => {
    await stop(); // or else its process would keep the failed test alive
    throw error;
  });
  return {
    ...server,
    major,
    authority,
    ...authorityFiles(directory, authority),
    lines,
    query,
    setHba: async (more) => {
      server.write("pg_hba.conf", `${hba(more).join("\n")}\n`);
      await reloaded(server, query);
    },
    stop,
  };
}

/** Runs the SQL of a test; returns the server's major version. */
async function fill(query: TestPostgres["query"], sql: string): Promise<number> {
  if (sql !== "") await query(sql);
  const [row] = await query("SELECT current_setting('server_version_num')::int / 10000 AS major");
  return Number(row?.["major"]);
}

async function serverTls(authority: Authority, names: readonly string[] = ["localhost", "127.0.0.1"]) {
  return { ...(await authority.server(names)), clientCa: authority.cert };
}

function authorityFiles(directory: string, authority: Authority) {
  const caFile = join(directory, "ca.crt");
  const caKeyFile = join(directory, "ca.key");
  writeFileSync(caFile, authority.cert);
  writeFileSync(caKeyFile, authority.key, { mode: 0o600 });
  return { caFile, caKeyFile };
}

/** Runs SQL through a connection of its own and returns the rows (of the last statement, when there are several). */
export async function queryAs(port: number, user: string, sql: string, database: string) {
  const client = new pg.Client({ host: "127.0.0.1", port, user, database });
  await client.connect();
  try {
    const result: unknown = await client.query(sql);
    const last = Array.isArray(result) ? result.at(-1) : result;
    return (last as pg.QueryResult<Record<string, unknown>>).rows; // pg's typing hides several results
  } finally {
    await client.end();
  }
}

/** Resolves when a backend started after the reload has the new configuration. */
async function reloaded(server: EmbeddedPostgres, query: TestPostgres["query"]): Promise<void> {
  const [before] = await query("SELECT pg_conf_load_time()::text AS at");
  server.reload();
  for (;;) {
    const [after] = await query("SELECT pg_conf_load_time()::text AS at");
    if (after?.["at"] !== before?.["at"]) return;
  }
}
