/**
 * The API of one configuration: what its requests share. It is replaced as a whole by a reload; requests that run end
 * under the one that they began with.
 */
import type { Clock } from "../../base/clock.ts";
import type { Observe } from "../../base/event.ts";
import type { ClusterName } from "../../base/ids.ts";
import type { RestDoorConfig } from "../../config/schema.ts";
import { UpstreamError, UpstreamRefused } from "../../upstream/errors.ts";
import { PoolError } from "../../upstream/pool/errors.ts";
import type { ListenEvents, Listening, Pool, PoolStats } from "../../upstream/pool/pool.ts";
import { CatalogKeeper } from "./catalog/keeper.ts";
import { asksFor, looksStale } from "./catalog/reasons.ts";
import type { Catalog } from "./catalog/types.ts";
import { catalogScope, catalogSource, loginOf } from "./database.ts";
import type { RestDoorSettings } from "./door.ts";
import type { Exchange, Reply } from "./http/exchange.ts";
import { Pipeline } from "./pipeline.ts";
import { RestSessions } from "./sessions.ts";

/** Each distinct shape of request is one; the server keeps a plan of some kilobytes for each, on every connection. */
const PREPARED_STATEMENTS = 500;

interface ApiParts {
  readonly clock: Clock;
  readonly observe: Observe;
  /** Somebody notified the channel. */
  readonly onAsked: (asked: { readonly catalog: boolean; readonly config: boolean }) => void;
  /** It listens for the first time; what was notified before is lost. */
  readonly onFirstListening: () => void;
  /** The database cannot be reached, and the settings say not to wait for it. */
  readonly onLost: () => void;
}

/** Whether there is no connection to be had; a full pool is not that. */
function isLost(error: unknown): boolean {
  return (
    error instanceof UpstreamError ||
    error instanceof UpstreamRefused ||
    (error instanceof PoolError && error.code === "pool/connection-lost")
  );
}

export class Api {
  readonly #pool: Pool;
  readonly #keeper: CatalogKeeper;
  readonly #sessions: RestSessions;
  readonly #pipeline: Pipeline;
  readonly #door: RestDoorConfig;
  readonly #parts: ApiParts;
  /** Resolves when it listens to the database; at once when it is not to. */
  readonly listening: Promise<void>;
  #onListening: () => void = () => {};
  #channel: Listening | undefined;
  readonly #closing = new AbortController();
  /** Requests that are being answered. */
  #running = 0;
  #onIdle: () => void = () => {};

  /** @param catalog the one of the API before, which is used until this one has its own */
  constructor(settings: RestDoorSettings, parts: ApiParts, catalog: Catalog | undefined) {
    const { clock, observe } = parts;
    const { door, cluster, access, upstream, limits } = settings;
    this.#door = door;
    this.#parts = parts;
    this.listening = new Promise((resolve) => {
      this.#onListening = resolve;
    });
    const login = loginOf(door);
    const { database } = login;
    this.#pool = upstream.pool(cluster, {
      ...login,
      size: door.pool.size,
      acquisitionTimeoutMs: door.pool.acquisitionTimeout,
      idleMs: door.pool.maxIdleTime,
      lifetimeMs: door.pool.maxLifetime,
      preparedStatements: door.preparedStatements ? PREPARED_STATEMENTS : 0,
    });
    this.#keeper = new CatalogKeeper({
      source: catalogSource(this.#pool, this.#closing.signal),
      scope: catalogScope(door),
      clock,
      observe,
      cluster: cluster.name as ClusterName, // the schema checked it
      database,
      current: catalog,
      onFailed: (error) => this.#failed(error),
    });
    this.#sessions = new RestSessions({ access, clock, observe, perIdentity: limits.connectionsPerIdentity });
    this.#pipeline = new Pipeline({
      door,
      place: { cluster, database },
      takesTokens: settings.takesTokens,
      sessions: this.#sessions,
      pool: this.#pool,
      catalog: () => this.#keeper.catalog,
      catalogLoaded: async (abort) => (this.#held ? undefined : this.#keeper.loaded(abort)),
      observe,
      onServerError: (sqlstate) => {
        if (looksStale(sqlstate)) this.#keeper.stale();
      },
      onFailure: (error) => this.#failed(error),
    });
  }

  get catalog(): Catalog | undefined {
    return this.#keeper.catalog;
  }

  get trouble(): string | undefined {
    if (this.#held) return "the settings in the database were not read yet; see config.refused in the log";
    return this.#keeper.catalog === undefined
      ? "the catalog is not loaded; see catalog.failed in the log"
      : undefined;
  }

  get pool(): PoolStats {
    return this.#pool.stats();
  }

  start(): void {
    const { channel, channelEnabled } = this.#door;
    if (!this.#held) this.#keeper.start();
    else this.#lost(); // or else its settings would have been read before
    if (!this.#held && channelEnabled) this.#channel = this.#pool.listen(channel, this.#listenEvents());
    else this.#onListening();
  }

  /**
   * Until the database has had its say, the door knows neither its schemas nor who may come in without a token: it has
   * no catalog, and every request is told to come back.
   */
  get #held(): boolean {
    return this.#door.inDatabaseConfig;
  }

  #listenEvents(): ListenEvents {
    let first = true;
    return {
      onNotification: (payload) => this.#parts.onAsked(asksFor(payload)),
      onListening: () => {
        this.#onListening();
        // What was said while nobody listened is lost, so it may have been said, also since the first load began.
        this.#parts.onAsked({ catalog: true, config: !first });
        if (first) this.#parts.onFirstListening();
        first = false;
      },
      onLost: () => this.#lost(),
    };
  }

  #failed(error: unknown): void {
    if (isLost(error)) this.#lost();
  }

  #lost(): void {
    if (!this.#door.pool.automaticRecovery && !this.#closing.signal.aborted) this.#parts.onLost();
  }

  reloadCatalog(): void {
    if (!this.#held) this.#keeper.reload();
  }

  async answer(exchange: Exchange): Promise<Reply> {
    this.#running += 1;
    try {
      return await this.#pipeline.answer(exchange);
    } finally {
      this.#running -= 1;
      if (this.#running === 0) this.#onIdle();
    }
  }

  /**
   * Lets requests that run end, also those whose body is still coming, or that wait for the first catalog, and closes
   * everything then.
   */
  async close(): Promise<void> {
    this.#channel?.close();
    this.#pool.retire();
    if (this.#keeper.catalog !== undefined) this.#stopLoading();
    if (this.#running > 0) await new Promise<void>((resolve) => (this.#onIdle = resolve));
    this.#stopLoading();
    await this.#pool.close();
    this.#sessions.close("draining");
  }

  /** A catalog that nobody waits for any more. */
  #stopLoading(): void {
    this.#closing.abort();
    this.#keeper.close();
  }
}
