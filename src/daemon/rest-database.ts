/**
 * Asks the database behind the REST door over a connection of its own, for whoever has no door: before one opens, and
 * for the command line.
 */
import { systemClock } from "../base/clock.ts";
import type { DatabaseSetting } from "../config/compat/postgrest/values.ts";
import type { Config, RestDoorConfig } from "../config/schema.ts";
import { dumpCatalog } from "../doors/rest/catalog/dump.ts";
import { loadCatalog } from "../doors/rest/catalog/load.ts";
import { catalogScope, catalogSource, loginOf } from "../doors/rest/database.ts";
import type { Pool } from "../upstream/pool/pool.ts";
import { createUpstream } from "../upstream/upstream.ts";
import { databaseSettings } from "./database-settings.ts";
import { clusterOfRest } from "./rest-cluster.ts";

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
  return withPool(config, rest, async (pool) =>
    dumpCatalog(await loadCatalog(catalogSource(pool), catalogScope(rest))),
  );
}

async function withPool<T>(
  config: Config,
  rest: RestDoorConfig,
  use: (pool: Pool) => Promise<T>,
): Promise<T> {
  const cluster = clusterOfRest(config, rest);
  const upstream = createUpstream({ clusters: [cluster], clock: systemClock, observe: () => {} });
  const pool = upstream.pool(cluster, {
    ...loginOf(rest),
    size: 1,
    acquisitionTimeoutMs: PATIENCE_MS,
    idleMs: PATIENCE_MS,
    lifetimeMs: PATIENCE_MS,
    preparedStatements: 0,
  });
  try {
    return await use(pool);
  } finally {
    await pool.close();
    upstream.close();
  }
}
