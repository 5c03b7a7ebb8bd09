import { METRICS_MEDIA_TYPE } from "../audit/metrics.ts";
import { systemClock } from "../base/clock.ts";
import type { LoadResult } from "../config/load.ts";
import { ControlDoor } from "../doors/control/door.ts";
import { Daemon } from "./daemon.ts";
import { Observation } from "./observation.ts";
import type { Loaded } from "./reloading.ts";
import { Reloading } from "./reloading.ts";
import { firstSignal } from "./signals.ts";

/** What is told once the doors are open. */
export interface Open {
  /** Where the wire door listens. */
  readonly address: { readonly address: string; readonly port: number } | undefined;
}

export interface RunOptions {
  readonly loaded: Loaded;
  /** Reads the configuration again, for a reload. */
  readonly load: () => LoadResult;
  readonly onOpen?: (open: Open) => void;
}

/**
 * Runs Postern until SIGTERM or SIGINT: opens the doors, reloads on SIGHUP and when a file changes that the
 * configuration was read from or names, drains at the end. A second signal ends it at once.
 * @throws Error when a door cannot be opened
 */
export async function run({ loaded, load, onOpen }: RunOptions): Promise<void> {
  // From the first moment on: a signal that came while a door opens would end the process with nothing put away.
  const hurry = new AbortController();
  const told = firstSignal(() => hurry.abort());
  const postern = await Alone.start(loaded);
  const { observe } = postern.observation;
  const reloading = new Reloading({ load, observe, inForce: (next) => postern.reload(next) }, loaded);
  onOpen?.(postern.daemon);
  await told;
  reloading.close();
  await postern.stop(hurry.signal);
}

/** Postern in one process. */
class Alone {
  readonly observation: Observation;
  readonly daemon: Daemon;
  readonly #control: ControlDoor;

  private constructor(daemon: Daemon, observation: Observation) {
    this.daemon = daemon;
    this.observation = observation;
    const { observe, metrics } = observation;
    const running = {
      readiness: async () => daemon.readiness,
      metrics: async () => ({ text: await metrics.text(), mediaType: METRICS_MEDIA_TYPE }),
    };
    this.#control = new ControlDoor(running, observe);
  }

  static async start({ config, source }: Loaded): Promise<Alone> {
    let daemon: Daemon | undefined;
    const observation = new Observation(config.log, {}, () => daemon?.readings);
    const { observe } = observation;
    observe({ event: "config.loaded.v1", source });
    daemon = await Daemon.start(config, { clock: systemClock, observe });
    const alone = new Alone(daemon, observation);
    try {
      await alone.#control.apply(config.admin);
    } catch (error) {
      await daemon.stop(AbortSignal.abort());
      throw error;
    }
    return alone;
  }

  /** Puts a configuration in force, or throws and changes nothing. */
  async reload({ config }: Loaded): Promise<void> {
    const before = this.daemon.config.admin;
    await this.#control.apply(config.admin);
    try {
      await this.daemon.reload(config);
    } catch (error) {
      await this.#control.apply(before);
      throw error;
    }
    this.observation.relog(config.log);
  }

  /** Drains. The control door answers to the end, so that it is seen what goes on. */
  async stop(hurry: AbortSignal): Promise<void> {
    await this.daemon.stop(hurry);
    this.#control.close();
  }
}
