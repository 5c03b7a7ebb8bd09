import { createHash } from "node:crypto";
import type { Clock } from "../base/clock.ts";
import { quoteIdentifier } from "../base/sql-text.ts";
import { StoreError } from "./errors.ts";
import { MIGRATIONS } from "./migrations/all.ts";
import type { Migration } from "./migrations/migration.ts";
import type { Queries, Row, Transaction } from "./queries.ts";
import type { Store } from "./store.ts";
import { BEHIND_LOCKS } from "./transaction.ts";

/** What was done, or would be. */
export interface Migrated {
  /** Steps that this run applied (or would have, when it only looked). */
  readonly applied: readonly Pick<Migration, "version" | "name">[];
  /** The version of this program. */
  readonly version: number;
}

export interface MigrateOptions {
  readonly schema: string;
  readonly clock: Clock;
  /** Look only. */
  readonly dryRun?: boolean;
  /** The program's own by default. */
  readonly migrations?: readonly Migration[];
}

/** How long one node waits for another that migrates. */
const PATIENCE_MS = 60_000;
const LOOK_MS = 200;

/**
 * Brings the schema up to date: every pending step in one transaction, by one node at a time.
 * @throws StoreError store/schema when the schema is newer than this program, or a step is not what was applied
 */
export async function migrate(store: Store, options: MigrateOptions): Promise<Migrated> {
  const { clock } = options;
  for (const deadline = clock.now() + PATIENCE_MS; ; ) {
    const migrated = await attempt(store, options);
    if (migrated !== "busy") return migrated;
    if (clock.now() >= deadline)
      throw new StoreError("store/unavailable", `another node migrates the store since ${PATIENCE_MS} ms`);
    await new Promise<void>((resolve) => clock.after(LOOK_MS, resolve));
  }
}

/**
 * Refuses a schema that this program does not fit.
 * @throws StoreError store/schema
 */
export async function checkSchema(queries: Queries, schema: string): Promise<void> {
  const pending = pendingOf(MIGRATIONS, await appliedIn(queries, schema));
  if (pending.length > 0)
    throw mismatch(
      `schema "${schema}" lacks ${pending.length} of ${MIGRATIONS.length} migrations; run postern migrate`,
    );
}

function attempt(store: Store, options: MigrateOptions): Promise<Migrated | "busy"> {
  const { schema, dryRun = false, migrations = MIGRATIONS } = options;
  return store.transaction(async (tx) => {
    if (!dryRun && !(await lock(tx, schema))) return "busy";
    const pending = pendingOf(migrations, await appliedIn(tx, schema));
    if (!dryRun && pending.length > 0) await apply(tx, schema, pending);
    const applied = pending.map(({ version, name }) => ({ version, name }));
    return { applied, version: migrations.at(-1)?.version ?? 0 };
  }, BEHIND_LOCKS);
}

/** One key for each schema, held to the end of the transaction (PostgreSQL docs, "Advisory Locks"). */
async function lock(tx: Queries, schema: string): Promise<boolean> {
  const [row] = await tx.query("SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0)) AS locked", [
    `postern.migrate.${schema}`,
  ]);
  return row?.["locked"] === true;
}

/** A fingerprint of what a step does. */
function checksumOf({ sql }: Migration): string {
  return createHash("sha256").update(sql).digest("hex");
}

function mismatch(detail: string): StoreError {
  return new StoreError("store/schema", detail);
}

/** What is recorded as applied; nothing when there is no schema yet. */
async function appliedIn(queries: Queries, schema: string): Promise<readonly Row[]> {
  const [found] = await queries.query("SELECT to_regclass($1) IS NOT NULL AS known", [
    `${quoteIdentifier(schema)}.schema_migrations`,
  ]);
  if (found?.["known"] !== true) return [];
  return queries.query("SELECT version, name, checksum FROM schema_migrations ORDER BY version");
}

/** The steps that are still to be applied, once what was applied is found to be ours. */
function pendingOf(migrations: readonly Migration[], applied: readonly Row[]): readonly Migration[] {
  applied.forEach((row, index) => {
    const known = migrations[index];
    if (known === undefined)
      throw mismatch(
        `the schema has migration ${row["version"]} ("${row["name"]}"), which this program does not know: it is older than the schema`,
      );
    if (row["version"] !== known.version || row["checksum"] !== checksumOf(known))
      throw mismatch(`migration ${known.version} ("${known.name}") is not what was applied to the schema`);
  });
  return migrations.slice(applied.length);
}

const RECORD = `
CREATE TABLE IF NOT EXISTS schema_migrations (
  version integer PRIMARY KEY,
  name text NOT NULL,
  checksum text NOT NULL,
  applied_at timestamptz NOT NULL DEFAULT now(),
  applied_by text NOT NULL DEFAULT current_user
)`;

async function apply(tx: Transaction, schema: string, pending: readonly Migration[]): Promise<void> {
  // IF NOT EXISTS asks for CREATE on the database even when the schema is there, made by its administrator.
  const [found] = await tx.query("SELECT to_regnamespace($1) IS NOT NULL AS known", [
    quoteIdentifier(schema),
  ]);
  if (found?.["known"] !== true) await tx.script(`CREATE SCHEMA ${quoteIdentifier(schema)}`);
  await tx.script(RECORD);
  for (const migration of pending) {
    await tx.script(migration.sql);
    const { version, name } = migration;
    await tx.query("INSERT INTO schema_migrations (version, name, checksum) VALUES ($1, $2, $3)", [
      version,
      name,
      checksumOf(migration),
    ]);
  }
}
