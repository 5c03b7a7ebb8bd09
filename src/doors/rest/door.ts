/**
 * The REST door: PostgREST's API over HTTP. It parses a request into a credential and a wish, asks access, writes the
 * SQL, and has the pool run it under the role that was decided on. It decides nothing.
 */
import type { Access } from "../../access/admit.ts";
import { Crowd } from "../../access/crowd.ts";
import type { Clock } from "../../base/clock.ts";
import type { Observe } from "../../base/event.ts";
import { partOfMemory } from "../../base/memory.ts";
import type { ClusterConfig, LimitsConfig, RestDoorConfig } from "../../config/schema.ts";
import type { PoolStats } from "../../upstream/pool/pool.ts";
import type { Upstream } from "../../upstream/upstream.ts";
import type { ServerCertificate } from "../../wire/certificate.ts";
import { Api } from "./api.ts";
import { dumpCatalog } from "./catalog/dump.ts";
import type { Catalog } from "./catalog/types.ts";
import type { HttpBounds } from "./http/bounds.ts";
import type { Place } from "./http/server.ts";
import { HttpServer } from "./http/server.ts";

/** Everything of the door that a reload may change. */
export interface RestDoorSettings {
  readonly door: RestDoorConfig;
  readonly limits: LimitsConfig;
  readonly cluster: ClusterConfig;
  readonly certificate: ServerCertificate | undefined;
  readonly access: Access;
  /** Whether any issuer of tokens is configured. */
  readonly takesTokens: boolean;
  readonly upstream: Upstream;
}

/**
 * What a door asks of the daemon: `reload`, somebody notified the channel; `reload-if-changed`, somebody may have while
 * nobody listened; `end`, the database was lost and is not to be waited for.
 */
export type DoorRequest = "reload" | "reload-if-changed" | "end";

export interface RestDoorParts {
  readonly clock: Clock;
  readonly observe: Observe;
  readonly ask: (request: DoorRequest) => void;
}

/**
 * Reloads that notifications ask for follow one another at this distance at least: every role of the database may
 * notify, and each reload loads the catalog and opens connections anew.
 */
const RELOAD_MS = 1000;
/** How long an API that was replaced waits for the next one to listen: on a replica alone that never does. */
const OVERLAP_MS = 10_000;

export class RestDoor {
  readonly #parts: RestDoorParts;
  readonly #server: HttpServer;
  #settings: RestDoorSettings;
  #bounds: HttpBounds;
  #reusePort = false;
  #api: Api;
  /** Those before, which still listen or have requests that run. */
  readonly #retiring = new Set<Api>();
  #reloadAskedAt = Number.NEGATIVE_INFINITY;
  #callOffReload: (() => void) | undefined;

  constructor(settings: RestDoorSettings, parts: RestDoorParts) {
    this.#parts = parts;
    this.#settings = settings;
    this.#bounds = boundsOf(settings);
    this.#api = this.#newApi(settings, undefined);
    this.#server = new HttpServer({
      ...parts,
      handle: (exchange) => this.#api.answer(exchange),
      inForce: () => ({ bounds: this.#bounds, certificate: this.#settings.certificate }),
      crowd: new Crowd(),
    });
  }

  /**
   * Opens the door. Resolves when it listens.
   * @param reusePort share the port with other processes (SO_REUSEPORT)
   * @throws Error when the address cannot be used
   */
  async listen(reusePort = false): Promise<void> {
    this.#reusePort = reusePort;
    this.#api.start();
    await this.#server.listen(this.#place(this.#settings.door));
  }

  /** Where the door listens. */
  get address(): { readonly address: string; readonly port: number } | undefined {
    return this.#server.address;
  }

  /** Open connections of clients. */
  get size(): number {
    return this.#server.size;
  }

  /** What is wrong that keeps requests from being answered; undefined when nothing is. */
  get trouble(): string | undefined {
    return this.#api.trouble;
  }

