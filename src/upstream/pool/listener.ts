import type { Clock } from "../../base/clock.ts";
import { quoteIdentifier } from "../../base/sql-text.ts";
import type { TargetSessionAttributes } from "../session-attributes.ts";
import { Backend, type Connection } from "./backend.ts";
import { PoolError, PoolServerError } from "./errors.ts";
import type { ListenEvents, Listening } from "./pool.ts";

/** The first pause before a connection is tried again; each is twice the one before. */
const FIRST_PAUSE_MS = 1000;
/** The longest: after an outage, changes are noticed this much later at most. */
const LONGEST_PAUSE_MS = 32_000;
/** LISTEN returns no rows. */
const LIMITS = { maxResultBytes: 1024, preparedStatements: 0 };

interface ListenerParts {
  readonly clock: Clock;
  readonly open: (abort: AbortSignal, wanted: TargetSessionAttributes) => Promise<Connection>;
  readonly channel: string;
  readonly events: ListenEvents;
  readonly onClosed: () => void;
}

/** One LISTEN on a connection of its own, made again when that is lost. */
export class Listener implements Listening {
  readonly #parts: ListenerParts;
  readonly #abort = new AbortController();
  #backend: Backend | undefined;
  #pauseMs = FIRST_PAUSE_MS;
  #callOff: () => void = () => {};

  constructor(parts: ListenerParts) {
    this.#parts = parts;
    void this.#connect();
  }

  close(): void {
    if (this.#abort.signal.aborted) return;
    this.#abort.abort();
    this.#callOff();
    this.#backend?.end();
    this.#parts.onClosed();
  }

  async #connect(): Promise<void> {
    const { open, channel, events } = this.#parts;
    let refusal: Error | undefined;
    try {
      const connection = await open(this.#abort.signal, "read-write"); // a standby takes no LISTEN
      const backend = new Backend(connection, LIMITS, {
        onParameter: () => {},
        onNotification: (of, payload) => {
          if (of === channel) events.onNotification(payload);
        },
        onClosed: (error) => this.#lost(refusal ?? error ?? new PoolError("pool/connection-lost", "hung up")),
      });
      this.#backend = backend;
      const { error } = await backend.runSimple(`LISTEN ${quoteIdentifier(channel)}`);
      if (error === undefined) {
        this.#pauseMs = FIRST_PAUSE_MS;
        if (!this.#abort.signal.aborted) events.onListening();
      } else {
        refusal = new PoolServerError(error);
        backend.destroy(refusal);
      }
    } catch (error) {
      if (this.#backend === undefined) this.#lost(error); // or else onClosed tells
    }
  }

  /** Told once for each connection. */
  #lost(error: unknown): void {
    this.#backend = undefined;
    if (this.#abort.signal.aborted) return;
    const pause = this.#pauseMs;
    this.#pauseMs = Math.min(2 * pause, LONGEST_PAUSE_MS);
    this.#callOff = this.#parts.clock.after(pause, () => void this.#connect());
    this.#parts.events.onLost?.(error);
  }
}
