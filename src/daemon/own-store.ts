import type { Clock } from "../base/clock.ts";
import { systemClock } from "../base/clock.ts";
import { messageOf } from "../base/error.ts";
import type { Event, Observe } from "../base/event.ts";
import type { Config } from "../config/schema.ts";
import { startKeptPostgres } from "../embedded/kept-postgres.ts";
import { EmbeddedPostgresError } from "../embedded/place.ts";
import type { ServerProcess } from "../embedded/server-process.ts";
import { LEDGER_CONNECTIONS } from "./ledger.ts";
import { workersOf } from "./workers/share.ts";

/** Before it is started again: at once, for logins wait; one that ends again and again is looked at by a person first. */
const RESTART_MS = [0, 1000, 5000, 10_000] as const;
/** What served so long does not end again and again. */
const LASTED_MS = 60_000;
/** For those who look: pg_dump, psql, and the commands that read the store themselves. */
const SPARE_CONNECTIONS = 10;
/** What the server says and a person should hear. */
const GRAVE = /\b(FATAL|PANIC):/;

type State = Extract<Event, { event: "store.server.v1" }>["state"];

interface Parts {
  readonly observe: Observe;
  readonly clock: Clock;
}

/** The PostgreSQL of `store.embedded`: runs as long as Postern does, and is started again when it ends before. */
export class OwnStore {
  readonly #config: Config;
  readonly #directory: string;
  readonly #parts: Parts;
  #server: ServerProcess | undefined;
  #startedAt = 0;
  #failures = 0;
  #stopping = false;
  #restarting: Promise<void> = Promise.resolve();
  #callOff: () => void = () => {};

  private constructor(config: Config, directory: string, parts: Parts) {
    this.#config = config;
    this.#directory = directory;
    this.#parts = parts;
  }

  /**
   * Starts the server where the configuration asks for one.
   * @throws EmbeddedPostgresError
   */
  static async start(config: Config, observe: Observe): Promise<OwnStore | undefined> {
    const directory = config.store?.embedded?.directory;
    if (directory === undefined) return undefined;
    const own = new OwnStore(config, directory, { observe, clock: systemClock });
    await own.#start();
    return own;
  }

  /** Ends the server, once nobody needs it any more. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#callOff();
    await this.#restarting;
    await this.#server?.stop();
    this.#tell("stopped");
  }

  async #start(): Promise<void> {
    const { clock } = this.#parts;
    const server = await startKeptPostgres({
      directory: this.#directory,
      name: this.#config.store?.user ?? "",
      connections: connectionsOf(this.#config),
      progress: (step) => this.#tell("starting", step),
      log: (line) => this.#hear(line),
    }).catch((error: unknown) => {
      throw told(error);
    });
    this.#server = server;
    this.#startedAt = clock.now();
    this.#tell("started");
    void server.ended.then(() => this.#ended());
  }

  #ended(): void {
    if (this.#stopping) return;
    this.#tell("ended");
    if (this.#parts.clock.now() - this.#startedAt > LASTED_MS) this.#failures = 0;
    this.#startLater();
  }

  #startLater(): void {
    const ms = RESTART_MS[Math.min(this.#failures++, RESTART_MS.length - 1)] ?? 0;
    this.#callOff = this.#parts.clock.after(ms, () => {
      this.#restarting = this.#start().catch((error: unknown) => {
        this.#tell("failed", messageOf(error));
        if (!this.#stopping) this.#startLater();
      });
    });
  }

  /** Whoever is connected when it stops is told so, which is in order. */
  #hear(line: string): void {
    if (!this.#stopping && GRAVE.test(line)) this.#tell("said", line);
  }

  #tell(state: State, detail?: string): void {
    this.#parts.observe({ event: "store.server.v1", state, detail });
  }
}

/** Each process connects, for everything and for its part of the ledger, and listens. */
function connectionsOf(config: Config): number {
  const { poolSize = 0 } = config.store ?? {};
  const workers = workersOf(config);
  const processes = workers > 1 ? workers + 1 : 1;
  return processes * (poolSize + LEDGER_CONNECTIONS + 1) + SPARE_CONNECTIONS;
}

function told(error: unknown): unknown {
  if (!(error instanceof EmbeddedPostgresError)) return error;
  return new EmbeddedPostgresError(error.kind, `store.embedded: ${error.message}`, { cause: error });
}

/**
 * Has the store running for a command that reads it by itself: starts Postern's own, unless Postern runs and has done so.
 * @returns what the command has to stop
 */
export function storeRunning(config: Config): Promise<OwnStore | undefined> {
  return OwnStore.start(config, () => {}).catch((error: unknown) => {
    if (error instanceof EmbeddedPostgresError && error.kind === "in-use") return undefined;
    throw error;
  });
}
