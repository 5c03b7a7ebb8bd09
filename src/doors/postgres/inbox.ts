import type { Wire } from "../../wire/wire.ts";
import { WireError } from "./errors.ts";

/** How long the next packet is, as far as the bytes tell; see protocol/startup.ts and protocol/frontend.ts. */
type LengthOf = (bytes: Buffer) => number | undefined | { readonly fault: string };

interface Waiter {
  readonly lengthOf: LengthOf;
  readonly resolve: (packet: Buffer) => void;
  readonly reject: (error: WireError) => void;
}

/** Room for a startup packet of usual size. */
const FIRST_BYTES = 512;
const NOTHING = Buffer.alloc(0);

/**
 * Reads packets off a wire during a login. The wire flows only while a packet is awaited, so an unknown client can
 * make us keep one packet and one chunk, no more. The same inbox serves before and inside TLS: whoever starts TLS
 * must see to it that it is empty.
 */
export class Inbox {
  readonly #wire: Wire;
  #bytes = NOTHING;
  #length = 0;
  #waiter: Waiter | undefined;
  #gone: WireError | undefined;

  /** @param onGone told when the client has left */
  constructor(wire: Wire, onGone: () => void) {
    this.#wire = wire;
    wire.onData = (chunk) => this.#push(chunk);
    wire.onClose = (error) => {
      this.#leave(error?.message ?? "closed");
      onGone();
    };
  }

  /** Bytes that have arrived and were not taken. */
  get pending(): number {
    return this.#length;
  }

  /** The bytes that have arrived so far, without taking them. */
  peek(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  /**
   * Takes the next whole packet.
   * @throws WireError wire/protocol when its length is out of bounds, wire/client-gone when the client left
   */
  take(lengthOf: LengthOf): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      this.#waiter = { lengthOf, resolve, reject };
      this.#serve();
    });
  }

  /** Takes all that has arrived, and keeps no memory. */
  drain(): Buffer {
    const all = this.peek();
    this.#bytes = NOTHING;
    this.#length = 0;
    return all;
  }

  #push(chunk: Buffer): void {
    const needed = this.#length + chunk.length;
    if (needed > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2, FIRST_BYTES));
      this.#bytes.copy(larger, 0, 0, this.#length);
      this.#bytes = larger;
    }
    chunk.copy(this.#bytes, this.#length);
    this.#length = needed;
    this.#serve();
  }

  #serve(): void {
    const waiter = this.#waiter;
    if (waiter === undefined) return;
    const length = waiter.lengthOf(this.peek());
    if (typeof length === "object") {
      this.#settle();
      waiter.reject(new WireError("wire/protocol", length.fault));
    } else if (length !== undefined && this.#length >= length) {
      this.#settle();
      waiter.resolve(this.#cut(length));
    } else if (this.#gone !== undefined) {
      this.#settle();
      waiter.reject(this.#gone);
    } else {
      this.#wire.resume();
    }
  }

  #settle(): void {
    this.#waiter = undefined;
    this.#wire.pause();
  }

  #cut(length: number): Buffer {
    const packet = Buffer.from(this.#bytes.subarray(0, length));
    this.#bytes.copyWithin(0, length, this.#length);
    this.#length -= length;
    return packet;
  }

  #leave(why: string): void {
    this.#gone ??= new WireError("wire/client-gone", `the client left during the login: ${why}`);
    this.#serve();
  }
}
