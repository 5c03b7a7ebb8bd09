/** The ground that every peer stands on: one PostgreSQL, one data set, one issuer of tokens. */
import { startPostgres, type TestPostgres } from "../../test/support/postgres.ts";
import { quietPort } from "../support/ports.ts";
import { Workspace } from "../support/workspace.ts";
import { DATA, DATABASE, ROLES, SCHEMA } from "./data.ts";
import { type Issuer, newIssuer } from "./issuer.ts";

/** Pools of every peer side by side, and the clients of pgbench. */
const MAX_CONNECTIONS = 1_200;

export interface Bed extends AsyncDisposable {
  readonly workspace: Workspace;
  readonly postgres: TestPostgres;
  readonly issuer: Issuer;
  /** Empties a table that a case fills, so that everybody finds the same. */
  empty(table: "notes"): Promise<void>;
}

/** Starts PostgreSQL and makes everything that peers share. */
export async function makeBed(progress: (step: string) => void): Promise<Bed> {
  await using stack = new AsyncDisposableStack();
  const workspace = stack.use(new Workspace());
  progress("starting PostgreSQL");
  const postgres = stack.adopt(await startServer(), (server) => server.stop());
  progress("making roles and rows");
  await postgres.query(ROLES);
  await postgres.query(`CREATE DATABASE ${DATABASE}`);
  for (const statement of DATA) await postgres.query(statement, DATABASE);
  const held = stack.move();
  return {
    workspace,
    postgres,
    issuer: newIssuer(),
    empty: async (table) => void (await postgres.query(`TRUNCATE ${SCHEMA}.${table}`, DATABASE)),
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

async function startServer(): Promise<TestPostgres> {
  return startPostgres({
    port: await quietPort(),
    tls: false,
    settings: {
      max_connections: String(MAX_CONNECTIONS),
      shared_buffers: "512MB", // holds the data, so that disks are not measured
      max_wal_size: "8GB", // no checkpoint in the middle of a round
      autovacuum: "off",
      log_line_prefix: LOG_LINE_PREFIX,
    },
  });
}

/** What `statement-log.ts` reads. */
const LOG_LINE_PREFIX = "%m [%p] ";