  /** The catalog as JSON; undefined while there is none. */
  async catalogText(): Promise<string | undefined> {
    const { catalog } = this.#api;
    return catalog === undefined ? undefined : dumpCatalog(catalog);
  }

  /** What the pool is doing. */
  get pool(): PoolStats {
    return this.#api.pool;
  }

  /** Loads the catalog again. */
  reloadCatalog(): void {
    this.#api.reloadCatalog();
  }

  /**
   * Puts other settings in force for requests that come from now on; those that run end under the old ones.
   * @throws Error when the new address cannot be used; then nothing has changed
   */
  async move(settings: RestDoorSettings): Promise<void> {
    const [before, after] = [this.#place(this.#settings.door), this.#place(settings.door)];
    if (JSON.stringify(before) !== JSON.stringify(after)) await this.#server.listen(after);
    const old = this.#api;
    this.#settings = settings;
    this.#bounds = boundsOf(settings);
    this.#api = this.#newApi(settings, old.catalog);
    this.#api.start();
    this.#retire(old, this.#api);
  }

  #newApi(settings: RestDoorSettings, catalog: Catalog | undefined): Api {
    const { clock, observe, ask } = this.#parts;
    const onAsked = (asked: { readonly catalog: boolean; readonly config: boolean }) => {
      if (asked.catalog) this.reloadCatalog();
      if (asked.config) this.#askForReload();
    };
    const onFirstListening = () => ask("reload-if-changed");
    const onLost = () => ask("end");
    return new Api(settings, { clock, observe, onAsked, onFirstListening, onLost }, catalog);
  }

  /** At once when there was none just now; all that are asked for while one waits are one. */
  #askForReload(): void {
    if (this.#callOffReload !== undefined) return;
    const { clock, ask: request } = this.#parts;
    const ask = () => {
      this.#callOffReload = undefined;
      this.#reloadAskedAt = clock.now();
      request("reload");
    };
    const wait = this.#reloadAskedAt + RELOAD_MS - clock.now();
    if (wait > 0) this.#callOffReload = clock.after(wait, ask);
    else ask();
  }

  /** The one before listens until the next one does, so that nothing is said in between that nobody hears. */
  #retire(old: Api, next: Api): void {
    this.#retiring.add(old);
    const retire = () => {
      callOff();
      if (this.#retiring.delete(old)) void old.close();
    };
    const callOff = this.#parts.clock.after(OVERLAP_MS, retire);
    void next.listening.then(retire);
  }

  /** Stops listening and lets requests end. Resolves when all connections are gone. */
  async drain(): Promise<void> {
    this.#callOffReload?.();
    await this.#server.drain();
    const apis = [this.#api, ...this.#retiring];
    this.#retiring.clear();
    await Promise.all(apis.map((api) => api.close()));
  }

  /** Ends what is left, at once. Returns how many connections that were. */
  cut(): number {
    return this.#server.cut();
  }

  #place({ unixSocket, host, port, reusePort }: RestDoorConfig): Place {
    if (unixSocket !== undefined)
      return { kind: "unix", path: unixSocket.path, mode: Number.parseInt(unixSocket.mode, 8) };
    return { kind: "tcp", host, port, reusePort: reusePort || this.#reusePort };
  }
}

function boundsOf({ door: { requests }, limits }: RestDoorSettings): HttpBounds {
  return {
    targetBytes: requests.maxUrl,
    headerBytes: requests.maxHeaders,
    headersMs: requests.headersTimeout,
    bodyBytes: requests.maxBody,
    bodyMs: requests.bodyTimeout,
    bodiesInMemory: requests.bodiesInMemory ?? partOfMemory(),
    answersInMemory: requests.answersInMemory ?? partOfMemory(),
    keepAliveMs: requests.keepAliveTimeout,
    connections: requests.connections,
    unauthenticated: limits.unauthenticated,
    unauthenticatedPerAddress: limits.unauthenticatedPerAddress,
  };
}
