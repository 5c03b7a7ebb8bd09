import { Command, Option } from "commander";

/** The configuration's file when nothing names another. */
const DEFAULT_FILE = "postern.yaml";

/** A new command with what every command has: a line about it, and examples that can be copied. */
export function describe(name: string, summary: string, examples: readonly string[]): Command {
  const lines = examples.map((example) => `  $ ${example}`);
  return new Command(name)
    .description(summary)
    .showHelpAfterError(false)
    .addHelpText("after", `\n${examples.length === 1 ? "Example" : "Examples"}:\n${lines.join("\n")}`);
}

/** `--config`, as every command that reads the configuration has it. */
export function configOption(): Option {
  return new Option("-c, --config <file>", "the configuration").env("POSTERN_CONFIG").default(DEFAULT_FILE);
}

/** `--json`, as every command has it whose output is data. */
export function jsonOption(): Option {
  return new Option("--json", "print JSON");
}
