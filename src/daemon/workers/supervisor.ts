/**
 * The process in front of several workers. It carries no client's bytes: it keeps the workers running, hands them each
 * configuration, and shows all of them as one Postern. What is only decided about, and not carried, it answers itself:
 * logins by PAM, and operators' calls.
 */

import { aggregate } from "../../audit/aggregate.ts";
import { METRICS_MEDIA_TYPE } from "../../audit/metrics.ts";
import { systemClock } from "../../base/clock.ts";
import { messageOf } from "../../base/error.ts";
import type { Config } from "../../config/schema.ts";
import { showConfig } from "../../config/show.ts";
import { packConfig } from "../../config/transfer.ts";
import { ControlDoor } from "../../doors/control/door.ts";
import type { DoorRequest } from "../../doors/rest/door.ts";
import { Daemon } from "../daemon.ts";
import type { Addresses } from "../doors.ts";
import { Observation } from "../observation.ts";
import { OwnStore } from "../own-store.ts";
import type { Postern } from "../postern.ts";
import type { Loaded } from "../reloading.ts";
import { claim } from "./claim.ts";
import { Crew } from "./crew.ts";
import { readinessOfAll } from "./readiness.ts";
import { type PortPlace, portPlaces, shareOfSupervisor, withPorts, workersOf } from "./share.ts";

/** A worker that is still there so long after the drain time hangs. */
const HANG_MS = 10_000;
/** Any period will do: the timer only keeps the process alive while all workers are being replaced at once. */
const ALIVE_MS = 3_600_000;

export class Supervisor implements Postern {
  readonly observation: Observation;
  readonly #crew: Crew;
  readonly #control: ControlDoor;
  readonly #alive = setInterval(() => {}, ALIVE_MS);
  #config: Config;
  #store: OwnStore | undefined;
  #office: Daemon | undefined;
  #addresses: Addresses = {};

  private constructor(config: Config, ask: (request: DoorRequest) => void) {
    this.#config = config;
    this.observation = new Observation(config.log, {}, () => undefined);
    const { observe } = this.observation;
    this.#crew = new Crew({
      size: workersOf(config),
      observe,
      ask,
      config: () => packConfig(this.#config),
      onLoginFailed: (address) => this.#office?.loginFailedElsewhere(address),
    });
    const running = {
      logins: () => this.#opened.logins,
      api: () => this.#opened.api,
      readiness: () => this.#readiness(),
      metrics: () => this.#metrics(),
      catalog: () => this.#crew.catalog(),
      configuration: async () => showConfig(this.#config),
    };
    this.#control = new ControlDoor(running, observe);
  }

  /**
   * Starts the workers that the configuration asks for, and waits until all of them serve.
   * @throws Error when one of them cannot; then all have ended
   */
  static async start({ config, source }: Loaded, ask: (request: DoorRequest) => void): Promise<Supervisor> {
    const supervisor = new Supervisor(config, ask);
    try {
      supervisor.#store = await OwnStore.start(config, supervisor.observation.observe);
      await supervisor.observation.openLedger(config);
      supervisor.observation.observe({ event: "config.loaded.v1", source });
      await supervisor.#open();
    } catch (error) {
      await supervisor.#crew.kill();
      await supervisor.#office?.stop(AbortSignal.abort());
      clearInterval(supervisor.#alive);
      await supervisor.observation.close();
      await supervisor.#store?.stop();
      throw error;
    }
    return supervisor;
  }

  get addresses(): Addresses {
    const control = this.#control.address;
    return { ...this.#addresses, ...this.#office?.addresses, ...(control === undefined ? {} : { control }) };
  }

  get #opened(): Daemon {
    if (this.#office === undefined) throw new TypeError("the control door opens last");
    return this.#office;
  }

  async #open(): Promise<void> {
    const { observe, recorder } = this.observation;
    this.#office = await Daemon.start(shareOfSupervisor(this.#config), {
      clock: systemClock,
      observe,
      recorder,
      fellows: this.#crew.fellows,
    });
    const claims = await claimAll(portPlaces(this.#config));
    this.#config = withPorts(this.#config, claims);
    try {
      this.#addresses = await this.#crew.start();
    } finally {
      for (const { release } of claims) release();
    }
    for (const door of ["postgres", "rest"] as const) {
      const address = this.#addresses[door];
      if (address !== undefined) observe({ event: "door.opened.v1", door, ...address });
    }
    await this.#control.apply(this.#config.admin);
  }

  async reload({ config: next }: Loaded): Promise<void> {
    const before = this.#config;
    const config = await this.#placed(next);
    await this.#control.apply(config.admin);
    this.#config = config; // a worker that starts from here on gets it
    const faults = await this.#putInForce(config);
    if (faults.length > 0) {
      this.#config = before;
      await this.#putInForce(before);
      await this.#control.apply(before.admin);
      throw new Error(faults.join("; "));
    }
    this.observation.relog(config.log);
  }

  /** Has every process take a configuration. Returns what is wrong with it, where it is not in force. */
  async #putInForce(config: Config): Promise<readonly string[]> {
    const here = this.#opened.reload(shareOfSupervisor(config)).then(
      () => [],
      (error) => [messageOf(error)],
    );
    const faults = await Promise.all([here, this.#crew.reload(packConfig(config))]);
    return [...new Set(faults.flat())];
  }

  /** The configuration with its ports: the ones that are open, where any will do. */
  async #placed(next: Config): Promise<Config> {
    const before = portPlaces(this.#config);
    const same = (place: PortPlace) =>
      before.find(
        ({ door, host, port }) =>
          door === place.door && host === place.host && (place.port === 0 || place.port === port),
      );
    const kept = portPlaces(next).flatMap((place) => same(place) ?? []);
    const moved = portPlaces(next).filter((place) => same(place) === undefined);
    const claims = await claimAll(moved);
    for (const { release, door, address, port } of claims) {
      release();
      this.#addresses = { ...this.#addresses, [door]: { address, port } };
    }
    return withPorts(next, [...kept, ...claims]);
  }

  reloadCatalog(): void {
    this.#crew.tell({ kind: "reload-catalog" });
  }

  /** Drains all workers. The control door answers to the end, so that it is seen what goes on. */
  async stop(hurry: AbortSignal): Promise<void> {
    await this.#crew.drain(hurry, this.#config.limits.drainTimeout + HANG_MS);
    await this.#office?.stop(hurry);
    this.#control.close();
    await this.observation.close();
    await this.#store?.stop();
    clearInterval(this.#alive);
  }

  async #readiness() {
    return readinessOfAll(await this.#crew.status());
  }

  async #metrics() {
    const answers = await this.#crew.status();
    const living = answers.flatMap((answer) => (answer.kind === "status" ? [answer.status.metrics] : []));
    const own = await this.observation.metrics.json();
    const all = await aggregate([await this.#crew.past, ...living, own]);
    return { text: await all.metrics(), mediaType: METRICS_MEDIA_TYPE };
  }
}

interface Claimed extends PortPlace {
  readonly address: string;
  readonly release: () => void;
}

/** @throws Error when one of the places cannot be had; then none is kept */
async function claimAll(places: readonly PortPlace[]): Promise<Claimed[]> {
  const claims: Claimed[] = [];
  try {
    for (const place of places) {
      claims.push({ ...place, ...(await claim(place)) });
    }
    return claims;
  } catch (error) {
    for (const { release } of claims) release();
    throw error;
  }
}
