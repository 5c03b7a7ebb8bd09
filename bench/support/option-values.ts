/** What the command lines of the benchmarks have in common. */
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";

/** What was written; undefined where nothing was. */
export interface OptionValues<Usual> {
  readonly only: string | undefined;
  readonly peers: string | undefined;
  readonly json: string;
  /** Where there is no option, as `--quick` or nothing at all says. */
  readonly usual: Usual;
  /** A number from 1 to 9999; the usual one when the option was not given. @throws Error saying what to write instead */
  readonly count: (option: keyof Usual & string) => number;
}

interface Wanted<Usual> {
  /** As in `npm run bench:<name>`. */
  readonly name: string;
  /** Options that take a number, beside `--rounds` and `--seconds`. */
  readonly numbers: readonly (keyof Usual & string)[];
  readonly full: Usual;
  /** What `--quick` stands for. */
  readonly quick: Usual;
}

/** Reads a benchmark's command line. @throws Error saying what to write instead */
export function optionValues<Usual extends Readonly<Record<keyof Usual, number>>>(
  args: readonly string[],
  { name, numbers, full, quick }: Wanted<Usual>,
): OptionValues<Usual> | "help" {
  const words = ["only", "peers", "json", "rounds", "seconds", ...numbers];
  const { values } = parseArgs({
    args: [...args],
    options: {
      ...Object.fromEntries(words.map((word) => [word, { type: "string" as const }])),
      quick: { type: "boolean" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help === true) return "help";
  const usual = values.quick === true ? quick : full;
  const text = (option: string): string | undefined => {
    const value: unknown = Reflect.get(values, option);
    return typeof value === "string" ? value : undefined;
  };
  return {
    only: text("only"),
    peers: text("peers"),
    json: resolve(text("json") ?? join(import.meta.dirname, `../../.postern/bench/${name}.json`)),
    usual,
    count: (option) => count(`--${option}`, text(option), usual[option]),
  };
}

/**
 * Some of `allowed`, separated by commas; all of them when the option was not given.
 * @throws Error saying what to write instead
 */
export function list(
  option: string,
  text: string | undefined,
  allowed: readonly string[],
): readonly string[] {
  if (text === undefined) return allowed;
  const words = text.split(",");
  const unknown = words.find((word) => !allowed.includes(word));
  if (unknown !== undefined)
    throw new Error(`${option} does not know "${unknown}"; write some of ${allowed.join(",")}`);
  return words;
}

function count(option: string, text: string | undefined, usual: number): number {
  if (text === undefined) return usual;
  if (!/^[1-9]\d{0,3}$/.test(text)) throw new Error(`${option} is "${text}"; write a number from 1 to 9999`);
  return Number(text);
}
