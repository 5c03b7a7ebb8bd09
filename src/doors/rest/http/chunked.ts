import { Backlog } from "./backlog.ts";
import { HttpError } from "./errors.ts";

/** A chunk-size line: eight hex digits are 4 GB, and nobody uses extensions (RFC 9112 §7.1.1). */
const MAX_SIZE_LINE = 256;
const MAX_SIZE_DIGITS = 8;
/** Trailer fields are read over, since nothing in a trailer is ever used. */
const MAX_TRAILER_BYTES = 8192;
const SIZE_LINE = /^([0-9A-Fa-f]+)[ \t]*(?:;(?:\t|\P{Cc})*)?$/u;

/**
 * Takes the chunked coding (RFC 9112 §7.1) off a body that arrives in pieces of any size.
 *
 *     size ──line──▶ data ──all──▶ data-end ──CRLF──▶ size …
 *       └──0──▶ trailer ──empty line──▶ done
 */
export class ChunkedBody {
  readonly #limit: number;
  readonly #body = new Backlog();
  #state: "size" | "data" | "data-end" | "trailer" | "done" = "size";
  #left = 0;
  #trailerBytes = 0;

  /** @param limit the most bytes that the body may have */
  constructor(limit: number) {
    this.#limit = limit;
  }

  get done(): boolean {
    return this.#state === "done";
  }

  /** The bytes of the body so far. */
  get length(): number {
    return this.#body.length;
  }

  /** The body. */
  take(): Buffer {
    return this.#body.take(this.#body.length);
  }

  /**
   * Reads on.
   * @returns how many of the bytes were used; what is left over comes again, in front of more
   * @throws HttpError when the coding is broken or the body is larger than the limit
   */
  read(bytes: Buffer): number {
    let at = 0;
    for (;;) {
      const used = this.#step(bytes, at);
      if (used === undefined) return at;
      at += used;
      if (this.done) return at;
    }
  }

  /** One element. Undefined: not all of it is there. */
  #step(bytes: Buffer, at: number): number | undefined {
    switch (this.#state) {
      case "size":
        return this.#size(bytes, at);
      case "data":
        return this.#data(bytes, at);
      case "data-end":
        return this.#dataEnd(bytes, at);
      case "trailer":
        return this.#trailer(bytes, at);
      case "done":
        return undefined;
      default:
        return this.#state satisfies never;
    }
  }

  #size(bytes: Buffer, at: number): number | undefined {
    const line = lineAt(bytes, at, MAX_SIZE_LINE);
    if (line === undefined) return undefined;
    const digits = SIZE_LINE.exec(line)?.[1];
    if (digits === undefined || digits.length > MAX_SIZE_DIGITS) throw broken("no chunk size");
    this.#left = Number.parseInt(digits, 16);
    if (this.#body.length + this.#left > this.#limit) throw new HttpError("http/body-too-large", "chunked");
    this.#state = this.#left === 0 ? "trailer" : "data";
    return line.length + 2;
  }

  #data(bytes: Buffer, at: number): number | undefined {
    const part = bytes.subarray(at, at + this.#left);
    if (part.length === 0) return undefined;
    this.#body.append(part, this.#limit);
    this.#left -= part.length;
    if (this.#left === 0) this.#state = "data-end";
    return part.length;
  }

  #dataEnd(bytes: Buffer, at: number): number | undefined {
    if (bytes.length - at < 2) return undefined;
    if (bytes[at] !== 13 || bytes[at + 1] !== 10) throw broken("no line end behind a chunk");
    this.#state = "size";
    return 2;
  }

  #trailer(bytes: Buffer, at: number): number | undefined {
    const line = lineAt(bytes, at, MAX_TRAILER_BYTES);
    if (line === undefined) return undefined;
    this.#trailerBytes += line.length + 2;
    if (this.#trailerBytes > MAX_TRAILER_BYTES) throw new HttpError("http/headers-too-large", "trailer");
    if (line === "") this.#state = "done";
    return line.length + 2;
  }
}

/** The line that begins at `at`, without its end. Undefined: not all of it is there. */
function lineAt(bytes: Buffer, at: number, limit: number): string | undefined {
  const end = bytes.indexOf("\r\n", at, "latin1");
  if (end < 0 ? bytes.length - at > limit : end - at > limit) throw broken("a line that is too long");
  return end < 0 ? undefined : bytes.toString("latin1", at, end);
}

function broken(detail: string): HttpError {
  return new HttpError("http/malformed", `chunked body: ${detail}`);
}
