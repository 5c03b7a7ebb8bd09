/**
 * CSV (RFC 4180) with a header line, turned into a JSON array of objects: the form in which PostgreSQL gets every body.
 * `NULL` is null and any other field a string, which PostgreSQL casts to the column's type. Bytes are copied from one
 * to the other without becoming text in between, which would take several times their room.
 */
import { isUtf8 } from "node:buffer";
import { badBody } from "../../refusals.ts";
import { MAX_ITEMS, WRITTEN_SLICE } from "../limits.ts";
import { JsonPieces } from "./json-pieces.ts";
import type { JsonKeys } from "./json-scan.ts";
import type { Sliced } from "./slices.ts";

const QUOTE = 0x22;
const COMMA = 0x2c;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const BACKSLASH = 0x5c;
const CLOSE = 0x7d;
const NULL_FIELD = Buffer.from("NULL");
const NULL_VALUE = Buffer.from("null");

export interface CsvRows extends JsonKeys {
  readonly body: readonly Buffer[];
}

/** Where the content of a field stands, without quotes around it. */
interface Field {
  from: number;
  to: number;
  /** Whether there are doubled quotes in it. */
  doubled: boolean;
  /** Whether JSON has to escape something in it. */
  escaped: boolean;
}

export class CsvReader implements Sliced<CsvRows> {
  readonly #body: Buffer;
  #at = 0;
  #rows = 0;
  /** The names, each as the beginning of a member: `"name":`. */
  #members: readonly Buffer[] | undefined;
  #names: readonly string[] = [];
  readonly #json: JsonPieces;
  /** The field that was read last. */
  readonly #field: Field = { from: 0, to: 0, doubled: false, escaped: false };

  constructor(body: Buffer) {
    this.#body = body;
    this.#json = new JsonPieces(body.length * 2);
    this.#json.byte(0x5b);
  }

  /** Stops early where much was written: each row repeats the header, which may be a thousand times as long as it is. */
  advance(position: number): boolean {
    const full = this.#json.length + WRITTEN_SLICE;
    while (this.#at < position && this.#json.length < full) this.#line();
    return this.#at >= this.#body.length;
  }

  get made(): number {
    return this.#json.length;
  }

  /** @throws RestError PGRST102 */
  result(): CsvRows {
    if (this.#members === undefined) throw badBody("Empty or invalid CSV: a header line was expected");
    if (!isUtf8(this.#body)) throw badBody("Invalid CSV: not UTF-8");
    this.#json.byte(0x5d);
    const keys = this.#rows === 0 ? [] : this.#names;
    return { shape: "array", keys, rows: this.#rows, body: this.#json.end() };
  }

  #line(): void {
    if (this.#blank()) return;
    if (this.#members === undefined) this.#header();
    else this.#row(this.#members);
    this.#endLine();
  }

  /** Steps over a line with nothing in it, or with one field that is empty. */
  #blank(): boolean {
    const body = this.#body;
    const from = this.#at;
    const empty = body[from] === QUOTE && body[from + 1] === QUOTE ? from + 2 : from;
    if (empty < body.length && body[empty] !== LF && body[empty] !== CR) return false;
    this.#at = empty;
    this.#endLine();
    return true;
  }

  #header(): void {
    const names: string[] = [];
    do {
      if (names.length === MAX_ITEMS) throw badBody(`CSV with more than ${MAX_ITEMS} fields in a line`);
      this.#read();
      names.push(this.#text());
    } while (this.#goOn());
    if (new Set(names).size !== names.length) throw badBody("Invalid CSV: a column's name is there twice");
    this.#names = names;
    this.#members = names.map((name, index) =>
      Buffer.from(`${index === 0 ? "{" : ","}${JSON.stringify(name)}:`),
    );
  }

  #row(members: readonly Buffer[]): void {
    if (this.#rows > 0) this.#json.byte(COMMA);
    let index = 0;
    do {
      const member = members[index];
      if (member === undefined) throw uneven();
      index += 1;
      this.#read();
      this.#json.write(member);
      this.#value();
    } while (this.#goOn());
    if (index < members.length) throw uneven();
    this.#json.byte(CLOSE);
    this.#rows += 1;
  }

  #value(): void {
    const { from, to, doubled, escaped } = this.#field;
    if (this.#isNull(from, to)) this.#json.write(NULL_VALUE);
    else if (doubled || escaped) this.#json.write(Buffer.from(JSON.stringify(this.#text())));
    else this.#json.quoted(this.#body, from, to);
  }

  #isNull(from: number, to: number): boolean {
    return to - from === NULL_FIELD.length && NULL_FIELD.compare(this.#body, from, to) === 0;
  }

  /** The field as text. */
  #text(): string {
    const { from, to, doubled } = this.#field;
    const text = this.#body.toString("utf8", from, to);
    return doubled ? text.replaceAll('""', '"') : text;
  }

  /** Steps over a comma, if there is one. */
  #goOn(): boolean {
    if (this.#body[this.#at] !== COMMA) return false;
    this.#at += 1;
    return true;
  }

  #endLine(): void {
    if (this.#at >= this.#body.length) return;
    const byte = this.#body[this.#at];
    if (byte !== CR && byte !== LF) throw badBody("Invalid CSV: something follows a closing quote");
    this.#at += byte === CR && this.#body[this.#at + 1] === LF ? 2 : 1;
  }

  #read(): void {
    this.#field.doubled = false;
    this.#field.escaped = false;
    if (this.#body[this.#at] === QUOTE) this.#readQuoted();
    else this.#readPlain();
  }

  #readPlain(): void {
    const body = this.#body;
    const from = this.#at;
    let at = from;
    for (; at < body.length; at += 1) {
      const byte = body[at] ?? 0;
      if (byte === COMMA || byte === LF || byte === CR) break;
      if (byte === QUOTE) throw badBody("Invalid CSV: a quote inside of a field that has none around it");
      if (byte < SPACE || byte === BACKSLASH) this.#field.escaped = true;
    }
    this.#at = at;
    this.#field.from = from;
    this.#field.to = at;
  }

  #readQuoted(): void {
    const body = this.#body;
    const from = this.#at + 1;
    for (let at = from; at < body.length; at += 1) {
      const byte = body[at] ?? 0;
      if (byte < SPACE || byte === BACKSLASH) this.#field.escaped = true;
      if (byte !== QUOTE) continue;
      if (body[at + 1] !== QUOTE) {
        this.#at = at + 1;
        this.#field.from = from;
        this.#field.to = at;
        return;
      }
      this.#field.doubled = true;
      at += 1;
    }
    throw badBody("Invalid CSV: a quoted field does not end");
  }
}

const uneven = () => badBody("All lines must have same number of fields");
