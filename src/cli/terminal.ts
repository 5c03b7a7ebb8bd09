import { legibleJson } from "./text.ts";

/** Writes text to standard output. Data goes here, everything else to standard error. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Writes data as JSON to standard output. */
export function printJson(value: unknown): void {
  print(legibleJson(value));
}

/** Writes one line to standard error. */
export function tell(text: string): void {
  process.stderr.write(`postern: ${text}\n`);
}

const CODES = { green: 32, red: 31, bold: 1, dim: 2 } as const;

/** Colours text when standard output is a terminal and nothing speaks against it (https://no-color.org). */
export function paint(style: keyof typeof CODES, text: string): string {
  return hasColour() ? `\x1b[${CODES[style]}m${text}\x1b[0m` : text;
}

function hasColour(): boolean {
  const { NO_COLOR, TERM } = process.env;
  return process.stdout.isTTY === true && (NO_COLOR ?? "") === "" && TERM !== "dumb";
}
