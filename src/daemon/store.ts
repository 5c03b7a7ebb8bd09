import { systemClock } from "../base/clock.ts";
import type { Config, StoreConfig } from "../config/schema.ts";
import type { Migrated } from "../store/migrate.ts";
import { checkSchema, migrate } from "../store/migrate.ts";
import type { Store } from "../store/store.ts";
import { createStore } from "../store/store.ts";

/**
 * Brings the store of a configuration up to date, or looks what that would do.
 * @throws Error when there is no store, or StoreError when it cannot be
 */
export async function migrateStore(config: Config, dryRun: boolean): Promise<Migrated> {
  if (config.store === undefined)
    throw new Error("there is no store in the configuration; add store.url to it");
  const store = createStore(config.store, { clock: systemClock, observe: () => {} });
  try {
    return await migrate(store, { schema: config.store.schema, clock: systemClock, dryRun });
  } finally {
    await store.close();
  }
}

/** Makes sure that a store's tables are what this program works with, by itself where the configuration lets it. */
export async function prepareStore(store: Store, config: StoreConfig): Promise<void> {
  if (config.migrate) await migrate(store, { schema: config.schema, clock: systemClock });
  else await checkSchema(store, config.schema);
}
