import type { Clock } from "../../base/clock.ts";
import type { EndReason } from "../../base/event.ts";
import { MessageFlow } from "../../protocol/message-flow.ts";
import { errorResponse, noticeResponse } from "../../protocol/server-messages.ts";
import type { Statements } from "../../protocol/statements.ts";
import type { Wire } from "../../wire/wire.ts";
import type { Backend } from "./backend.ts";
import { cancelQuery, leaveBackend } from "./backend.ts";

/** What a client is told when its session is ended from outside. SQLSTATE class 57P: operator intervention. */
export const FAREWELL: Readonly<
  Record<EndReason, { readonly sqlstate: string; readonly text: string } | undefined>
> = {
  "client-closed": undefined,
  "upstream-closed": undefined,
  error: undefined,
  expired: {
    sqlstate: "57P01",
    text: "the session ended because its token has expired; connect with a new token",
  },
  "access-over": {
    sqlstate: "57P01",
    text: "the session ended because the time of the access that was given is over; ask for it again",
  },
  "max-duration": {
    sqlstate: "57P01",
    text: "the session ended because it reached the longest time allowed; connect again",
  },
  idle: { sqlstate: "57P05", text: "the session ended because it was idle for too long; connect again" },
  revoked: { sqlstate: "57P01", text: "the session ended because its right was taken away" },
  draining: {
    sqlstate: "57P01",
    text: "the session ended because the gateway is shutting down; connect again",
  },
};

/** How long a session that is being ended may take to come to rest before it is cut. */
const END_GRACE_MS = 1000;
/** ReadyForQuery: type, length and status. */
const READY_BYTES = 6;

interface WireSessionParts {
  readonly client: Wire;
  readonly backend: Backend;
  readonly clock: Clock;
  /** End the session after this many milliseconds of rest; undefined: never. */
  readonly idleTimeout: number | undefined;
  /** The correlation id that a farewell carries. */
  readonly id: string;
  /** Reads the statements along; none when nobody wants them. */
  readonly statements?: Statements | undefined;
  /** Told once, when both sides are closed. */
  readonly onClosed: (reason: EndReason) => void;
}

/**
 * A session after its login: two byte pumps with back-pressure, and no look inside but at where messages begin. That
 * tells when everything that was asked is answered, and where a farewell can be said without breaking a message in two.
 *
 *     running ──end()──▶ resting? ──yes──▶ farewell, closed
 *        │                  └────no─────▶ cancel; farewell at the next ReadyForQuery, or cut after END_GRACE_MS
 *        ├── either side closes ─────────▶ closed
 *        └── the client closes behind its goodbye, with a query under way ──▶ lingering, until the server is done
 *                                                                             or end(): closed
 *
 * A backend that is left with something under way is cancelled, and ended for certain when that does not help in time.
 */
export class WireSession {
  readonly #parts: WireSessionParts;
  readonly #flow = new MessageFlow();
  #fromClient = 0;
  #toClient = 0;
  #ending: EndReason | undefined;
  #draining = false;
  #closed = false;
  #lingering = false;
  #callOffIdle = () => {};
  /** What is still to be said between two messages of the server. */
  #notice: Buffer | undefined;

  constructor(parts: WireSessionParts) {
    this.#parts = parts;
  }

  get bytesFromClient(): number {
    return this.#fromClient;
  }

  get bytesToClient(): number {
    return this.#toClient;
  }

  /** Rows that the client was sent. */
  get rows(): number {
    return this.#flow.rows;
  }

