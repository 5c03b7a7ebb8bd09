import type { Keeper } from "../audit/ledger/outbox.ts";
import type { Readings } from "../audit/readings.ts";
import type { Clock } from "../base/clock.ts";
import type { Observe } from "../base/event.ts";
import type { Config } from "../config/schema.ts";
import type { JitParts } from "../doors/control/api/jit.ts";
import type { ApiParts } from "../doors/control/api/services.ts";
import type { Readiness } from "../doors/control/running.ts";
import type { DoorRequest } from "../doors/rest/door.ts";
import { apiOf } from "./api.ts";
import type { Addresses } from "./doors.ts";
import { Doors } from "./doors.ts";
import type { Fellows } from "./fellows.ts";
import { noFellows } from "./fellows.ts";
import type { Lasting, Parts } from "./parts.ts";
import { closeParts, createLasting, createParts } from "./parts.ts";
import { readinessOf } from "./readiness.ts";
import type { SharedState } from "./shared-state.ts";

interface DaemonOptions {
  readonly clock: Clock;
  readonly observe: Observe;
  /** What a door asks for; nobody listens by default. */
  readonly ask?: (request: DoorRequest) => void;
  /** Share the ports with other workers (SO_REUSEPORT). */
  readonly reusePort?: boolean;
  /** The other workers; none by default. */
  readonly fellows?: Fellows;
  /** The ledger; none by default. */
  readonly recorder?: Keeper | undefined;
}

/** A running Postern in this process. */
export class Daemon {
  readonly #lasting: Lasting;
  #parts: Parts;
  readonly #doors: Doors;
  #unsubscribe: () => void;
  #draining = false;

  private constructor(parts: Parts, lasting: Lasting, doors: Doors) {
    this.#parts = parts;
    this.#lasting = lasting;
    this.#doors = doors;
    this.#unsubscribe = this.#watchRights();
  }

  /**
   * Starts everything that `config` asks for.
   * @throws Error when a certificate cannot be used or an address is taken
   */
  static async start(config: Config, options: DaemonOptions): Promise<Daemon> {
    const { clock, observe, recorder, fellows = noFellows, reusePort = false, ask = () => {} } = options;
    const lasting = createLasting({ clock, observe, recorder, fellows, store: config.store });
    const parts = await createParts(config, lasting);
    try {
      await lasting.shared?.start(parts);
      const doors = await Doors.open(parts, { ...lasting, fellows, reusePort, ask });
      return new Daemon(parts, lasting, doors);
    } catch (error) {
      closeParts(parts);
      await lasting.shared?.close();
      throw error;
    }
  }

  get config(): Config {
    return this.#parts.config;
  }

  /** What decides about logins that are only asked about. */
  get logins(): JitParts {
    const { access, config } = this.#parts;
    return { access, clusters: config.clusters };
  }

  /** What the control door's API asks. */
  get api(): ApiParts {
    return apiOf(this.#parts, this.#lasting);
  }

  /** Where the doors listen. */
  get addresses(): Addresses {
    return this.#doors.addresses;
  }

  /** Whether logins can succeed, check by check. */
  get readiness(): Readiness {
    return readinessOf(this.#parts, this.#draining, this.#doors.rest?.trouble);
  }

  /** The catalog of the REST door as JSON. */
  async catalogText(): Promise<string | undefined> {
    return this.#doors.rest?.catalogText();
  }

  /** What a scrape of the metrics shows beside what events have counted. */
  get readings(): Readings {
    const { upstream, config } = this.#parts;
    return {
      draining: this.#draining,
      unauthenticated: this.#doors.postgres?.strangers ?? 0,
      liveBytes: this.#doors.postgres?.traffic ?? { fromClient: 0, toClient: 0 },
      hosts: upstream.states(),
      pool: this.#doors.rest?.pool,
      issuers: config.issuers.map(({ name }) => name),
    };
  }

  /**
   * Puts `config` in force, whole or not at all. Sessions that it would not admit end.
   * @throws Error when it cannot be put in force; then nothing has changed
   */
  async reload(config: Config): Promise<void> {
    const old = this.#parts;
    const parts = await createParts(config, this.#lasting);
    try {
      // The keys may have been waited for, and a door that is opened behind the back of stop() would never close.
      if (this.#draining) throw new Error("Postern is shutting down");
      refuseWithoutKeys(parts);
      reconfigure(this.#lasting.shared, config);
      await this.#doors.move(parts);
    } catch (error) {
      closeParts(parts);
      throw error;
    }
    this.#parts = parts;
    this.#lasting.shared?.layUnder(parts);
    this.#unsubscribe();
    this.#unsubscribe = this.#watchRights();
    closeParts(old);
    this.#endOrphans();
  }

  /** Has the REST door load its catalog again. */
  reloadCatalog(): void {
    this.#doors.rest?.reloadCatalog();
  }

  /** Counts a failed login that another worker saw. */
  loginFailedElsewhere(address: string): void {
    this.#lasting.attempts.failedElsewhere(address);
  }

  /** Cancels a query on behalf of another worker; undefined when the key is none of ours. */
  cancel(processId: number, key: Uint8Array): Promise<void> | undefined {
    return this.#doors.postgres?.cancel(processId, key);
  }

  /**
   * Shuts down: stops listening, lets sessions end at rest, and cuts what is left after `limits.drainTimeout` or when
   * `hurry` is aborted.
   */
  async stop(hurry?: AbortSignal): Promise<void> {
    this.#draining = true;
    const { observe, clock } = this.#lasting;
    const graceMs = this.config.limits.drainTimeout;
    const doors = this.#doors;
    let cut = 0;
    observe({ event: "drain.started.v1", sessions: doors.size, graceMs });
    const cutAll = () => {
      cut = doors.cut();
    };
    const callOff = clock.after(graceMs, cutAll);
    hurry?.addEventListener("abort", cutAll);
    const drained = doors.drain();
    if (hurry?.aborted === true) cutAll();
    await drained;
    callOff();
    observe({ event: "drain.ended.v1", cut });
    this.#unsubscribe();
    closeParts(this.#parts);
    await this.#lasting.shared?.close();
  }

  #watchRights(): () => void {
    const ends = [
      this.#parts.verifier.onKeysChanged(() => this.#endOrphans()),
      this.#lasting.shared?.onChange(() => this.#endOrphans()),
    ];
    return () => {
      for (const end of ends) end?.();
    };
  }

  /** Ends the sessions that would not be admitted any more. */
  #endOrphans(): void {
    const { access, config } = this.#parts;
    this.#lasting.sessions.endWhere((facts) => !access.upholds(facts, config.clusters), "revoked");
  }
}

/** @throws Error when the store is another one than before */
function reconfigure(shared: SharedState | undefined, { store }: Config): void {
  if ((shared === undefined) !== (store === undefined))
    throw new Error("a store can be added or removed only by a restart");
  if (store !== undefined) shared?.store.reconfigure(store);
}

/** Taking a source up that has no keys would end the sessions that rest on the ones before. */
function refuseWithoutKeys({ keyFaults }: Parts): void {
  if (keyFaults.length > 0)
    throw new Error(`keys cannot be had: ${keyFaults.join("; ")}; reload again (SIGHUP) when they can`);
}
