import pg from "pg";
import type { Clock } from "../base/clock.ts";
import type { StoreConfig } from "../config/schema.ts";
import { StoreClient } from "./client.ts";
import { Connection } from "./connection.ts";
import { StoreError } from "./errors.ts";
import { storeError } from "./failure.ts";
import type { Health } from "./health.ts";
import type { Hosts } from "./hosts.ts";
import { loginOf } from "./login.ts";
import type { Queries } from "./queries.ts";

/** Enough for every login of a burst to look something up; beyond it nobody would be served in time. */
const MAX_WAITING = 1000;
/** Connections that nobody needs are given back to the server. */
const IDLE_MS = 60_000;
/** A server that does not take leave by then is left without a word: a gateway that stops waits for nobody. */
export const CLOSE_MS = 1000;
/** Takes other hosts behind the name, and other settings of the server, up in time. */
const MAX_LIFE_S = 1800;

/** What connections of either kind are made of. */
export interface ConnectionParts {
  /** The settings in force. */
  readonly now: () => StoreConfig;
  readonly hosts: Hosts;
  readonly clock: Clock;
  readonly health: Health;
  /** With it there is one connection, which is kept for as long as it works: it holds something. */
  readonly onConnect?: OnConnect | undefined;
}

/** Does what a connection begins with, before anything else is run on it. Whoever waits for it gets what it throws. */
export type OnConnect = (connection: Queries) => Promise<void>;

/** The connections of this process, a few at most. */
export class Connections {
  readonly #pool: pg.Pool;
  readonly #now: () => StoreConfig;
  readonly #clock: Clock;
  readonly #health: Health;
  readonly #hosts: Hosts;
  readonly #onConnect: OnConnect | undefined;
  readonly #open = new Set<StoreClient>();
  readonly #begun = new WeakSet<pg.PoolClient>();

  constructor({ now, hosts, clock, health, onConnect }: ConnectionParts) {
    this.#onConnect = onConnect;
    this.#now = now;
    this.#hosts = hosts;
    this.#clock = clock;
    this.#health = health;
    const login = loginOf(now, hosts);
    this.#pool = new pg.Pool({
      Client: class extends StoreClient {
        constructor() {
          super(login);
        }
      },
      connectionTimeoutMillis: login.connectionTimeoutMillis,
      max: onConnect === undefined ? now().poolSize : 1,
      idleTimeoutMillis: onConnect === undefined ? IDLE_MS : 0,
      maxLifetimeSeconds: onConnect === undefined ? MAX_LIFE_S : 0,
      allowExitOnIdle: true,
    });
    this.#pool.on("connect", (client) => client instanceof StoreClient && this.#open.add(client));
    this.#pool.on("remove", (client) => client instanceof StoreClient && this.#open.delete(client));
    // One that breaks while nobody uses it has left the pool already; one that breaks as it takes leave tells nothing.
    this.#pool.on("error", (error) => this.#pool.ending || this.#health.failed(storeError(error).message));
  }

  /**
   * Runs `work` on a connection of its own. One that failed in a way that leaves its state in doubt is closed.
   * @throws StoreError
   */
  async use<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    const client = await this.#acquire();
    const connection = new Connection(client, this.#now(), this.#clock);
    // A connection that breaks says so by an event as well, which would end the process if nobody listened.
    const broke = () => connection.breaks();
    client.on("error", broke);
    try {
      await this.#begin(client, connection);
      const result = await work(connection);
      this.#health.answered();
      return result;
    } catch (thrown) {
      if (thrown instanceof StoreError) this.#note(thrown);
      // One that lasts would otherwise stay with a server that was the primary once.
      if (this.#onConnect !== undefined && isAway(thrown)) connection.breaks();
      throw thrown;
    } finally {
      client.release(connection.broken);
      client.off("error", broke);
    }
  }

  async #begin(client: pg.PoolClient, connection: Connection): Promise<void> {
    if (this.#onConnect === undefined || this.#begun.has(client)) return;
    await this.#onConnect(connection);
    this.#begun.add(client);
  }

  async close(): Promise<void> {
    const callOff = this.#clock.after(CLOSE_MS, () => {
      for (const client of this.#open) client.destroy();
    });
    await this.#pool.end();
    callOff();
  }

  async #acquire(): Promise<pg.PoolClient> {
    if (this.#pool.waitingCount >= MAX_WAITING)
      throw new StoreError("store/unavailable", `${MAX_WAITING} wait for a connection to the store already`);
    for (let tried = 1; ; tried++) {
      const asked = this.#hosts.current;
      try {
        return await this.#pool.connect();
      } catch (thrown) {
        if (this.#hosts.current !== asked && tried < this.#hosts.size) continue;
        const error = storeError(thrown);
        this.#note(error);
        throw error;
      }
    }
  }

  /** A store that refuses or contradicts is there; one that is not says nothing or that it cannot. */
  #note(error: StoreError): void {
    if (isAway(error)) this.#health.failed(error.message);
    else this.#health.answered();
  }
}

function isAway(error: unknown): boolean {
  return (
    error instanceof StoreError &&
    (error.code === "store/unavailable" || error.code === "store/outcome-unknown")
  );
}
