/** What the measurements read and write. */
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { postgresProgram } from "../support/postgres-program.ts";
import { run } from "../support/program.ts";
import { type Bed, DATABASE, PASSWORD, ROLE } from "./bed.ts";
import { libpqEnvironment } from "./client.ts";

/** pgbench_accounts of 1,000,000 rows: all of it fits in the server's buffers. */
const PGBENCH_SCALE = "10";
/** Rows of 100 bytes of COPY text, with the line's end. */
const COPY_ROWS = 2_000_000;
export const COPY_BYTES = COPY_ROWS * 100;

/** `sink` is unlogged: what the write-ahead log costs is not asked here. */
const TABLES = `
  CREATE TABLE big AS SELECT lpad(i::text, 99, 'x') AS line FROM generate_series(1, ${COPY_ROWS}) AS i;
  CREATE UNLOGGED TABLE sink (line text);
  ALTER TABLE big OWNER TO ${ROLE};
  ALTER TABLE sink OWNER TO ${ROLE};
  VACUUM ANALYZE big;`;

/** The input of COPY … FROM STDIN. */
export function copyFile(bed: Bed): string {
  return join(bed.workspace.directory, "big.copy");
}

/** Fills the database that `measures` need. */
export async function fill(bed: Bed, signal: AbortSignal, progress: (step: string) => void): Promise<void> {
  const login = { user: ROLE, password: PASSWORD };
  const options = { env: libpqEnvironment(bed, "plain", { port: bed.postgres.port, login }), signal };
  progress("filling the tables of pgbench");
  await run(postgresProgram("pgbench"), ["-iq", "-s", PGBENCH_SCALE], options);
  progress("making 200 MB for COPY");
  for (const statement of TABLES.split(";\n")) await bed.postgres.query(statement, DATABASE);
  const stdout = openSync(copyFile(bed), "w");
  try {
    await run(postgresProgram("psql"), ["-Xqc", "COPY big TO STDOUT"], { ...options, stdout });
  } finally {
    closeSync(stdout);
  }
}
