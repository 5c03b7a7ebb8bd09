import { databaseQuery } from "../config/compat/postgrest/in-database.ts";
import type { DatabaseSetting } from "../config/compat/postgrest/values.ts";
import type { LoadResult } from "../config/load.ts";
import type { Pool } from "../upstream/pool/pool.ts";
import type { Loaded } from "./reloading.ts";

/**
 * The configuration with what the database says of the REST door laid over it; as it is when the door does not ask.
 * @throws whatever `lookUp` does: the database cannot be asked, or the function that sets settings failed
 */
export async function withDatabaseSettings(loaded: Loaded, pool: Pick<Pool, "lookUp">): Promise<LoadResult> {
  const { rest } = loaded.config.doors;
  if (rest === undefined || !rest.inDatabaseConfig) return loaded;
  const query = { ...databaseQuery(rest.preConfig), prepare: false, binary: false };
  const { rows } = await pool.lookUp(query);
  return loaded.withDatabase(
    rows.map(([name, value]): DatabaseSetting => [String(name ?? ""), String(value ?? "")]),
  );
}
