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

/** Sends replies on a wire, one at a time and no faster than the client takes them. */
export class Outbox {
  readonly #wire: Wire;
  readonly #onSent: () => void;
  #parts: readonly Buffer[] = NOTHING;
  /** The part that is being sent, and how much of it was. */
  #part = 0;
  #offset = 0;
  #last = false;

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
    this.#parts = headOnly ? [Buffer.from(head)] : joined(head, body, length);
    this.#part = 0;
    this.#offset = 0;
    this.#pump();
  }

  drained(): void {
    this.#onSent();
    if (this.pending) this.#pump();
  }

  #pump(): void {
    while (this.pending) {
      const part = this.#parts[this.#part] ?? Buffer.alloc(0);
      const whole = this.#offset === 0 && part.length <= SLICE_BYTES;
      const slice = whole ? part : part.subarray(this.#offset, this.#offset + SLICE_BYTES);
      this.#offset += slice.length;
      if (this.#offset >= part.length) {
        this.#part += 1;
        this.#offset = 0;
      }
      if (!this.#wire.write(slice)) return; // drained() goes on, or the wire closes
    }
    this.#parts = NOTHING;
    this.#onSent();
  }
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
