/**
 * A place in one parameter's text, and the pieces that all of PostgREST's URL grammar is made of: names, JSON paths,
 * casts, quoted values. Reading only goes forward, so the time taken grows with the length of the text alone.
 */
import type { RestError } from "../errors.ts";
import { badQuery } from "../refusals.ts";
import type { Field, JsonStep } from "./types.ts";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const DASH = 0x2d;
const SPACE = 0x20;
const TAB = 0x09;
const COLON = 0x3a;
const GREATER = 0x3e;

const STOP = 0;
const PART = 1;
/** A space may be trimmed away, and a dash may begin an arrow: names with these need a second look. */
const LOOSE = 2;

/** For ASCII: what a character is in a name that is not quoted. */
const NAME = table((char) => (/[A-Za-z0-9_$]/.test(char) ? PART : /[ -]/.test(char) ? LOOSE : STOP));
/** The same in a key of a JSON path. */
const KEY = table((char) => (/[(:.,>)]/.test(char) ? STOP : /[\s-]/.test(char) ? LOOSE : PART));
/** Letters of any script, and the marks that belong to them. */
const LETTER = /[\p{L}\p{M}]/u;

const FIELD_NAME = "field name (* or [a..z0..9_$])";
const KEY_NAME = '"-", digit or any non reserved character different from: .,>()';
const AFTER_INDEX = 'digit, "->", "::", ".", "," or end of input';
const NO_PATH: readonly JsonStep[] = [];

function table(kind: (char: string) => number): Uint8Array {
  return Uint8Array.from({ length: 128 }, (_, code) => kind(String.fromCharCode(code)));
}

export class Cursor {
  readonly text: string;
  at = 0;
  /** How an error begins: `failed to parse filter (…)`. */
  readonly #subject: string;

  /**
   * @param subject what the text is: `filter`
   * @param shown the text as an error quotes it, when it is not the text that is read
   */
  constructor(subject: string, text: string, shown = text) {
    this.text = text;
    this.#subject = `failed to parse ${subject} (${shown})`;
  }

  get code(): number {
    return this.text.charCodeAt(this.at);
  }

  get done(): boolean {
    return this.at >= this.text.length;
  }

  /** Steps over a character, if it is the next. */
  takes(char: string): boolean {
    if (this.text[this.at] !== char) return false;
    this.at += 1;
    return true;
  }

  /** Steps over a text, if it is next. */
  takesText(text: string): boolean {
    if (!this.text.startsWith(text, this.at)) return false;
    this.at += text.length;
    return true;
  }

  expect(char: string, expecting = `"${char}"`): void {
    if (!this.takes(char)) throw this.fault(expecting);
  }

  spaces(): void {
    while (this.code === SPACE || this.code === TAB) this.at += 1;
  }

  /** Ends the text: anything more is a mistake, never something to overlook. */
  end(expecting = "end of input"): void {
    if (!this.done) throw this.fault(expecting, this.at, "'");
  }

  /** The letters a to z from here on; they are not stepped over. */
  word(): string {
    let end = this.at;
    for (let code = this.code; code >= 0x61 && code <= 0x7a; code = this.text.charCodeAt(end)) end += 1;
    return this.text.slice(this.at, end);
  }

  /** A column's, relation's or alias's name: quoted, or letters, digits, `_`, `$`, spaces and dashes. */
  name(expecting = FIELD_NAME): string {
    return this.code === QUOTE ? this.#quotedName(expecting) : this.#bare(NAME, expecting);
  }

  /** `name->a->>b`, with spaces around it. */
  field(expecting = FIELD_NAME): Field {
    this.spaces();
    const name = this.name(expecting);
    const path = this.path();
    this.spaces();
    return { name, path };
  }

