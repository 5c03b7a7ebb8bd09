/** What others wrote, for a terminal: nothing in it may move the cursor, forge a line, or turn the reading around. */
/** Control characters, line separators, and those that change the direction of text (Unicode UAX #9 §2). */
const UNSEEN = /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** The same in JSON and in double-quoted YAML, whose own line ends stay: all else is inside of strings. */
export const UNSEEN_IN_JSON = /[\x7f-\x9f\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

export function escaped(char: string): string {
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** On one line, with what a reader could not see written as an escape. */
export function legible(text: string): string {
  return text.replace(UNSEEN, escaped);
}

/** JSON that means the same, and has nothing in it that a reader could not see. */
export function legibleJson(value: unknown): string {
  return JSON.stringify(value, null, 2).replace(UNSEEN_IN_JSON, escaped);
}

/** A longer cell is cut: `--json` has it whole. */
const MAX_CELL = 72;

/** Rows in columns, under their heads. */
export function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [heads, ...rows.map((row) => row.map(cell))];
  const widths = heads.map((_, column) => Math.max(...lines.map((line) => widthOf(line[column] ?? ""))));
  return lines
    .map((line) =>
      line
        .map((text, column) => text + " ".repeat((widths[column] ?? 0) - widthOf(text) + 2))
        .join("")
        .trimEnd(),
    )
    .join("\n");
}

function cell(text: string): string {
  const shown = [...legible(text)];
  return shown.length <= MAX_CELL ? shown.join("") : `${shown.slice(0, MAX_CELL - 1).join("")}…`;
}

function widthOf(text: string): number {
  return [...text].length;
}
