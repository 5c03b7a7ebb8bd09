import { systemClock } from "../base/clock.ts";
import type { Config } from "../config/schema.ts";
import type { Migrated } from "../store/migrate.ts";
import { migrate } from "../store/migrate.ts";
import { createStore } from "../store/store.ts";
import { storeRunning } from "./own-store.ts";

/**
 * Brings the store of a configuration up to date, or looks what that would do.
 * @throws Error when there is no store, or StoreError when it cannot be
 */
export async function migrateStore(config: Config, dryRun: boolean): Promise<Migrated> {
  const { store: settings } = config;
  if (settings === undefined)
    throw new Error("there is no store in the configuration; add store.url or store.embedded to it");
  const own = await storeRunning(config);
  const store = createStore(settings, { clock: systemClock, observe: () => {} });
  try {
    return await migrate(store, { schema: settings.schema, clock: systemClock, dryRun });
  } finally {
    await store.close();
    await own?.stop();
  }
}