  /**
   * Tells the client that it is in, and starts pumping.
   * @param welcome ends in ReadyForQuery, so that the session starts at rest
   * @param early bytes that the client sent before it was told
   */
  start(welcome: Buffer, early: Buffer): void {
    const { client } = this.#parts;
    const server = this.#parts.backend.wire;
    client.write(welcome);
    this.#flow.fromServer(welcome);
    const { statements } = this.#parts;
    if (early.length > 0) {
      statements?.fromClient(early);
      this.#flow.fromClient(early);
      this.#fromClient += early.length;
      server.write(early);
    }
    client.onData = (chunk) => {
      statements?.fromClient(chunk);
      this.#flow.fromClient(chunk);
      this.#fromClient += chunk.length;
      if (!server.write(chunk)) client.pause();
    };
    server.onData = (chunk) => {
      this.#toClient += chunk.length;
      statements?.fromServer(chunk);
      this.#flow.fromServer(chunk);
      if (this.#ending !== undefined && this.#flow.ready) {
        this.#answered(this.#ending, chunk);
        return;
      }
      if (!client.write(chunk)) server.pause();
      if (this.#notice !== undefined) this.#say(this.#notice);
      if (this.#draining) this.#atRest();
    };
    server.onDrain = () => this.#ending === undefined && client.resume();
    client.onDrain = () => server.resume();
    client.onClose = () => this.#clientClosed();
    server.onClose = () => this.#serverClosed();
    // One that closed before we listened tells nobody.
    if (server.closed) this.#serverClosed();
    else if (client.closed) this.#clientClosed();
    else this.#pump();
  }

  #pump(): void {
    const { client, backend } = this.#parts;
    client.resume();
    backend.wire.resume();
    this.#watchIdle(0);
  }

  /** Ends the session: at once when it is at rest, else as soon as it is, and after a second in any case. */
  end(reason: EndReason): void {
    if (this.#closed || this.#ending !== undefined) return;
    this.#ending = reason;
    if (this.#lingering) {
      this.#close(reason);
      return;
    }
    this.#parts.client.pause();
    if (this.#atRest()) return;
    cancelQuery(this.#parts.backend);
    this.#parts.clock.after(END_GRACE_MS, () => this.#cut(reason));
  }

  /** Tells the client how long its right still lasts: now, or where the server's next message begins. */
  warn(leftMs: number): void {
    if (this.#closed || this.#lingering || this.#ending !== undefined) return;
    this.#say(noticeResponse({ severity: "NOTICE", sqlstate: "00000", message: this.#warning(leftMs) }));
  }

  #say(notice: Buffer): void {
    this.#notice = this.#flow.speakable ? undefined : notice;
    if (this.#notice === undefined && !this.#closed) this.#parts.client.write(notice);
  }

  #warning(leftMs: number): string {
    const { clock, id } = this.#parts;
    const at = new Date(clock.now() + leftMs).toISOString().slice(11, 19);
    return `the session ends in ${inWords(leftMs)}, at ${at} UTC, when its time is over (${id})`;
  }

  /** Ends the session as soon as it is in no transaction; the gateway is shutting down. */
  drain(): void {
    this.#draining = true;
    this.#atRest();
  }

  /** Says farewell if the stream allows it. Returns whether it did. */
  #atRest(): boolean {
    const status = this.#flow.rest;
    const reason = this.#ending ?? (this.#draining && status === "I" ? "draining" : undefined);
    if (status === undefined || reason === undefined || this.#closed) return false;
    this.#farewell(reason);
    return true;
  }

  /**
   * The server has answered what was cancelled. What a pipeline has behind it must not run any more. The farewell takes
   * the place of ReadyForQuery: a client that is told that all is answered may read no further.
   */
  #answered(reason: EndReason, chunk: Buffer): void {
    if (!this.#closed) this.#farewell(reason, withoutReady(chunk));
  }

  /** Ends a session that did not come to rest. Between two messages of the server it can still be told why. */
  #cut(reason: EndReason): void {
    if (this.#closed) return;
    if (this.#flow.speakable) this.#farewell(reason);
    else this.#close(reason);
  }

  /** @param before what the server said that the client has not been told */
  #farewell(reason: EndReason, before?: Buffer): void {
    const said = before === undefined ? [] : [before];
    const farewell = FAREWELL[reason];
    if (farewell !== undefined) {
      const message = `${farewell.text} (${this.#parts.id})`;
      said.push(errorResponse({ severity: "FATAL", sqlstate: farewell.sqlstate, message }));
    }
    if (said.length > 0) this.#parts.client.write(Buffer.concat(said));
    this.#finish(reason);
  }

  /** Lets the client read what was written, but not longer than the grace. */
  #finish(reason: EndReason): void {
    if (this.#closed) return;
    const { client, clock } = this.#parts;
    this.#shut(reason);
    client.onClose = clock.after(END_GRACE_MS, () => client.destroy());
    client.end();
  }

  #close(reason: EndReason): void {
    if (this.#closed) return;
    this.#shut(reason);
    this.#parts.client.destroy();
  }

  /** A server hangs up upon the client's goodbye, and may be seen to before the client is. */
  #serverClosed(): void {
    this.#finish(this.#flow.parted ? "client-closed" : "upstream-closed");
  }

  #clientClosed(): void {
    const { wire } = this.#parts.backend;
    if (this.#ending === undefined && this.#flow.parted && this.#flow.rest === undefined && !wire.closed)
      this.#linger();
    else this.#close("client-closed");
  }

  /** A query whose client said goodbye behind it was meant to be run, and is, as long as the right to it lasts. */
  #linger(): void {
    const { wire } = this.#parts.backend;
    this.#lingering = true;
    this.#callOffIdle();
    wire.onClose = () => this.#close("client-closed");
    wire.end();
  }

  #shut(reason: EndReason): void {
    this.#closed = true;
    this.#callOffIdle();
    const { backend, clock, onClosed } = this.#parts;
    const left = this.#ending === undefined ? "unwanted" : "forbidden";
    leaveBackend(backend, clock, this.#flow.rest === undefined ? left : "nothing");
    onClosed(this.#ending ?? reason);
  }

  /** Looks once a period whether a byte came; nothing is done per chunk. */
  #watchIdle(seen: number): void {
    const { idleTimeout, clock } = this.#parts;
    if (idleTimeout === undefined) return;
    this.#callOffIdle = clock.after(idleTimeout, () => {
      const bytes = this.#fromClient + this.#toClient;
      if (bytes === seen && this.#flow.rest !== undefined) this.end("idle");
      else this.#watchIdle(bytes);
    });
  }
}

/**
 * A chunk of a server that is ready, without the ReadyForQuery at its end. Left whole where that does not stand there in
 * one piece: begun in the chunk before, or followed by what comes at any time, which ends in NUL.
 */
function withoutReady(chunk: Buffer): Buffer {
  const from = chunk.length - READY_BYTES;
  return from >= 0 && chunk.at(-1) !== 0 ? chunk.subarray(0, from) : chunk;
}

/** Whole minutes, or seconds. */
function inWords(ms: number): string {
  const seconds = Math.max(1, Math.round(ms / 1000));
  const [count, unit] = seconds % 60 === 0 ? [seconds / 60, "minute"] : [seconds, "second"];
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
}
