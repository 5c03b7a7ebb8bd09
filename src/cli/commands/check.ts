import type { Command } from "commander";
import type { Fault } from "../../config/errors.ts";
import { configOption, describe, jsonOption } from "../command.ts";
import { accepted, withWarnings } from "../configuration.ts";
import { Failure } from "../failure.ts";
import { paint, print, printJson } from "../terminal.ts";

interface Options {
  readonly config: string;
  readonly json?: boolean;
  readonly fetch?: boolean;
}

/** `postern check`: reads the configuration and all that it names, and opens nothing. */
export function checkCommand(): Command {
  return describe("check", "tell everything that is wrong with the configuration", [
    "postern check",
    "postern check --config postern.yaml --json",
  ])
    .addOption(configOption())
    .option("--fetch", "fetch keys from the issuers' URLs too")
    .addOption(jsonOption())
    .action(check);
}

async function check({ config: file, json, fetch }: Options): Promise<void> {
  const { loadConfig } = await import("../../config/load.ts");
  const loaded = loadConfig({ file, env: process.env });
  if (loaded.kind === "faults" && json) {
    printJson({ ok: false, source: file, faults: loaded.faults.map(plain), warnings: [] });
    const count = loaded.faults.length;
    throw new Failure(
      `${file} has ${count === 1 ? "1 fault; correct it" : `${count} faults; correct them`} and check again`,
    );
  }
  const { config, warnings } = accepted(json ? loaded : withWarnings(loaded));
  const { checkParts, summarize } = await import("../../daemon/offline.ts");
  const problems = await checkParts(config, fetch === true);
  if (json)
    printJson({
      ok: problems.length === 0,
      source: file,
      faults: problems.map(inSource(file)),
      warnings: warnings.map(plain),
    });
  if (problems.length > 0) throw new Failure(problems.map((problem) => `${file}: ${problem}`));
  if (!json) print(`${paint("green", "ok")}: ${file}: ${summarize(config)}`);
}

function plain({ where, path, message }: Fault) {
  return { where, path, message };
}

function inSource(file: string): (message: string) => Fault {
  return (message) => ({ where: file, path: [], message });
}
