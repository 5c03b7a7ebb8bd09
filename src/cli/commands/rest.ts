import type { Command } from "commander";
import type { PostgrestResult } from "../../config/compat/postgrest/load.ts";
import { askReady } from "../ask-ready.ts";
import { describe } from "../command.ts";
import { accepted, withWarnings } from "../configuration.ts";
import { Failure, misuse } from "../failure.ts";
import { serve, tellOpen } from "../serve.ts";
import { print } from "../terminal.ts";

/** `postern rest`: the REST door alone, from PostgREST's settings. */
export function restCommand(): Command {
  return describe("rest", "open the REST door from PostgREST's settings: PGRST_* variables and its file", [
    "postern rest postgrest.conf",
    "PGRST_DB_ANON_ROLE=anon PGRST_DB_URI=postgres://authenticator@localhost/app postern rest",
    "postern rest --dump-config postgrest.conf",
    "postern rest --example > new.conf",
  ])
    .argument("[file]", "PostgREST's configuration file; the environment wins over it")
    .option("--dump-config", "print the settings in force, without secrets, and exit")
    .option("-e, --example", "print an example of the file and exit")
    .option("--ready", "ask the admin server whether requests can be answered; exit 0 or 1")
    .action(rest);
}

interface Options {
  readonly dumpConfig?: boolean;
  readonly example?: boolean;
  readonly ready?: boolean;
}

async function rest(file: string | undefined, options: Options): Promise<void> {
  const asked = Object.keys(options);
  if (asked.length > 1) throw misuse("give one of --dump-config, --example and --ready at a time");
  const { dumpSettings, exampleSettings } = await import("../../config/compat/postgrest/dump.ts");
  if (options.example === true) return print(exampleSettings());
  const { loadPostgrest } = await import("../../config/compat/postgrest/load.ts");
  const read = (): PostgrestResult => loadPostgrest({ file, env: process.env });
  if (options.ready === true) return ready(read());
  const load = () => withWarnings(read());
  const result = read();
  const loaded = accepted(withWarnings(result));
  if (options.dumpConfig === true) return dump(result, dumpSettings);
  const { run } = await import("../../daemon/run.ts");
  await serve(run({ loaded, load, onOpen: tellOpen }), "server-port");
}

type Dump = typeof import("../../config/compat/postgrest/dump.ts").dumpSettings;

function dump(result: PostgrestResult, dumpSettings: Dump): void {
  if (result.kind === "ok") print(dumpSettings(result.values));
}

async function ready(result: PostgrestResult): Promise<void> {
  const { admin } = accepted(result).config;
  if (admin === undefined) throw new Failure("there is no admin server; set admin-server-port");
  const { ok, at, why } = await askReady(admin);
  if (!ok) throw new Failure(`not ready: ${at}: ${why}`);
  print(`OK: ${at}`);
}
