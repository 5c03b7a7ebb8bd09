import type { TestContext } from "node:test";
import { systemClock } from "../../src/base/clock.ts";
import type { Event } from "../../src/base/event.ts";
import { loadConfig } from "../../src/config/load.ts";
import type { StoreConfig } from "../../src/config/schema.ts";
import { migrate } from "../../src/store/migrate.ts";
import type { WriteNotices } from "../../src/store/outbox.ts";
import type { Store } from "../../src/store/store.ts";
import { createStore } from "../../src/store/store.ts";
import { configOf, load } from "./config-files.ts";
import type { TestPostgres } from "./postgres.ts";

const PASSWORD = "the store's own password";

/** Gives the tests' server a database for the store and a login that owns it. */
export async function createStoreDatabase(postgres: TestPostgres): Promise<void> {
  await postgres.query(`CREATE ROLE postern_store LOGIN PASSWORD '${PASSWORD.replaceAll("'", "''")}'`);
  await postgres.query("CREATE DATABASE postern OWNER postern_store");
}

/** `store` as postern.yaml has it, for a server of the tests. */
export function storeSettings(postgres: TestPostgres, settings: Readonly<Record<string, unknown>> = {}) {
  return {
    url: `postgres://postern_store@127.0.0.1:${postgres.port}/postern`,
    password: PASSWORD,
    tls: { caFile: postgres.caFile },
    // The server answers, however slow the machine is; tests of one that does not have bounds of their own.
    connectTimeout: "60s",
    statementTimeout: "60s",
    ...settings,
  };
}

/** `store` as the program has it. */
export function storeConfig(t: TestContext, settings: Readonly<Record<string, unknown>>): StoreConfig {
  const value = {
    doors: { postgres: {} },
    issuers: [{ name: "jobs", keys: { secret: "0".repeat(64) } }],
    clusters: [{ name: "main", hosts: [{ host: "localhost" }], login: { method: "trust" } }],
    store: settings,
  };
  const { store } = configOf(load(t, JSON.stringify(value))); // which is YAML too
  if (store === undefined) throw new TypeError("the configuration lost its store");
  return store;
}

/** The store of a gateway's configuration, as the tests write it. */
export function storeConfigOf(written: Readonly<Record<string, unknown>>): StoreConfig {
  const loaded = loadConfig({ value: written, source: "test", env: {} });
  const { store } = configOf(loaded);
  if (store === undefined) throw new TypeError("the configuration has no store");
  return store;
}

export interface OpenStore {
  readonly store: Store;
  readonly config: StoreConfig;
  readonly events: readonly Event[];
}

/** A store that is closed after the test; nothing is migrated yet. */
export function openStore(t: TestContext, settings: Readonly<Record<string, unknown>>): OpenStore {
  const config = storeConfig(t, settings);
  const events: Event[] = [];
  const store = createStore(config, { clock: systemClock, observe: (event) => events.push(event) });
  t.after(() => store.close());
  return { store, config, events };
}

/** Changes that nobody has to know of. */
export const unrecorded: WriteNotices = async () => {};

let schemas = 0;

/** A store with a schema of its own that is up to date. */
export async function freshStore(
  t: TestContext,
  postgres: TestPostgres,
  settings: Readonly<Record<string, unknown>> = {},
): Promise<OpenStore> {
  const schema = `test_${process.pid}_${schemas++}`;
  const open = openStore(t, storeSettings(postgres, { schema, ...settings }));
  await migrate(open.store, { schema: open.config.schema, clock: systemClock });
  return open;
}
