/** ReadyForQuery as the last thing a server sent: the only points at which a gateway may speak in the server's place. */

const READY_BYTES = 6;

/** The transaction status that ReadyForQuery reports: idle, in a transaction, in a failed transaction. */
export type TransactionStatus = "I" | "T" | "E";

/**
 * Watches the end of the stream from the server. Only the last six bytes are kept, so it costs one small copy a chunk
 * whatever the chunk holds. A row's data could end in the same six bytes just where a chunk ends; what follows from
 * that is only that a session which is being ended anyway ends less politely.
 */
export class ReadyTail {
  readonly #tail = Buffer.alloc(READY_BYTES);

  push(chunk: Buffer): void {
    const { length } = chunk;
    if (length >= READY_BYTES) {
      chunk.copy(this.#tail, 0, length - READY_BYTES);
    } else {
      this.#tail.copyWithin(0, length);
      chunk.copy(this.#tail, READY_BYTES - length);
    }
  }

  /** The status, when the stream stands right behind a ReadyForQuery. */
  status(): TransactionStatus | undefined {
    const tail = this.#tail;
    if (tail[0] !== 0x5a || tail.readInt32BE(1) !== 5) return undefined;
    const status = String.fromCharCode(tail[5] ?? 0);
    return status === "I" || status === "T" || status === "E" ? status : undefined;
  }
}
