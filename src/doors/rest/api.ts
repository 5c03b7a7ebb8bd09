/**
 * The API of one configuration: what its requests share. It is replaced as a whole by a reload; requests that run end
 * under the one that they began with.
 */
import type { ClusterName, DatabaseName, RoleName } from "../../base/ids.ts";
import type { RestDoorConfig } from "../../config/schema.ts";
import type { ListenEvents, Listening, Pool } from "../../upstream/pool/pool.ts";
import { CatalogKeeper } from "./catalog/keeper.ts";
import { asksFor, looksStale } from "./catalog/reasons.ts";
import type { CatalogSource } from "./catalog/source.ts";
import type { Catalog } from "./catalog/types.ts";
import type { RestDoorParts, RestDoorSettings } from "./door.ts";
import type { Exchange, Reply } from "./http/exchange.ts";
import { Pipeline } from "./pipeline.ts";
import { RestSessions } from "./sessions.ts";

/** Enough for the largest body that is built whole, and for the catalog of a very large database. */
const MAX_RESULT_BYTES = 1024 * 1024 * 1024;
/** Each distinct shape of request is one; the server keeps a plan of some kilobytes for each, on every connection. */
const PREPARED_STATEMENTS = 500;

export class Api {
  readonly #pool: Pool;
  readonly #keeper: CatalogKeeper;
  readonly #sessions: RestSessions;
  readonly #pipeline: Pipeline;
  readonly #door: RestDoorConfig;
  readonly #reload: () => void;
  #listening: Listening | undefined;

  /** @param catalog the one of the API before, which is used until this one has its own */
  constructor(settings: RestDoorSettings, { clock, observe, reload }: RestDoorParts, catalog?: Catalog) {
    const { door, cluster, access, upstream, limits } = settings;
    this.#door = door;
    this.#reload = reload;
    const database = door.database as DatabaseName; // the schema checked it
    this.#pool = upstream.pool(cluster, {
      role: door.authenticator as RoleName, // the schema checked it
      database,
      parameters: new Map([["application_name", "postern-rest"]]),
      size: door.pool.size,
      acquisitionTimeoutMs: door.pool.acquisitionTimeout,
      idleMs: door.pool.maxIdleTime,
      lifetimeMs: door.pool.maxLifetime,
      maxResultBytes: MAX_RESULT_BYTES,
      preparedStatements: door.preparedStatements ? PREPARED_STATEMENTS : 0,
    });
    this.#keeper = new CatalogKeeper({
      source: sourceOf(this.#pool),
      scope: {
        schemas: door.schemas,
        extraSearchPath: door.extraSearchPath,
        hoistedSettings: door.hoistedTxSettings,
      },
      clock,
      observe,
      cluster: cluster.name as ClusterName, // the schema checked it
      database,
      current: catalog,
    });
    this.#sessions = new RestSessions({ access, clock, observe, perIdentity: limits.connectionsPerIdentity });
    this.#pipeline = new Pipeline({
      door,
      place: { cluster, database },
      sessions: this.#sessions,
      pool: this.#pool,
      catalog: () => this.#keeper.catalog,
      catalogLoaded: () => this.#keeper.loaded(),
      onServerError: (sqlstate) => {
        if (looksStale(sqlstate)) this.#keeper.stale();
      },
    });
  }

  get catalog(): Catalog | undefined {
    return this.#keeper.catalog;
  }

  get trouble(): string | undefined {
    return this.#keeper.catalog === undefined
      ? "the catalog is not loaded; see catalog.failed in the log"
      : undefined;
  }

  start(): void {
    this.#keeper.start();
    const { channel, channelEnabled } = this.#door;
    if (channelEnabled) this.#listening = this.#pool.listen(channel, this.#listenEvents());
  }

  #listenEvents(): ListenEvents {
    let first = true;
    return {
      onNotification: (payload) => {
        const { catalog, config } = asksFor(payload);
        if (catalog) this.#keeper.reload();
        if (config) this.#reload();
      },
      // What was said while nobody listened is lost, so it may have been said.
      onListening: () => {
        if (!first) this.#keeper.reload();
        first = false;
      },
    };
  }

  reloadCatalog(): void {
    this.#keeper.reload();
  }

  answer(exchange: Exchange): Promise<Reply> {
    return this.#pipeline.answer(exchange);
  }

  /** Lets requests that run end, and closes everything then. */
  async close(): Promise<void> {
    this.#listening?.close();
    this.#keeper.close();
    await this.#pool.close();
    this.#sessions.close("draining");
  }
}

function sourceOf(pool: Pool): CatalogSource {
  return {
    query: async (text, parameters) => {
      const { rows } = await pool.lookUp({ text, parameters, prepare: false, binary: false });
      return rows;
    },
  };
}
