/**
 * Looks through a JSON text (RFC 8259) for what can be known without building a value of it: whether it is one, and
 * which keys its objects have. The bytes stay where they are; PostgreSQL reads the values.
 */
import { isUtf8 } from "node:buffer";
import { badBody } from "../../refusals.ts";
import { MAX_JSON_DEPTH, MAX_KEYS } from "../limits.ts";
import type { Sliced } from "./slices.ts";

export interface JsonKeys {
  readonly shape: "object" | "array" | "scalar";
  /** Of the object, or of each object of the array; each once, in the order of the first. */
  readonly keys: readonly string[];
  /** How many objects there are. */
  readonly rows: number;
}

const OBJECT = 1;
const ARRAY = 2;

/** What may come next. */
type Expect = "value" | "value-or-close" | "key" | "key-or-close" | "colon" | "comma-or-close" | "end";

/** Where in the body a key stands, without its quotes. */
type Span = readonly [from: number, to: number];

/** RFC 8259 §6. No two of its repetitions can take the same character, so it never goes back far. */
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
/** Digits of a number. PostgreSQL's numeric has at most 147,455 ("PostgreSQL Limits", numeric). */
const MAX_NUMBER = 200_000;
const WORDS = [Buffer.from("true"), Buffer.from("false"), Buffer.from("null")] as const;

export class JsonScan implements Sliced<JsonKeys> {
  readonly #body: Buffer;
  #at = 0;
  #expect: Expect = "value";
  /** The containers that are open, outermost first. */
  readonly #open = new Uint8Array(MAX_JSON_DEPTH);
  #depth = 0;
  #shape: JsonKeys["shape"] = "scalar";
  #rows = 0;
  /** The array has an element that is no object, or objects whose keys differ. */
  #mixed = false;
  /** The keys of the first object, as they stand in the body. */
  readonly #first: Span[] = [];
  #firstNames: ReadonlySet<string> | undefined;
  /** Of the object that is open: how many keys there were, and whether each was the first object's in the same place. */
  #count = 0;
  #alike = true;
  #others: Span[] = [];

  constructor(body: Buffer) {
    this.#body = body;
  }

  /** Keys alone are kept, and their number is bounded. */
  readonly made = 0;

