import { systemClock } from "../../base/clock.ts";
import type { Config } from "../../config/schema.ts";
import type { ApiParts } from "../../doors/control/api/services.ts";
import { apiOf } from "../api.ts";
import { noFellows } from "../fellows.ts";
import type { Observation } from "../observation.ts";
import type { Lasting, Parts } from "../parts.ts";
import { closeParts, createLasting, createParts } from "../parts.ts";

/** What the control door needs of Postern in a process that has no other door. */
export class Office {
  readonly #lasting: Lasting;
  #parts: Parts;
  #closed = false;

  private constructor(lasting: Lasting, parts: Parts) {
    this.#lasting = lasting;
    this.#parts = parts;
  }

  /** @throws Error when the configuration cannot be put in force */
  static async open(config: Config, { observe, recorder }: Observation): Promise<Office> {
    const { store } = config;
    const lasting = createLasting({ clock: systemClock, observe, recorder, fellows: noFellows, store });
    const parts = await createParts(config, lasting);
    await lasting.shared?.start(parts);
    return new Office(lasting, parts);
  }

  get api(): ApiParts {
    return apiOf(this.#parts, this.#lasting);
  }

  /** @throws Error when the configuration cannot be put in force; then nothing has changed */
  async reload(config: Config): Promise<void> {
    const parts = await createParts(config, this.#lasting);
    if (this.#closed) {
      closeParts(parts);
      throw new Error("Postern is shutting down");
    }
    closeParts(this.#parts);
    this.#parts = parts;
    this.#lasting.shared?.layUnder(parts);
  }

  async close(): Promise<void> {
    this.#closed = true;
    closeParts(this.#parts);
    await this.#lasting.shared?.close();
  }
}
