import type { Readings } from "../audit/readings.ts";
import type { Clock } from "../base/clock.ts";
import type { Observe } from "../base/event.ts";
import type { Config, PostgresDoorConfig } from "../config/schema.ts";
import type { Readiness } from "../doors/control/running.ts";
import type { DoorSettings } from "../doors/postgres/door.ts";
import { PostgresDoor } from "../doors/postgres/door.ts";
import type { ServerCertificate } from "../wire/certificate.ts";
import { loadCertificate } from "../wire/certificate.ts";
import type { Fellows } from "./fellows.ts";
import { noFellows } from "./fellows.ts";
import type { Lasting, Parts } from "./parts.ts";
import { closeParts, createLasting, createParts } from "./parts.ts";
import { readinessOf } from "./readiness.ts";

interface DaemonOptions {
  readonly clock: Clock;
  readonly observe: Observe;
  /** Share the ports with other workers (SO_REUSEPORT). */
  readonly reusePort?: boolean;
  /** The other workers; none by default. */
  readonly fellows?: Fellows;
}

/** A running Postern in this process. */
export class Daemon {
  readonly #lasting: Lasting;
  readonly #options: DaemonOptions;
  #parts: Parts;
  #door: PostgresDoor | undefined;
  #unsubscribe: () => void;
  #draining = false;

  private constructor(parts: Parts, lasting: Lasting, options: DaemonOptions) {
    this.#parts = parts;
    this.#lasting = lasting;
    this.#options = options;
    this.#unsubscribe = this.#watchKeys();
  }

  /**
   * Starts everything that `config` asks for.
   * @throws Error when a certificate cannot be used or an address is taken
   */
  static async start(config: Config, options: DaemonOptions): Promise<Daemon> {
    const lasting = createLasting(options.clock, options.observe, options.fellows ?? noFellows);
    const parts = await createParts(config, lasting);
    const daemon = new Daemon(parts, lasting, options);
    try {
      await daemon.#openDoor();
    } catch (error) {
      closeParts(parts);
      throw error;
    }
    return daemon;
  }

  get config(): Config {
    return this.#parts.config;
  }

  /** Where the wire door listens. */
  get address(): { readonly address: string; readonly port: number } | undefined {
    return this.#door?.address;
  }

  /** Whether logins can succeed, check by check. */
  get readiness(): Readiness {
    return readinessOf(this.#parts, this.#draining);
  }

  /** What a scrape of the metrics shows beside what events have counted. */
  get readings(): Readings {
    const { upstream, config } = this.#parts;
    return {
      draining: this.#draining,
      unauthenticated: this.#door?.strangers ?? 0,
      liveBytes: this.#door?.traffic ?? { fromClient: 0, toClient: 0 },
      hosts: upstream.states(),
      issuers: config.issuers.map(({ name }) => name),
    };
  }

  /**
   * Puts `config` in force, whole or not at all. Sessions that it would not admit end.
   * @throws Error when it cannot be put in force; then nothing has changed
   */
  async reload(config: Config): Promise<void> {
    const old = this.#parts;
    const certificate = certificateOf(config.doors.postgres);
    const parts = await createParts(config, this.#lasting);
    try {
      // The keys may have been waited for, and a door that is opened behind the back of stop() would never close.
      if (this.#draining) throw new Error("Postern is shutting down");
      await this.#moveDoor(parts, certificate);
    } catch (error) {
      closeParts(parts);
      throw error;
    }
    this.#parts = parts;
    this.#unsubscribe();
    this.#unsubscribe = this.#watchKeys();
    closeParts(old);
    this.#endOrphans();
  }

  /** Counts a failed login that another worker saw. */
  loginFailedElsewhere(address: string): void {
    this.#lasting.attempts.failedElsewhere(address);
  }

  /** Cancels a query on behalf of another worker; undefined when the key is none of ours. */
  cancel(processId: number, key: Uint8Array): Promise<void> | undefined {
    return this.#door?.cancel(processId, key);
  }

  /**
   * Shuts down: stops listening, lets sessions end at rest, and cuts what is left after `limits.drainTimeout` or when
   * `hurry` is aborted.
   */
  async stop(hurry?: AbortSignal): Promise<void> {
    this.#draining = true;
    const { observe, clock } = this.#lasting;
    const graceMs = this.config.limits.drainTimeout;
    const door = this.#door;
    let cut = 0;
    if (door !== undefined) {
      observe({ event: "drain.started.v1", sessions: door.size, graceMs });
      const cutAll = () => {
        cut = door.cut();
      };
      const callOff = clock.after(graceMs, cutAll);
      hurry?.addEventListener("abort", cutAll);
      const drained = door.drain();
      if (hurry?.aborted === true) cutAll();
      await drained;
      callOff();
      observe({ event: "drain.ended.v1", cut });
    }
    this.#unsubscribe();
    closeParts(this.#parts);
  }

  async #openDoor(): Promise<void> {
    const certificate = certificateOf(this.#parts.config.doors.postgres);
    const settings = doorSettings(this.#parts, certificate);
    if (settings === undefined) return;
    const { clock, observe, fellows = noFellows } = this.#options;
    const cancelElsewhere = (processId: number, key: Uint8Array) => fellows.cancel(processId, key);
    const { spans } = this.#lasting;
    const door = new PostgresDoor(settings, { clock, observe, spans, cancelElsewhere });
    await door.listen(this.#options.reusePort);
    this.#door = door;
    this.#announce(certificate);
  }

  async #moveDoor(parts: Parts, certificate: ServerCertificate | undefined): Promise<void> {
    const settings = doorSettings(parts, certificate);
    if (this.#door === undefined || settings === undefined) {
      if ((this.#door === undefined) !== (settings === undefined))
        throw new Error("a door can be added or removed only by a restart");
      return;
    }
    await this.#door.move(settings);
    this.#announce(certificate);
  }

  #announce(certificate: ServerCertificate | undefined): void {
    if (certificate === undefined) return;
    this.#lasting.observe({ event: "tls.loaded.v1", door: "postgres", notAfter: certificate.notAfter });
  }

  #watchKeys(): () => void {
    return this.#parts.verifier.onKeysChanged(() => this.#endOrphans());
  }

  /** Ends the sessions that would not be admitted any more. */
  #endOrphans(): void {
    const { access, config } = this.#parts;
    this.#lasting.sessions.endWhere((facts) => !access.upholds(facts, config.clusters), "revoked");
  }
}

function certificateOf(door: PostgresDoorConfig | undefined): ServerCertificate | undefined {
  return door?.tls === undefined ? undefined : loadCertificate(door.tls);
}

function doorSettings(parts: Parts, certificate: ServerCertificate | undefined): DoorSettings | undefined {
  const { config, access, upstream } = parts;
  const { limits, clusters } = config;
  const door = config.doors.postgres;
  return door === undefined ? undefined : { door, limits, clusters, certificate, access, upstream };
}
