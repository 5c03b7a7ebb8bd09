/** What every benchmark's command does around its measurements. */
import { messageOf } from "../../src/base/error.ts";
import { stopSignal } from "./stop-signal.ts";

/** What shells report for a program that Ctrl-C ended: 128 + SIGINT. */
const INTERRUPTED = 130;

interface BenchCommand<Options> {
  /** As in `npm run <name>`. */
  readonly name: string;
  readonly help: string;
  /** @throws Error saying what to write instead */
  readonly parse: (args: readonly string[]) => Options | "help";
  /** Runs the whole benchmark; true when nothing failed. */
  readonly bench: (options: Options, signal: AbortSignal) => Promise<boolean>;
}

/** Runs a benchmark from the command line; sets the exit code. */
export async function runBench<Options>(command: BenchCommand<Options>): Promise<void> {
  const { name, help, parse, bench } = command;
  const signal = stopSignal();
  try {
    const options = parse(process.argv.slice(2));
    if (options === "help") process.stdout.write(help);
    else process.exitCode = (await bench(options, signal)) ? 0 : 1;
  } catch (error) {
    process.exitCode = signal.aborted ? INTERRUPTED : 1;
    process.stderr.write(signal.aborted ? `${name}: stopped\n` : `${name}: ${messageOf(error)}\n`);
  }
}

/** Whether a peer is installed; says what is left out, and how to have it. */
export function present({
  name,
  missing,
}: {
  readonly name: string;
  readonly missing: () => string | undefined;
}): boolean {
  const how = missing();
  if (how !== undefined) process.stderr.write(`${name} is not installed and is left out; run: ${how}\n`);
  return how === undefined;
}
