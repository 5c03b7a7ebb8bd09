/**
 * Asks the database behind the REST door over a connection of its own, for whoever has no door: before one opens, and
 * for the command line.
 */
import { systemClock } from "../base/clock.ts";
import type { DatabaseName, RoleName } from "../base/ids.ts";
import type { DatabaseSetting } from "../config/compat/postgrest/values.ts";
import type { ClusterConfig, Config, RestDoorConfig } from "../config/schema.ts";
import { dumpCatalog } from "../doors/rest/catalog/dump.ts";
import { loadCatalog } from "../doors/rest/catalog/load.ts";
import type { Pool } from "../upstream/pool/pool.ts";
import { createUpstream } from "../upstream/upstream.ts";
import { databaseSettings } from "./database-settings.ts";

/** A catalog of twenty thousand tables is some tens of megabytes. */
const MAX_RESULT_BYTES = 1024 * 1024 * 1024;

/** Whoever asks waits: for the connection as long as its cluster allows, and a little more. */
const PATIENCE_MS = 60_000;

/**
 * What the database says of the REST door.
 * @throws Error when the database could not be asked
 */
export async function askForSettings(config: Config): Promise<readonly DatabaseSetting[]> {
  const { rest } = config.doors;
  if (rest === undefined || !rest.inDatabaseConfig) return [];
  return withPool(config, rest, (pool) => databaseSettings(rest, pool));
}

/**
 * The catalog of the REST door as JSON.
 * @throws Error when the database could not be asked
 */
export async function askForCatalog(config: Config): Promise<string> {
  const { rest } = config.doors;
  if (rest === undefined) throw new Error("there is no REST door in the configuration; add doors.rest");
  return withPool(config, rest, async (pool) => {
    const query = async (text: string, parameters: readonly (string | null)[]) =>
      (await pool.lookUp({ text, parameters, prepare: false, binary: false })).rows;
    const { schemas, extraSearchPath, hoistedTxSettings: hoistedSettings } = rest;
    return dumpCatalog(await loadCatalog({ query }, { schemas, extraSearchPath, hoistedSettings }));
  });
}

async function withPool<T>(
  config: Config,
  rest: RestDoorConfig,
  use: (pool: Pool) => Promise<T>,
): Promise<T> {
  const cluster = clusterOf(config, rest);
  const upstream = createUpstream({ clusters: [cluster], clock: systemClock, observe: () => {} });
  const pool = upstream.pool(cluster, {
    role: rest.authenticator as RoleName, // the schema checked both
    database: rest.database as DatabaseName,
    parameters: new Map([["application_name", "postern-rest"]]),
    size: 1,
    acquisitionTimeoutMs: PATIENCE_MS,
    idleMs: PATIENCE_MS,
    lifetimeMs: PATIENCE_MS,
    maxResultBytes: MAX_RESULT_BYTES,
    preparedStatements: 0,
  });
  try {
    return await use(pool);
  } finally {
    await pool.close();
    upstream.close();
  }
}

/** The cluster of the REST door. The configuration was checked: without a name there is one. */
function clusterOf({ clusters }: Config, { cluster }: RestDoorConfig): ClusterConfig {
  const found = clusters.find(({ name }) => cluster === undefined || name === cluster);
  if (found === undefined) throw new TypeError("the configuration was checked for that");
  return found;
}
