/**
 * PostgREST's configuration file (its documentation: "Config File"), a format of the Haskell world: `key = value` with
 * `#` comments; text in double quotes with `\` escapes, numbers, true / false / on / off, lists in brackets, groups in
 * braces. In text `$(NAME)` is a variable of the environment and `$$` a dollar sign.
 */

export type FileValue = string | number | boolean | readonly FileValue[];

export interface FileEntry {
  readonly value: FileValue;
  readonly line: number;
}

export type ConfigFile =
  | { readonly kind: "ok"; readonly entries: ReadonlyMap<string, FileEntry> }
  | { readonly kind: "fault"; readonly line: number; readonly message: string };

/** Groups and lists inside each other; nobody needs more than two. */
const MAX_DEPTH = 16;

/** Reads a configuration file. Messages never repeat its text, which may hold secrets. */
export function parseConfigFile(
  text: string,
  variables: Readonly<Record<string, string | undefined>>,
): ConfigFile {
  const reading = new Reading(text, variables);
  try {
    reading.entries("", 0);
    return { kind: "ok", entries: reading.found };
  } catch (error) {
    if (error instanceof Unreadable) return { kind: "fault", line: reading.line, message: error.message };
    throw error;
  }
}

class Unreadable extends Error {}

const SPACE = /(?:[ \t\r\n;]|#[^\n]*)*/y;
const NAME = /[A-Za-z][\w-]*(?:\.[A-Za-z0-9_][\w-]*)*/y;
const NUMBER = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])/y;
const WORD = /[A-Za-z]+/y;
const PLAIN = /[^"\\$\n]+/y;
const UNICODE = /[0-9a-fA-F]{4}/y;
const REFERENCE = /\(([A-Za-z_][\w.-]*)\)/y;

const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  "\\": "\\",
  n: "\n",
  r: "\r",
  t: "\t",
  b: "\b",
};

const WORDS: Readonly<Record<string, boolean>> = { true: true, on: true, false: false, off: false };

class Reading {
  readonly found = new Map<string, FileEntry>();
  readonly #text: string;
  readonly #variables: Readonly<Record<string, string | undefined>>;
  #at = 0;

  constructor(text: string, variables: Readonly<Record<string, string | undefined>>) {
    this.#text = text.startsWith("\uFEFF") ? text.slice(1) : text;
    this.#variables = variables;
  }

  get line(): number {
    return this.#text.slice(0, this.#at).split("\n").length;
  }

  /** Reads entries up to the end of the file, or of the group that they are in. */
  entries(prefix: string, depth: number): void {
    if (depth > MAX_DEPTH) throw new Unreadable("is nested too deeply; write the settings out");
    for (;;) {
      this.#take(SPACE);
      if (this.#at >= this.#text.length) {
        if (depth > 0) throw new Unreadable("lacks a closing brace; add it");
        return;
      }
      if (depth > 0 && this.#next("}")) return;
      this.#entry(prefix, depth);
    }
  }

  #entry(prefix: string, depth: number): void {
    const { line } = this;
    const name = this.#take(NAME);
    if (name === undefined)
      throw new Unreadable("is no setting; write name = value, such as server-port = 3000");
    this.#take(SPACE);
    if (this.#next("{")) {
      this.entries(`${prefix}${name}.`, depth + 1);
      return;
    }
    if (!this.#next("=")) {
      if (name === "import")
        throw new Unreadable("imports a file, which is not supported; write all settings in one file");
      throw new Unreadable("lacks an equals sign after the name; write name = value");
    }
    this.#take(SPACE);
    this.found.set(`${prefix}${name}`, { value: this.#value(depth), line });
  }

  #value(depth: number): FileValue {
    if (depth > MAX_DEPTH) throw new Unreadable("is nested too deeply; write a text with commas");
    if (this.#next('"')) return this.#string();
    if (this.#next("[")) return this.#list(depth);
    const number = this.#take(NUMBER);
    if (number !== undefined) return Number(number);
    const word = this.#take(WORD);
    if (word !== undefined && Object.hasOwn(WORDS, word)) return WORDS[word] ?? false;
    throw new Unreadable(
      "has a value that is no number, text, list, true or false; put text in double quotes",
    );
  }

  #list(depth: number): FileValue[] {
    const values: FileValue[] = [];
    this.#take(SPACE);
    if (this.#next("]")) return values;
    for (;;) {
      values.push(this.#value(depth + 1));
      this.#take(SPACE);
      if (this.#next("]")) return values;
      if (!this.#next(",")) throw new Unreadable("has a list without its closing bracket; add it");
      this.#take(SPACE);
    }
  }

  #string(): string {
    let text = "";
    while (!this.#next('"')) {
      const plain = this.#take(PLAIN);
      if (plain !== undefined) text += plain;
      else if (this.#next("\\")) text += this.#escape();
      else if (this.#next("$")) text += this.#dollar();
      else throw new Unreadable("has a text without its closing quote; add it");
    }
    return text;
  }

  #escape(): string {
    const char = this.#text[this.#at] ?? "";
    this.#at += 1;
    if (Object.hasOwn(ESCAPES, char)) return ESCAPES[char] ?? "";
    // The halves of a character beyond U+FFFF are two escapes; put together they are one again.
    const digits = char === "u" ? this.#take(UNICODE) : undefined;
    if (digits !== undefined) return String.fromCharCode(Number.parseInt(digits, 16));
    throw new Unreadable("has a backslash that begins no escape; write \\\\ for the sign itself");
  }

  #dollar(): string {
    if (this.#next("$")) return "$";
    const name = this.#take(REFERENCE)?.slice(1, -1);
    if (name === undefined) throw new Unreadable("has a single $; write $$ for the sign itself, or $(NAME)");
    const value = this.#variables[name];
    if (value === undefined)
      throw new Unreadable(
        `names ${name}, which the environment does not have; set it, or write $$ for the sign`,
      );
    return value;
  }

  #next(char: string): boolean {
    if (this.#text[this.#at] !== char) return false;
    this.#at += 1;
    return true;
  }

  /** What the pattern matches here; undefined when it does not. */
  #take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const [match] = pattern.exec(this.#text) ?? [];
    if (match !== undefined) this.#at += match.length;
    return match;
  }
}