  /** `->a->0->>b`; empty where no arrow follows. */
  path(): readonly JsonStep[] {
    if (this.code !== DASH || this.text.charCodeAt(this.at + 1) !== GREATER) return NO_PATH;
    const path: JsonStep[] = [];
    while (this.takesText("->")) path.push(this.#step(this.takes(">") ? "->>" : "->"));
    return path;
  }

  /** A type's or a language's name: letters, digits, `_`, `$` and spaces, and nothing else ever. */
  identifier(): string {
    const start = this.at;
    while (!this.done && this.code !== DASH && this.#isPart(NAME)) this.at += this.#width();
    const identifier = this.text.slice(start, this.at).trim();
    if (identifier === "") throw this.fault("letter or digit");
    return identifier;
  }

  /** `::type`, if it follows. */
  cast(): string | undefined {
    return this.takesText("::") ? this.identifier() : undefined;
  }

  /**
   * `"text"`, where a backslash makes any character mean itself. Undefined, and nothing stepped over, when it does not
   * end or something else than `follows` comes after it: then the quotes are part of the text.
   */
  quoted(follows?: string): string | undefined {
    const { text } = this;
    let value = "";
    let from = this.at + 1;
    for (let at = from; at < text.length; at += 1) {
      const code = text.charCodeAt(at);
      if (code === QUOTE) {
        if (follows !== undefined && at + 1 < text.length && !follows.includes(text[at + 1] ?? ""))
          return undefined;
        value += text.slice(from, at);
        this.at = at + 1;
        return value;
      }
      if (code !== BACKSLASH) continue;
      value += text.slice(from, at);
      from = at + 1;
      at += 1;
    }
    return undefined;
  }

  /** The text up to one of two characters, or the end. */
  until(one: number, other: number): string {
    const start = this.at;
    while (!this.done && this.code !== one && this.code !== other) this.at += 1;
    return this.text.slice(start, this.at);
  }

  /** Whether a single colon, which ends an alias, is here. */
  atAliasEnd(): boolean {
    return this.code === COLON && this.text.charCodeAt(this.at + 1) !== COLON;
  }

  /** The error that says what was expected instead of what is here. */
  fault(expecting: string, at = this.at, mark = '"'): RestError {
    const char = at < this.text.length ? String.fromCodePoint(this.text.codePointAt(at) ?? 0) : undefined;
    const found = char === undefined ? "end of input" : `${mark}${char}${mark}`;
    return this.faultAt(at, `unexpected ${found} expecting ${expecting}`);
  }

  faultAt(at: number, details: string): RestError {
    return badQuery(`"${this.#subject}" ${position(this.text, at)}`, details);
  }

  #quotedName(expecting: string): string {
    const start = this.at;
    const name = this.quoted();
    if (name === undefined) throw this.fault('"\\"" or any character', this.text.length);
    if (name === "") throw this.fault(expecting, start);
    return name;
  }

  #step(arrow: JsonStep["arrow"]): JsonStep {
    const index = this.#index();
    if (index !== undefined) return { arrow, kind: "index", operand: index };
    if (this.code !== QUOTE) return { arrow, kind: "key", operand: this.#bare(KEY, KEY_NAME) };
    return { arrow, kind: "key", operand: this.#quotedName(KEY_NAME) };
  }

  /** Digits, with a minus sign or without; digits that something else follows are the beginning of a key. */
  #index(): string | undefined {
    const negative = this.code === DASH;
    const start = negative ? this.at + 1 : this.at;
    let end = start;
    for (let code = this.text.charCodeAt(end); code >= 0x30 && code <= 0x39; code = this.text.charCodeAt(end))
      end += 1;
    if (end === start && negative) throw this.fault("digit", end);
    if (end === start) return undefined;
    const follows = this.text[end];
    if (
      follows !== undefined &&
      !".,)".includes(follows) &&
      !/^(?:->|::)/.test(this.text.slice(end, end + 2))
    ) {
      if (negative) throw this.fault(AFTER_INDEX, end, "'");
      return undefined;
    }
    const index = this.text.slice(this.at, end);
    this.at = end;
    return index;
  }

  #bare(kinds: Uint8Array, expecting: string): string {
    const start = this.at;
    let loose = false;
    for (; this.at < this.text.length; this.at += this.#width()) {
      const code = this.code;
      const kind = code < 128 ? kinds[code] : this.#isPart(kinds) ? PART : STOP;
      if (kind === STOP || (code === DASH && this.text.charCodeAt(this.at + 1) === GREATER)) break;
      if (kind === LOOSE) loose = true;
    }
    const raw = this.text.slice(start, this.at);
    const name = loose ? this.#tidy(raw, start, expecting) : raw;
    if (name === "") throw this.fault(expecting, start);
    return name;
  }

  /** The parts between dashes lose the spaces around them, and none may be missing. */
  #tidy(raw: string, start: number, expecting: string): string {
    if (!raw.includes("-")) return raw.trim();
    const parts = raw.split("-");
    const empty = parts.indexOf("");
    if (empty < 0) return parts.map((part) => part.trim()).join("-");
    const before = parts.slice(0, empty).reduce((length, part) => length + part.length + 1, 0);
    throw this.fault(empty === 0 ? expecting : "letter or digit", start + before);
  }

  #isPart(kinds: Uint8Array): boolean {
    const code = this.code;
    if (code < 128) return kinds[code] !== STOP;
    return kinds === KEY || LETTER.test(String.fromCodePoint(this.text.codePointAt(this.at) ?? 0));
  }

  #width(): number {
    return (this.text.codePointAt(this.at) ?? 0) > 0xffff ? 2 : 1;
  }
}

/** `(line 1, column 7)`: characters counted from one, as the clients' error handlers know it. */
function position(text: string, at: number): string {
  const before = text.slice(0, at);
  const lines = before.split("\n");
  let column = 1;
  for (const char of lines.at(-1) ?? "") column += char === "\t" ? 8 - ((column - 1) % 8) : 1;
  return `(line ${lines.length}, column ${column})`;
}
