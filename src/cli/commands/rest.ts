import type { Command } from "commander";
import { messageOf } from "../../base/error.ts";
import type { PostgrestResult } from "../../config/compat/postgrest/load.ts";
import type { DatabaseSetting } from "../../config/compat/postgrest/values.ts";
import { faultText } from "../../config/errors.ts";
import type { Config } from "../../config/schema.ts";
import { askReady } from "../ask-ready.ts";
import { describe } from "../command.ts";
import { accepted, withWarnings } from "../configuration.ts";
import { Failure, misuse } from "../failure.ts";
import { serve, tellOpen } from "../serve.ts";
import { print, tell } from "../terminal.ts";
import { readWithDatabase } from "../with-database.ts";

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
    .option("--dump-schema", "print the catalog of the database as JSON and exit")
    .option("-e, --example", "print an example of the file and exit")
    .option("--ready", "ask the admin server whether requests can be answered; exit 0 or 1")
    .action(rest);
}

interface Options {
  readonly dumpConfig?: boolean;
  readonly dumpSchema?: boolean;
  readonly example?: boolean;
  readonly ready?: boolean;
}

async function rest(file: string | undefined, options: Options): Promise<void> {
  if (Object.keys(options).length > 1)
    throw misuse("give one of --dump-config, --dump-schema, --example, --ready");
  if (options.example === true) return example();
  const { loadPostgrest } = await import("../../config/compat/postgrest/load.ts");
  const read = (): PostgrestResult => loadPostgrest({ file, env: process.env });
  if (options.ready === true) return ready(accepted(read()).config);
  if (options.dumpConfig === true) return dumpConfig(read());
  if (options.dumpSchema === true) return dumpSchema(accepted(withWarnings(read())));
  const { run } = await import("../../daemon/run.ts");
  await serve(run({ ...(await readWithDatabase(read)), onOpen: tellOpen }), "server-port");
}

async function example(): Promise<void> {
  const { exampleSettings } = await import("../../config/compat/postgrest/dump.ts");
  print(exampleSettings());
}

async function dumpConfig(read: PostgrestResult): Promise<void> {
  const before = inForce(read);
  const { dumpSettings } = await import("../../config/compat/postgrest/dump.ts");
  const settings = await databaseSettings(before.config);
  print(dumpSettings(settings.length === 0 ? before.values : inForce(before.withDatabase(settings)).values));
}

/** What the database says. That it cannot be asked is no reason to show nothing. */
async function databaseSettings(config: Config): Promise<readonly DatabaseSetting[]> {
  const { askForSettings } = await import("../../daemon/rest-database.ts");
  try {
    return await askForSettings(config);
  } catch (error) {
    tell(`warning: the database could not be asked for its settings: ${messageOf(error)}`);
    return [];
  }
}

function inForce(result: PostgrestResult): Extract<PostgrestResult, { kind: "ok" }> {
  if (result.kind === "faults") throw new Failure(result.faults.map(faultText));
  withWarnings(result);
  return result;
}

async function dumpSchema({ config }: { readonly config: Config }): Promise<void> {
  const { askForCatalog } = await import("../../daemon/rest-database.ts");
  print(await askForCatalog(config));
}

async function ready({ admin }: Config): Promise<void> {
  if (admin === undefined) throw new Failure("there is no admin server; set admin-server-port");
  const { ok, at, why } = await askReady(admin);
  if (!ok) throw new Failure(`not ready: ${at}: ${why}`);
  print(`OK: ${at}`);
}
