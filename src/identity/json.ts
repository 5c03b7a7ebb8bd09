/**
 * A JSON reader (RFC 8259) for what strangers send. It differs from JSON.parse where leniency has hurt: a duplicate
 * member is an error (RFC 7515 §4, RFC 7519 §4), objects have no prototype so that `__proto__` is a name like any
 * other, depth and number of values are bounded, numbers that overflow and strings with a lone surrogate are refused
 * (I-JSON, RFC 7493 §2.1 and §2.2), and so is a byte order mark (RFC 8259 §8.1).
 */
import type { Json } from "./identity.ts";

/** No honest token or key set nests deeper; recursion stays far from the stack's end. */
export const MAX_DEPTH = 16;
/** Values in one document: far above a token with a thousand groups, far below what costs noticeable time. */
export const MAX_VALUES = 10_000;

/** What was read, or what is wrong with it. `fault` never quotes the text. */
export type Parsed<T> = { readonly value: T } | { readonly fault: string };

export type JsonObject = { readonly [member: string]: Json };

class JsonFault extends Error {}

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
/** A run of characters that stand for themselves in a string (RFC 8259 §7). */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what a string may not hold
const PLAIN = /[^"\\\u0000-\u001f]*/y;
const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  "\\": "\\",
  "/": "/",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
};
const HEX4 = /[0-9a-fA-F]{4}/y;

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Reads UTF-8 bytes as one JSON object. */
export function parseJsonObject(bytes: Uint8Array): Parsed<JsonObject> {
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch {
    return { fault: "not UTF-8" };
  }
  const parsed = parseJson(text);
  if ("fault" in parsed) return parsed;
  return isObject(parsed.value) ? { value: parsed.value } : { fault: "not a JSON object" };
}

/** Reads a JSON text. */
export function parseJson(text: string): Parsed<Json> {
  try {
    return { value: new Reader(text).document() };
  } catch (error) {
    if (error instanceof JsonFault) return { fault: error.message };
    throw error;
  }
}

/** Whether a JSON value is an object (not an array, not null). */
function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

class Reader {
  readonly #text: string;
  #at = 0;
  #values = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): Json {
    const value = this.#value(0);
    this.#space();
    if (this.#at < this.#text.length) this.#fail("text after the end");
    return value;
  }

  #value(depth: number): Json {
    this.#values += 1;
    if (this.#values > MAX_VALUES) throw new JsonFault(`more than ${MAX_VALUES} values`);
    this.#space();
    switch (this.#text[this.#at]) {
      case "{":
        return this.#object(depth + 1);
      case "[":
        return this.#array(depth + 1);
      case '"':
        return this.#string();
      case "t":
        return this.#word("true", true);
      case "f":
        return this.#word("false", false);
      case "n":
        return this.#word("null", null);
      default:
        return this.#number();
    }
  }

  #object(depth: number): Json {
    this.#open(depth);
    const object: { [member: string]: Json } = Object.create(null);
    if (this.#closes("}")) return object;
    do {
      this.#space();
      if (this.#text[this.#at] !== '"') this.#fail("a member name was expected");
      const name = this.#string();
      if (name in object) this.#fail("a duplicate member");
      this.#space();
      this.#expect(":");
      object[name] = this.#value(depth);
    } while (this.#continues("}"));
    return object;
  }

  #array(depth: number): Json {
    this.#open(depth);
    const array: Json[] = [];
    if (this.#closes("]")) return array;
    do array.push(this.#value(depth));
    while (this.#continues("]"));
    return array;
  }

  #open(depth: number): void {
    if (depth > MAX_DEPTH) throw new JsonFault(`nested deeper than ${MAX_DEPTH}`);
    this.#at += 1;
  }

  #closes(bracket: string): boolean {
    this.#space();
    if (this.#text[this.#at] !== bracket) return false;
    this.#at += 1;
    return true;
  }

  #continues(bracket: string): boolean {
    if (this.#closes(bracket)) return false;
    this.#expect(",");
    return true;
  }

  #string(): string {
    this.#at += 1;
    let text = "";
    let escaped = false;
    for (;;) {
      text += this.#match(PLAIN) ?? "";
      const stop = this.#text[this.#at];
      if (stop === '"') break;
      if (stop !== "\\") this.#fail("an unfinished string or a bare control character");
      this.#at += 1;
      text += this.#escape();
      escaped = true;
    }
    this.#at += 1;
    // UTF-8 cannot hold a lone surrogate, so only an escape can bring one in.
    if (escaped && !text.isWellFormed()) this.#fail("a lone surrogate");
    return text;
  }

  #escape(): string {
    const letter = this.#text[this.#at] ?? "";
    this.#at += 1;
    if (letter === "u") {
      const hex = this.#match(HEX4) ?? this.#fail("a bad \\u escape");
      return String.fromCharCode(Number.parseInt(hex, 16));
    }
    return (Object.hasOwn(ESCAPES, letter) ? ESCAPES[letter] : undefined) ?? this.#fail("a bad escape");
  }

  #number(): number {
    const digits = this.#match(NUMBER) ?? this.#fail("a value was expected");
    const number = Number(digits);
    return Number.isFinite(number) ? number : this.#fail("a number out of range");
  }

  #word<T>(word: string, value: T): T {
    if (!this.#text.startsWith(word, this.#at)) this.#fail("a value was expected");
    this.#at += word.length;
    return value;
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }

  #expect(character: string): void {
    if (this.#text[this.#at] !== character) this.#fail(`"${character}" was expected`);
    this.#at += 1;
  }

  #space(): void {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
      this.#at += 1;
    }
  }

  #fail(what: string): never {
    throw new JsonFault(`not JSON: ${what} at offset ${this.#at}`);
  }
}
