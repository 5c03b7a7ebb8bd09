import { releaseAround } from "../../../base/memory.ts";
import type { Wire } from "../../../wire/wire.ts";
import { JOIN_BYTES, SLICE_BYTES } from "./bounds.ts";
import type { Reply } from "./exchange.ts";
import { NO_BODY, replyHead } from "./reply-head.ts";

interface Delivery {
  /** The connection ends behind it. */
  readonly last: boolean;
  /** An answer to HEAD: the body is not sent. */
  readonly headOnly: boolean;
  /** The client has to be told that the connection stays open. */
  readonly keepAliveSaid: boolean;
  /** The Date field's value. */
  readonly date: string;
}

const NOTHING: readonly Buffer[] = [];
const EMPTY = Buffer.alloc(0);

/** Sends replies on a wire, one at a time and no faster than the client takes them. */
export class Outbox {
  readonly #wire: Wire;
  readonly #onSent: () => void;
  #parts: readonly Buffer[] = NOTHING;
  /** The part that is being sent, and how much of it was. */
  #part = 0;
  #offset = 0;
  #last = false;
  #length = 0;
  /** Whether the memory of large parts is given back once they were sent. */
  #owned = false;

  /** @param onSent told whenever the kernel took what it was given */
  constructor(wire: Wire, onSent: () => void) {
    this.#wire = wire;
    this.#onSent = onSent;
  }

  /** Whether there is more of the reply to send. */
  get pending(): boolean {
    return this.#part < this.#parts.length;
  }

  /** Whether the connection ends behind the reply. */
  get last(): boolean {
    return this.#last;
  }

  /** @throws TypeError when a header of the reply is unsafe; nothing was sent then */
  send(reply: Reply, { last, headOnly, keepAliveSaid, date }: Delivery): void {
    const body = bodyOf(reply);
    const length = lengthOf(body);
    const head = replyHead(reply, {
      length: headOnly && reply.body === undefined ? undefined : length,
      connection: last ? "close" : keepAliveSaid ? "keep-alive" : undefined,
      date,
    });
    this.#last = last;
    this.#length = headOnly ? 0 : length;
    this.#owned = reply.ownsBody === true;
    this.#parts = headOnly ? [Buffer.from(head)] : joined(head, body, length);
    this.#part = 0;
    this.#offset = 0;
    this.#pump();
  }

  /** The bytes of the reply that is being sent. */
  get length(): number {
    return this.#length;
  }

  /** Gives the rest up: the wire has closed. */
  drop(): void {
    const left = this.#parts.slice(this.#part);
    this.#parts = NOTHING;
    if (this.#owned) for (const part of left) if (part.length > SLICE_BYTES) releaseAround(part);
  }

  drained(): void {
    if (!this.pending) this.#parts = NOTHING;
    this.#onSent();
    if (this.pending) this.#pump();
  }

  #pump(): void {
    while (this.pending) if (!this.#wire.write(this.#next())) return; // drained() goes on, or the wire closes
    this.#parts = NOTHING;
    this.#onSent();
  }

  #next(): Buffer {
    const part = this.#parts[this.#part] ?? EMPTY;
    const from = this.#offset;
    const to = from + SLICE_BYTES;
    if (to < part.length) {
      this.#offset = to;
      return part.subarray(from, to);
    }
    this.#part += 1;
    this.#offset = 0;
    return from === 0 ? part : this.#lastOf(part, from);
  }

  /**
   * The end of a part of which the rest has gone out: whether a wire asked for a pause behind a slice of that size or
   * not, it has sent it by now. With a copy of the end nobody needs the part any more.
   */
  #lastOf(part: Buffer, from: number): Buffer {
    if (!this.#owned) return part.subarray(from);
    const end = Buffer.from(part.subarray(from));
    releaseAround(part);
    return end;
  }
}

export function bodyLength(reply: Reply): number {
  return lengthOf(bodyOf(reply));
}

/** What follows a 204 would be taken for the next answer, so nothing may, whatever made the reply thought of it. */
function bodyOf({ status, body }: Reply): readonly Buffer[] {
  if (body === undefined || NO_BODY.has(status)) return NOTHING;
  return Buffer.isBuffer(body) ? [body] : body;
}

function lengthOf(body: readonly Buffer[]): number {
  let length = 0;
  for (const part of body) length += part.length;
  return length;
}

function joined(head: string, body: readonly Buffer[], length: number): readonly Buffer[] {
  if (length > JOIN_BYTES) return [Buffer.from(head), ...body];
  const whole = Buffer.allocUnsafe(Buffer.byteLength(head) + length);
  let at = whole.write(head);
  for (const part of body) at += part.copy(whole, at);
  return [whole];
}
