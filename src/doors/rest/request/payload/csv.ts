/**
 * CSV (RFC 4180) with a header line, turned into a JSON array of objects: the form in which PostgreSQL gets every body.
 * `NULL` is null and any other field a string, which PostgreSQL casts to the column's type.
 */
import { isUtf8 } from "node:buffer";
import { badBody } from "../../refusals.ts";
import { MAX_CSV_JSON, MAX_ITEMS } from "../limits.ts";
import type { JsonKeys } from "./json-scan.ts";
import type { Sliced } from "./slices.ts";

const QUOTE = 0x22;
const COMMA = 0x2c;
const LF = 0x0a;
const CR = 0x0d;
/** Text is kept until it is worth a buffer of its own. */
const BUFFER_CHARS = 65_536;

export interface CsvRows extends JsonKeys {
  readonly body: Buffer;
}

export class CsvReader implements Sliced<CsvRows> {
  readonly #body: Buffer;
  #at = 0;
  #rows = 0;
  /** The names, each as the beginning of a member: `"name":`. */
  #members: readonly string[] | undefined;
  #names: readonly string[] = [];
  readonly #parts: Buffer[] = [Buffer.from("[")];
  #text = "";
  /** Characters of JSON so far. */
  #written = 0;

  constructor(body: Buffer) {
    this.#body = body;
  }

  advance(position: number): boolean {
    while (this.#at < position) this.#line();
    return this.#at >= this.#body.length;
  }

  /** @throws RestError PGRST102 */
  result(): CsvRows {
    if (this.#members === undefined) throw badBody("Empty or invalid CSV: a header line was expected");
    if (!isUtf8(this.#body)) throw badBody("Invalid CSV: not UTF-8");
    this.#text += "]";
    this.#flush();
    const body = Buffer.concat(this.#parts);
    return { shape: "array", keys: this.#rows === 0 ? [] : this.#names, rows: this.#rows, body };
  }

  #line(): void {
    const fields = this.#fields();
    if (fields.length === 1 && fields[0] === "") return;
    if (this.#members === undefined) this.#header(fields);
    else this.#row(fields, this.#members);
  }

  #header(names: readonly string[]): void {
    if (new Set(names).size !== names.length) throw badBody("Invalid CSV: a column's name is there twice");
    this.#names = names;
    this.#members = names.map((name, index) => `${index === 0 ? "{" : ","}${JSON.stringify(name)}:`);
  }

  #row(fields: readonly string[], members: readonly string[]): void {
    if (fields.length !== members.length) throw badBody("All lines must have same number of fields");
    let text = this.#rows > 0 ? "," : "";
    for (let index = 0; index < members.length; index += 1) {
      const field = fields[index] ?? "";
      text += `${members[index]}${field === "NULL" ? "null" : JSON.stringify(field)}`;
    }
    this.#rows += 1;
    this.#write(`${text}}`);
  }

  /** Every row repeats the header's names, so that a short body may become a JSON text without measure. */
  #write(text: string): void {
    this.#written += text.length;
    if (this.#written > MAX_CSV_JSON)
      throw badBody(`CSV that is more than ${MAX_CSV_JSON} characters of JSON; send less at a time`);
    this.#text += text;
    if (this.#text.length > BUFFER_CHARS) this.#flush();
  }

  #flush(): void {
    this.#parts.push(Buffer.from(this.#text));
    this.#text = "";
  }

  /** The fields up to the end of a line, which is stepped over. */
  #fields(): string[] {
    const fields: string[] = [];
    for (;;) {
      if (fields.length === MAX_ITEMS) throw badBody(`CSV with more than ${MAX_ITEMS} fields in a line`);
      fields.push(this.#body[this.#at] === QUOTE ? this.#quoted() : this.#plain());
      if (this.#body[this.#at] !== COMMA) break;
      this.#at += 1;
    }
    this.#endLine();
    return fields;
  }

  #endLine(): void {
    if (this.#at >= this.#body.length) return;
    const byte = this.#body[this.#at];
    if (byte !== CR && byte !== LF) throw badBody("Invalid CSV: something follows a closing quote");
    this.#at += byte === CR && this.#body[this.#at + 1] === LF ? 2 : 1;
  }

  #plain(): string {
    const body = this.#body;
    const from = this.#at;
    let at = from;
    for (; at < body.length; at += 1) {
      const byte = body[at];
      if (byte === COMMA || byte === LF || byte === CR) break;
      if (byte === QUOTE) throw badBody("Invalid CSV: a quote inside of a field that has none around it");
    }
    this.#at = at;
    return body.toString("utf8", from, at);
  }

  #quoted(): string {
    const body = this.#body;
    let text = "";
    let from = this.#at + 1;
    for (;;) {
      const quote = body.indexOf(QUOTE, from);
      if (quote < 0) throw badBody("Invalid CSV: a quoted field does not end");
      const doubled = body[quote + 1] === QUOTE;
      text += body.toString("utf8", from, doubled ? quote + 1 : quote);
      if (!doubled) {
        this.#at = quote + 1;
        return text;
      }
      from = quote + 2;
    }
  }
}
