/**
 * The process in front of several workers. It serves no client itself: it keeps the workers running, hands them each
 * configuration, and shows all of them as one Postern.
 */
import { aggregate } from "../../audit/aggregate.ts";
import { METRICS_MEDIA_TYPE } from "../../audit/metrics.ts";
import type { Config } from "../../config/schema.ts";
import { packConfig } from "../../config/transfer.ts";
import { ControlDoor } from "../../doors/control/door.ts";
import { Observation } from "../observation.ts";
import type { Postern } from "../postern.ts";
import type { Loaded } from "../reloading.ts";
import { claim } from "./claim.ts";
import { Crew } from "./crew.ts";
import type { Address } from "./messages.ts";
import { readinessOfAll } from "./readiness.ts";
import { withPort } from "./share.ts";

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
  #address: Address | undefined;

  private constructor(config: Config) {
    this.#config = config;
    this.observation = new Observation(config.log, {}, () => undefined);
    const { observe } = this.observation;
    const size = config.doors.postgres?.workers ?? 1;
    this.#crew = new Crew({ size, observe, config: () => packConfig(this.#config) });
    const running = { readiness: () => this.#readiness(), metrics: () => this.#metrics() };
    this.#control = new ControlDoor(running, observe);
  }

  /**
   * Starts the workers that the configuration asks for, and waits until all of them serve.
   * @throws Error when one of them cannot; then all have ended
   */
  static async start({ config, source }: Loaded): Promise<Supervisor> {
    const supervisor = new Supervisor(config);
    supervisor.observation.observe({ event: "config.loaded.v1", source });
    try {
      await supervisor.#open();
    } catch (error) {
      await supervisor.#crew.kill();
      clearInterval(supervisor.#alive);
      throw error;
    }
    return supervisor;
  }

  get address(): Address | undefined {
    return this.#address;
  }

  async #open(): Promise<void> {
    const door = this.#config.doors.postgres;
    const claimed = door === undefined ? undefined : await claim(door);
    if (claimed !== undefined) this.#config = withPort(this.#config, claimed.port);
    try {
      this.#address = await this.#crew.start();
    } finally {
      claimed?.release();
    }
    const { observe } = this.observation;
    if (this.#address !== undefined) {
      const { address, port } = this.#address;
      observe({ event: "door.opened.v1", door: "postgres", address, port });
    }
    await this.#control.apply(this.#config.admin);
  }

  async reload({ config: next }: Loaded): Promise<void> {
    const before = this.#config;
    const config = await this.#placed(next);
    await this.#control.apply(config.admin);
    this.#config = config; // a worker that starts from here on gets it
    const faults = await this.#crew.reload(packConfig(config));
    if (faults.length > 0) {
      this.#config = before;
      await this.#crew.reload(packConfig(before));
      await this.#control.apply(before.admin);
      throw new Error(faults.join("; "));
    }
    this.observation.relog(config.log);
  }

  /** The configuration with its port: the one that is open, when any will do. */
  async #placed(next: Config): Promise<Config> {
    const [door, old] = [next.doors.postgres, this.#config.doors.postgres];
    if (door === undefined || old === undefined) return next;
    if (door.host === old.host && (door.port === old.port || door.port === 0))
      return withPort(next, old.port);
    const claimed = await claim(door);
    claimed.release();
    this.#address = claimed;
    return withPort(next, claimed.port);
  }

  /** Drains all workers. The control door answers to the end, so that it is seen what goes on. */
  async stop(hurry: AbortSignal): Promise<void> {
    await this.#crew.drain(hurry, this.#config.limits.drainTimeout + HANG_MS);
    this.#control.close();
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