  advance(position: number): boolean {
    const body = this.#body;
    while (this.#at < position) {
      const byte = body[this.#at] ?? 0;
      if (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) this.#at += 1;
      else this.#step(byte);
    }
    return this.#at >= body.length;
  }

  /** @throws RestError PGRST102 */
  result(): JsonKeys {
    if (this.#expect !== "end" || !isUtf8(this.#body)) throw invalid();
    if (this.#mixed) throw badBody("All object keys must match");
    const keys = this.#rows === 0 ? [] : [...this.#names()];
    return { shape: this.#shape, keys, rows: this.#rows };
  }

  #step(byte: number): void {
    switch (this.#expect) {
      case "value-or-close":
      case "value":
        if (byte === 0x5d && this.#expect === "value-or-close") this.#close(ARRAY);
        else this.#value(byte);
        break;
      case "key-or-close":
      case "key":
        if (byte === 0x7d && this.#expect === "key-or-close") this.#close(OBJECT);
        else this.#key(byte);
        break;
      case "colon":
        if (byte !== 0x3a) throw invalid();
        this.#at += 1;
        this.#expect = "value";
        break;
      case "comma-or-close":
        this.#afterValue(byte);
        break;
      case "end":
        throw invalid();
      default:
        this.#expect satisfies never;
    }
  }

  #value(byte: number): void {
    if (byte === 0x7b) this.#enter(OBJECT, "key-or-close");
    else if (byte === 0x5b) this.#enter(ARRAY, "value-or-close");
    else this.#scalar(byte);
  }

  #scalar(byte: number): void {
    if (this.#depth === 1 && this.#open[0] === ARRAY) this.#mixed = true;
    if (byte === 0x22) this.#string();
    else if (byte === 0x2d || (byte >= 0x30 && byte <= 0x39)) this.#number();
    else this.#word();
    this.#valueDone();
  }

  #enter(kind: number, expect: Expect): void {
    if (this.#depth === MAX_JSON_DEPTH) throw badBody(`JSON nested deeper than ${MAX_JSON_DEPTH}`);
    if (this.#depth === 0) this.#shape = kind === OBJECT ? "object" : "array";
    if (this.#depth === 1 && this.#open[0] === ARRAY && kind === ARRAY) this.#mixed = true;
    this.#open[this.#depth] = kind;
    this.#depth += 1;
    if (kind === OBJECT && this.#inRow()) this.#beginRow();
    this.#at += 1;
    this.#expect = expect;
  }

  #afterValue(byte: number): void {
    const kind = this.#open[this.#depth - 1] ?? 0;
    if (byte === 0x2c) {
      this.#at += 1;
      this.#expect = kind === OBJECT ? "key" : "value";
    } else if (byte === (kind === OBJECT ? 0x7d : 0x5d)) this.#close(kind);
    else throw invalid();
  }

  #close(kind: number): void {
    if (kind === OBJECT && this.#inRow()) this.#endRow();
    this.#depth -= 1;
    this.#at += 1;
    this.#valueDone();
  }

  #valueDone(): void {
    this.#expect = this.#depth === 0 ? "end" : "comma-or-close";
  }

  /** Whether the innermost container is an object that stands for a row: the body itself, or an element of it. */
  #inRow(): boolean {
    return this.#depth === 1
      ? this.#shape === "object"
      : this.#depth === 2 && this.#shape === "array" && this.#open[1] === OBJECT;
  }

  #key(byte: number): void {
    if (byte !== 0x22) throw invalid();
    const from = this.#at + 1;
    this.#string();
    if (this.#inRow()) this.#keyOfRow([from, this.#at - 1]);
    this.#expect = "colon";
  }

  #beginRow(): void {
    this.#rows += 1;
    this.#count = 0;
    this.#alike = true;
    this.#others = [];
  }

  #keyOfRow(span: Span): void {
    if (this.#count === MAX_KEYS) throw badBody(`JSON with more than ${MAX_KEYS} keys in one object`);
    if (this.#rows === 1) this.#first.push(span);
    else if (this.#alike) this.#compareKey(span);
    else this.#others.push(span);
    this.#count += 1;
  }

  #compareKey(span: Span): void {
    const model = this.#first[this.#count];
    if (model !== undefined && this.#sameBytes(model, span)) return;
    this.#alike = false;
    this.#others = [...this.#first.slice(0, this.#count), span];
  }

  /** The usual case costs a comparison of bytes a key; another order or spelling of the same keys costs a set. */
  #endRow(): void {
    if (this.#rows === 1 || (this.#alike && this.#count === this.#first.length)) return;
    const spans = this.#alike ? this.#first.slice(0, this.#count) : this.#others;
    const names = new Set(spans.map((span) => this.#name(span)));
    const first = this.#names();
    if (names.size !== first.size || [...names].some((name) => !first.has(name))) this.#mixed = true;
  }

  #names(): ReadonlySet<string> {
    this.#firstNames ??= new Set(this.#first.map((span) => this.#name(span)));
    return this.#firstNames;
  }

  #name([from, to]: Span): string {
    const raw = this.#body.toString("utf8", from, to);
    return raw.includes("\\") ? String(JSON.parse(`"${raw}"`)) : raw;
  }

  #sameBytes(a: Span, b: Span): boolean {
    const length = a[1] - a[0];
    if (length !== b[1] - b[0]) return false;
    for (let at = 0; at < length; at += 1) if (this.#body[a[0] + at] !== this.#body[b[0] + at]) return false;
    return true;
  }

  /** Steps over a string. Control characters in it have to be escaped (RFC 8259 §7). */
  #string(): void {
    const body = this.#body;
    let at = this.#at + 1;
    for (; at < body.length; at += 1) {
      const byte = body[at] ?? 0;
      if (byte === 0x22) {
        this.#at = at + 1;
        return;
      }
      if (byte < 0x20) throw invalid();
      if (byte === 0x5c) at += this.#escape(at + 1);
    }
    throw invalid();
  }

  /** How many bytes of an escape follow the backslash. */
  #escape(at: number): number {
    const byte = this.#body[at] ?? 0;
    if (byte !== 0x75) {
      if (!'"\\/bfnrt'.includes(String.fromCharCode(byte))) throw invalid();
      return 1;
    }
    for (let digit = at + 1; digit <= at + 4; digit += 1) if (!isHex(this.#body[digit] ?? 0)) throw invalid();
    return 5;
  }

  #number(): void {
    const body = this.#body;
    const from = this.#at;
    let at = from;
    while (at < body.length && isOfNumber(body[at] ?? 0)) at += 1;
    if (at - from > MAX_NUMBER || !NUMBER.test(body.toString("latin1", from, at))) throw invalid();
    this.#at = at;
  }

  #word(): void {
    const word = WORDS.find((known) => known[0] === this.#body[this.#at]);
    if (word === undefined || !word.equals(this.#body.subarray(this.#at, this.#at + word.length)))
      throw invalid();
    this.#at += word.length;
  }
}

const invalid = () => badBody("Empty or invalid json");

function isHex(byte: number): boolean {
  const letter = byte | 0x20;
  return (byte >= 0x30 && byte <= 0x39) || (letter >= 0x61 && letter <= 0x66);
}

/** Digits, `+`, `-`, `.`, `e` and `E`. */
function isOfNumber(byte: number): boolean {
  return (
    (byte >= 0x30 && byte <= 0x39) ||
    byte === 0x2b ||
    byte === 0x2d ||
    byte === 0x2e ||
    (byte | 0x20) === 0x65
  );
}
