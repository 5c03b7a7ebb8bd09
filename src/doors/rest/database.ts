/** What the door asks of the database behind it: how it logs in, what it reads of the catalog, and where that is read. */
import type { DatabaseName, RoleName } from "../../base/ids.ts";
import type { RestDoorConfig } from "../../config/schema.ts";
import type { Pool, PoolSettings } from "../../upstream/pool/pool.ts";
import type { CatalogScope, CatalogSource } from "./catalog/source.ts";

/** Enough for the largest body that is built whole, and for the catalog of a very large database. */
const MAX_RESULT_BYTES = 1024 * 1024 * 1024;

type Login = Pick<PoolSettings, "role" | "database" | "parameters" | "maxResultBytes">;

/** How a pool of the door logs in. */
export function loginOf({ authenticator, database }: RestDoorConfig): Login {
  return {
    role: authenticator as RoleName, // the schema checked both
    database: database as DatabaseName,
    parameters: new Map([["application_name", "postern-rest"]]),
    maxResultBytes: MAX_RESULT_BYTES,
  };
}

export function catalogScope(door: RestDoorConfig): CatalogScope {
  const { schemas, extraSearchPath, hoistedTxSettings: hoistedSettings } = door;
  return { schemas, extraSearchPath, hoistedSettings };
}

/** @param abort gives a load up */
export function catalogSource(pool: Pick<Pool, "lookUp">, abort?: AbortSignal): CatalogSource {
  return {
    query: async (text, parameters) => {
      const { rows } = await pool.lookUp({ text, parameters, prepare: false, binary: false }, abort);
      return rows;
    },
  };
}
