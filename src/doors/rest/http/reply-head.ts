import { STATUS_CODES } from "node:http";
import type { Clock } from "../../../base/clock.ts";
import type { Reply } from "./exchange.ts";

/** Answers without a body by their nature, which must not speak of its length either (RFC 9110 §6.4.1, §8.6). */
export const NO_BODY: ReadonlySet<number> = new Set([204, 304]);
/** Whatever a header gets from the database: a line break in it would begin another header, or another answer. */
const UNSAFE = /[^\t -~\u0080-\uffff]/;

interface Delivery {
  /** Bytes of the body, sent or (HEAD) not; undefined when a HEAD does not know. */
  readonly length: number | undefined;
  readonly connection: "close" | "keep-alive" | undefined;
  /** The Date field's value. */
  readonly date: string;
}

/**
 * Status line and header fields (RFC 9112 §4, §5), with the empty line.
 * @throws TypeError when a field would break out of its line: those who take values from outside check them first
 */
export function replyHead(
  { status, statusText, headers }: Reply,
  { length, connection, date }: Delivery,
): string {
  let head = `HTTP/1.1 ${status} ${statusText ?? STATUS_CODES[status] ?? ""}\r\nDate: ${date}\r\n`;
  for (const [name, value] of headers) {
    if (UNSAFE.test(name) || UNSAFE.test(value))
      throw new TypeError(`the header ${JSON.stringify(name)} is unsafe`);
    head += `${name}: ${value}\r\n`;
  }
  if (length !== undefined && !NO_BODY.has(status)) head += `Content-Length: ${length}\r\n`;
  if (connection !== undefined) head += `Connection: ${connection}\r\n`;
  return `${head}\r\n`;
}

/** The Date field (RFC 9110 §6.6.1), made once a second. */
export class DateField {
  readonly #clock: Clock;
  #second = -1;
  #text = "";

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get value(): string {
    const second = Math.floor(this.#clock.now() / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#text = new Date(second * 1000).toUTCString();
    }
    return this.#text;
  }
}
