import { databaseQuery } from "../config/compat/postgrest/in-database.ts";
import type { DatabaseSetting } from "../config/compat/postgrest/values.ts";
import type { RestDoorConfig } from "../config/schema.ts";
import type { Pool } from "../upstream/pool/pool.ts";

/**
 * What the database says of the REST door; nothing when the door does not ask.
 * @throws whatever `lookUp` does: the database cannot be asked, or the function that sets settings failed
 */
export async function databaseSettings(
  { inDatabaseConfig, preConfig }: RestDoorConfig,
  pool: Pick<Pool, "lookUp">,
): Promise<readonly DatabaseSetting[]> {
  if (!inDatabaseConfig) return [];
  const { rows } = await pool.lookUp({ ...databaseQuery(preConfig), prepare: false, binary: false });
  return rows.map(([name, value]) => [String(name ?? ""), String(value ?? "")]);
}
