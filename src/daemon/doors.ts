import type { Clock } from "../base/clock.ts";
import type { DoorName, Observe } from "../base/event.ts";
import type { Spans } from "../base/spans.ts";
import type { PamDoorSettings } from "../doors/pam/door.ts";
import { PamDoor } from "../doors/pam/door.ts";
import type { DoorSettings } from "../doors/postgres/door.ts";
import { PostgresDoor } from "../doors/postgres/door.ts";
import type { DoorRequest, RestDoorSettings } from "../doors/rest/door.ts";
import { RestDoor } from "../doors/rest/door.ts";
import type { ServerCertificate } from "../wire/certificate.ts";
import { loadCertificate } from "../wire/certificate.ts";
import type { Fellows } from "./fellows.ts";
import type { Parts } from "./parts.ts";
import { clusterOfRest } from "./rest-cluster.ts";

/** Where a door listens: an address and a port, or the path of a Unix-domain socket and port 0. */
export interface Address {
  readonly address: string;
  readonly port: number;
}

/** Where each door listens. */
export type Addresses = { readonly [Door in DoorName]?: Address };

interface DoorsParts {
  readonly clock: Clock;
  readonly observe: Observe;
  readonly spans: Spans;
  readonly fellows: Fellows;
  /** What a door asks for. */
  readonly ask: (request: DoorRequest) => void;
  /** Share the ports with other workers (SO_REUSEPORT). */
  readonly reusePort: boolean;
}

/** How a door ends, whichever it is. */
interface Ending {
  /** What keeps it from having ended: sessions, connections. */
  readonly size: number;
  drain(): Promise<void>;
  cut(): number;
}

/** Settings of the doors that a configuration has. */
interface AllSettings {
  readonly postgres: DoorSettings | undefined;
  readonly rest: RestDoorSettings | undefined;
  readonly pam: PamDoorSettings | undefined;
}

/** The doors of a configuration. Which there are is settled at the start; everything else of them may change. */
export class Doors {
  readonly #parts: DoorsParts;
  readonly postgres: PostgresDoor | undefined;
  readonly rest: RestDoor | undefined;
  readonly pam: PamDoor | undefined;

  private constructor(settings: AllSettings, parts: DoorsParts) {
    const { clock, observe, spans, fellows, ask } = parts;
    const cancelElsewhere = (processId: number, key: Uint8Array) => fellows.cancel(processId, key);
    this.#parts = parts;
    this.postgres =
      settings.postgres && new PostgresDoor(settings.postgres, { clock, observe, spans, cancelElsewhere });
    this.rest = settings.rest && new RestDoor(settings.rest, { clock, observe, ask });
    this.pam = settings.pam && new PamDoor(settings.pam, { clock, observe });
  }

  /**
   * Opens the doors that the configuration has.
   * @throws Error when a certificate cannot be used or an address is taken; then none is open
   */
  static async open(from: Parts, parts: DoorsParts): Promise<Doors> {
    const settings = settingsOf(from);
    const doors = new Doors(settings, parts);
    try {
      await doors.postgres?.listen(parts.reusePort);
      await doors.rest?.listen(parts.reusePort);
      await doors.pam?.listen();
    } catch (error) {
      await doors.close();
      throw error;
    }
    doors.#announce(settings);
    return doors;
  }

  get addresses(): Addresses {
    return Object.fromEntries(
      Object.entries({
        postgres: this.postgres?.address,
        rest: this.rest?.address,
        pam: this.pam?.address,
      }).filter(([, address]) => address !== undefined),
    );
  }

  /** Sessions of the wire door and connections of the REST door. */
  get size(): number {
    return this.#all.reduce((sum, { size }) => sum + size, 0);
  }

  /**
   * Puts other settings in force.
   * @throws Error when they cannot be; then nothing has changed, unless it was the second door's address that is taken
   */
  async move(to: Parts): Promise<void> {
    const settings = settingsOf(to);
    if (!sameDoors(this, settings)) throw new Error("a door can be added or removed only by a restart");
    if (settings.postgres !== undefined) await this.postgres?.move(settings.postgres);
    if (settings.rest !== undefined) await this.rest?.move(settings.rest);
    if (settings.pam !== undefined) await this.pam?.move(settings.pam);
    this.#announce(settings);
  }

  /** Lets everything end in its own time. */
  async drain(): Promise<void> {
    await Promise.all(this.#all.map((door) => door.drain()));
  }

  /** Ends what is left, at once. Returns how much that was. */
  cut(): number {
    return this.#all.reduce((sum, door) => sum + door.cut(), 0);
  }

  /** Closes everything at once. */
  async close(): Promise<void> {
    const drained = this.drain();
    this.cut();
    await drained;
  }

  get #all(): readonly Ending[] {
    return [this.postgres, this.rest, this.pam].filter((door) => door !== undefined);
  }

  #announce({ postgres, rest }: AllSettings): void {
    for (const [door, settings] of Object.entries({ postgres, rest })) {
      const { notAfter } = settings?.certificate ?? {};
      if (notAfter !== undefined)
        this.#parts.observe({ event: "tls.loaded.v1", door: door as DoorName, notAfter }); // one of the two keys
    }
  }
}

function sameDoors(doors: Doors, settings: AllSettings): boolean {
  const same = (door: unknown, wanted: unknown) => (door === undefined) === (wanted === undefined);
  return (
    same(doors.postgres, settings.postgres) &&
    same(doors.rest, settings.rest) &&
    same(doors.pam, settings.pam)
  );
}

/** @throws Error when a certificate cannot be used */
function settingsOf(parts: Parts): AllSettings {
  const { config, access, upstream } = parts;
  const { limits, clusters } = config;
  const { postgres, rest, pam } = config.doors;
  return {
    postgres: postgres && {
      door: postgres,
      limits,
      clusters,
      certificate: certificateOf(postgres),
      access,
      upstream,
      statements: config.audit?.statements ?? "off",
    },
    rest: rest && {
      door: rest,
      limits,
      cluster: clusterOfRest(config, rest),
      certificate: certificateOf(rest),
      takesTokens: config.issuers.length > 0 || clusterOfRest(config, rest).decide.mode === "remote",
      access,
      upstream,
    },
    pam: pam && { door: pam, clusters, access },
  };
}

function certificateOf(door: {
  readonly tls?: Parameters<typeof loadCertificate>[0] | undefined;
}): ServerCertificate | undefined {
  return door.tls === undefined ? undefined : loadCertificate(door.tls);
}
