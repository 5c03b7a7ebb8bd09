/**
 * Postern's own state in PostgreSQL: connections, migrations, and one file of queries for each kind of thing. The room
 * decides nothing; it says what is stored, or that it cannot say. Every wait is bounded, and no error of the driver
 * leaves it.
 */
import type { Clock } from "../base/clock.ts";
import type { Observe } from "../base/event.ts";
import type { StoreConfig } from "../config/schema.ts";
import type { OnConnect } from "./connections.ts";
import { Connections } from "./connections.ts";
import { createHealth } from "./health.ts";
import { Hosts } from "./hosts.ts";
import { Listener } from "./listener.ts";
import type { Queries, Row, Transaction, Value } from "./queries.ts";
import type { TransactionOptions } from "./transaction.ts";
import { Transactions } from "./transaction.ts";

export interface StoreParts {
  readonly clock: Clock;
  readonly observe: Observe;
  /** With it the store is asked by one connection only, which begins so. */
  readonly onConnect?: OnConnect;
}

/** The store, as everything that keeps state sees it. */
export interface Store extends Queries {
  /**
   * Runs `work` in one transaction, SERIALIZABLE unless told otherwise. `work` is run again, from its beginning, when it
   * met another transaction, so it does nothing that cannot be done twice.
   * @throws StoreError store/outcome-unknown when it was committed or not, and nobody can tell
   */
  transaction<T>(work: (tx: Transaction) => Promise<T>, options?: TransactionOptions): Promise<T>;
  /**
   * Calls `heard` with the payload of each notification on `channel`, and with undefined whenever some may have been
   * missed. Returns a function that stops it.
   */
  listen(channel: string, heard: (payload: string | undefined) => void): () => void;
  /** Takes another password or authority up for the next connections. Everything else of a store is for good. */
  reconfigure(config: StoreConfig): void;
  close(): Promise<void>;
}

/** Makes the store that `config` describes. Nothing is connected until it is needed. */
export function createStore(config: StoreConfig, parts: StoreParts): Store {
  return new PostgresStore(config, parts);
}

class PostgresStore implements Store {
  #config: StoreConfig;
  readonly #connections: Connections;
  readonly #transactions: Transactions;
  readonly #listener: Listener;
  #closing: Promise<void> | undefined;

  constructor(config: StoreConfig, parts: StoreParts) {
    this.#config = config;
    const { clock, onConnect } = parts;
    const health = createHealth(parts.observe);
    const connecting = { now: () => this.#config, hosts: new Hosts(config.hosts), clock, health, onConnect };
    this.#connections = new Connections(connecting);
    this.#transactions = new Transactions(this.#connections, clock);
    this.#listener = new Listener(connecting);
  }

  query(text: string, values: readonly Value[] = []): Promise<readonly Row[]> {
    return this.#connections.use((connection) => connection.query(text, values));
  }

  transaction<T>(work: (tx: Transaction) => Promise<T>, options: TransactionOptions = {}): Promise<T> {
    return this.#transactions.run(work, options);
  }

  listen(channel: string, heard: (payload: string | undefined) => void): () => void {
    return this.#listener.listen(channel, heard);
  }

  reconfigure(config: StoreConfig): void {
    refuseAnother(this.#config, config);
    this.#config = config;
  }

  close(): Promise<void> {
    this.#closing ??= Promise.all([this.#listener.close(), this.#connections.close()]).then(() => {});
    return this.#closing;
  }
}

const FOR_GOOD = [
  "embedded",
  "hosts",
  "user",
  "database",
  "schema",
  "poolSize",
  "connectTimeout",
  "statementTimeout",
] as const;

/** @throws Error when `next` is another store */
function refuseAnother(current: StoreConfig, next: StoreConfig): void {
  const changed = FOR_GOOD.find((name) => JSON.stringify(current[name]) !== JSON.stringify(next[name]));
  if (changed !== undefined || current.tls.mode !== next.tls.mode)
    throw new Error(`store.${changed ?? "tls.mode"} can be changed only by a restart`);
}
