import type { Clock } from "../base/clock.ts";
import { messageOf } from "../base/error.ts";
import type { BackendKey } from "../protocol/backend-messages.ts";
import { ownCopy } from "../protocol/bytes.ts";
import type { Wire } from "../wire/wire.ts";
import type { Opened } from "./connector.ts";
import type { Errand, Errands } from "./errands.ts";
import { hostName } from "./hosts.ts";
import type { UpstreamSession } from "./upstream.ts";

/** Pauses before the tries to end a server process: what is in the way (no free connection) may pass. */
const TERMINATE_AFTER_MS = [0, 1000, 3000, 6000];
/** From the last try to the end of the connection. */
const LAST_LOOK_MS = 1000;

interface ServerSessionParts {
  readonly clock: Clock;
  readonly errands: Errands;
  readonly errand: Errand;
  /** Told why the server process could not be ended. */
  readonly onLeft: (detail: string) => void;
}

/** A connection that was handed to a door. */
export class ServerSession implements UpstreamSession {
  readonly wire: Wire;
  readonly host: string;
  readonly processId: number;
  readonly greeting: Buffer;
  readonly head: Buffer;
  readonly #parts: ServerSessionParts;
  readonly #key: BackendKey | undefined;
  readonly #version: number;
  readonly #since: number;

  constructor({ session, host }: Opened, parts: ServerSessionParts) {
    this.wire = session.channel.wire;
    this.host = hostName(host);
    this.processId = session.key?.processId ?? 0;
    this.greeting = ownCopy(Buffer.concat(session.greeting));
    this.head = ownCopy(session.channel.release());
    this.#key = session.key;
    this.#version = Number.parseInt(session.parameters.get("server_version") ?? "", 10) || 0;
    this.#parts = parts;
    this.#since = parts.clock.now();
  }

  async cancel(): Promise<void> {
    if (this.#key === undefined) return; // the server gave none: there is nothing to ask
    const { errands, errand } = this.#parts;
    await errands.cancel(errand, this.#key);
  }

  async terminate(): Promise<void> {
    let failure = "the server gave no process id";
    if (this.#key !== undefined) {
      void this.cancel().catch(() => {}); // helps where a role that may end the process cannot log in any more
      for (const pause of TERMINATE_AFTER_MS) {
        if (await this.#closesWithin(pause)) return;
        failure = await this.#tryToTerminate();
      }
    }
    if (!(await this.#closesWithin(LAST_LOOK_MS)))
      this.#parts.onLeft(`process ${this.processId} could not be ended: ${failure}`);
    this.close();
  }

  /** Returns why the process may still be there. */
  async #tryToTerminate(): Promise<string> {
    const { errands, errand, clock } = this.#parts;
    // As long as our connection to it is open, its id belongs to nobody else; the age makes sure of that on the server.
    const process = { id: this.processId, ageMs: clock.now() - this.#since, version: this.#version };
    try {
      return (await errands.terminate(errand, process)) ? "it does not end" : "the server does not find it";
    } catch (error) {
      return messageOf(error);
    }
  }

  #closesWithin(ms: number): Promise<boolean> {
    const { wire } = this;
    if (wire.closed) return Promise.resolve(true);
    return new Promise((resolve) => {
      const callOff = this.#parts.clock.after(ms, () => resolve(false));
      wire.onClose = () => {
        callOff();
        resolve(true);
      };
    });
  }

  close(): void {
    this.wire.destroy();
  }
}
