import { METRICS_MEDIA_TYPE } from "../audit/metrics.ts";
import { systemClock } from "../base/clock.ts";
import { showConfig } from "../config/show.ts";
import { ControlDoor } from "../doors/control/door.ts";
import type { DoorRequest } from "../doors/rest/door.ts";
import { Daemon } from "./daemon.ts";
import type { Addresses } from "./doors.ts";
import { Observation } from "./observation.ts";
import { OwnStore } from "./own-store.ts";
import type { Postern } from "./postern.ts";
import type { Loaded } from "./reloading.ts";

interface Started {
  readonly daemon: Daemon;
  readonly observation: Observation;
  readonly store: OwnStore | undefined;
}

/** Postern in one process. */
export class Alone implements Postern {
  readonly observation: Observation;
  readonly #daemon: Daemon;
  readonly #control: ControlDoor;
  readonly #store: OwnStore | undefined;

  private constructor({ daemon, observation, store }: Started) {
    this.#daemon = daemon;
    this.observation = observation;
    this.#store = store;
    const { observe, metrics } = observation;
    const running = {
      logins: () => daemon.logins,
      api: () => daemon.api,
      readiness: async () => daemon.readiness,
      metrics: async () => ({ text: await metrics.text(), mediaType: METRICS_MEDIA_TYPE }),
      catalog: () => daemon.catalogText(),
      configuration: async () => showConfig(daemon.config),
    };
    this.#control = new ControlDoor(running, observe);
  }

  /** @param ask what a door asks for */
  static async start({ config, source }: Loaded, ask: (request: DoorRequest) => void): Promise<Alone> {
    let daemon: Daemon | undefined;
    const observation = new Observation(config.log, {}, () => daemon?.readings);
    const { observe } = observation;
    const store = await OwnStore.start(config, observe);
    try {
      await observation.openLedger(config);
      observe({ event: "config.loaded.v1", source });
      const { recorder } = observation;
      daemon = await Daemon.start(config, { clock: systemClock, observe, ask, recorder });
      const alone = new Alone({ daemon, observation, store });
      await alone.#control.apply(config.admin);
      return alone;
    } catch (error) {
      await daemon?.stop(AbortSignal.abort());
      await observation.close();
      await store?.stop();
      throw error;
    }
  }

  get addresses(): Addresses {
    const control = this.#control.address;
    return { ...this.#daemon.addresses, ...(control === undefined ? {} : { control }) };
  }

  /** Puts a configuration in force, or throws and changes nothing. */
  async reload({ config }: Loaded): Promise<void> {
    const before = this.#daemon.config.admin;
    await this.#control.apply(config.admin);
    try {
      await this.#daemon.reload(config);
    } catch (error) {
      await this.#control.apply(before);
      throw error;
    }
    this.observation.relog(config.log);
  }

  reloadCatalog(): void {
    this.#daemon.reloadCatalog();
  }

  /** Drains. The control door answers to the end, so that it is seen what goes on. */
  async stop(hurry: AbortSignal): Promise<void> {
    await this.#daemon.stop(hurry);
    this.#control.close();
    await this.observation.close();
    await this.#store?.stop();
  }
}
