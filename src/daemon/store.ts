import { systemClock } from "../base/clock.ts";
import type { StoreConfig } from "../config/schema.ts";
import { checkSchema, migrate } from "../store/migrate.ts";
import type { Store } from "../store/store.ts";

/** Makes sure that a store's tables are what this program works with, by itself where the configuration lets it. */
export async function prepareStore(store: Store, config: StoreConfig): Promise<void> {
  if (config.migrate) await migrate(store, { schema: config.schema, clock: systemClock });
  else await checkSchema(store, config.schema);
}
