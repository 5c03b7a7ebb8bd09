/**
 * The front end for PostgREST's settings: its environment variables, its configuration file and its settings in the
 * database become a configuration of Postern. `POSTERN__<PATH>` variables are laid over it as over a file.
 */
import { readFileSync, statSync } from "node:fs";
import { resolve } from "node:path";
import type { Fault } from "../../errors.ts";
import { unreadable } from "../../files.ts";
import type { LoadResult } from "../../load.ts";
import { loadConfig } from "../../load.ts";
import type { Env } from "../../overlay.ts";
import { parseConfigFile } from "./config-file.ts";
import { configure } from "./configuration.ts";
import { readReferences } from "./references.ts";
import type { DatabaseSetting, Sources, Values } from "./values.ts";
import { gather } from "./values.ts";

export interface PostgrestOptions {
  readonly env: Env;
  /** The configuration file; none by default. */
  readonly file?: string | undefined;
  /** What the database says, once it was asked. */
  readonly database?: readonly DatabaseSetting[];
}

export type PostgrestResult =
  | (Omit<Extract<LoadResult, { kind: "ok" }>, "withDatabase"> & {
      /** As they were read, before they became Postern's. */
      readonly values: Values;
      readonly withDatabase: (settings: readonly DatabaseSetting[]) => PostgrestResult;
    })
  | Extract<LoadResult, { kind: "faults" }>;

/** A configuration file has some fifty settings; a larger one was named by mistake. */
const MAX_FILE_BYTES = 1024 * 1024;

/** Reads PostgREST's settings from everywhere, and checks all of them. Every fault is reported together. */
export function loadPostgrest({ env, file, database }: PostgrestOptions): PostgrestResult {
  const read = file === undefined ? undefined : readFile(file, env);
  if (read !== undefined && "faults" in read) return { kind: "faults", faults: read.faults };
  const gathered = gather({ env, file: read, database: database ?? [] });
  const { values } = gathered;
  const contents = readReferences(values);
  const configured = configure(values, contents, env);
  const faults = [...gathered.faults, ...contents.faults, ...configured.faults];
  const source = file ?? "environment";
  const databaseAsked = database !== undefined;
  const loaded = loadConfig({ env, value: {}, source, laid: configured.laid, databaseAsked });
  // A setting that could not be read would only be called missing once more.
  if (faults.length > 0) return { kind: "faults", faults };
  if (loaded.kind === "faults") return loaded;
  const named = file === undefined ? contents.files : [resolve(file), ...contents.files];
  return {
    ...loaded,
    values,
    withDatabase: (settings) => loadPostgrest({ env, file, database: settings }),
    files: [...new Set([...loaded.files, ...named])],
    warnings: [...gathered.warnings, ...contents.warnings, ...configured.warnings, ...loaded.warnings],
  };
}

type Read = NonNullable<Sources["file"]> | { readonly faults: readonly Fault[] };

function readFile(name: string, env: Env): Read {
  const fault = (where: string, message: string): Read => ({ faults: [{ where, path: [], message }] });
  try {
    if (statSync(name).size > MAX_FILE_BYTES)
      return fault(name, `is larger than ${MAX_FILE_BYTES} bytes; name PostgREST's configuration file`);
    const parsed = parseConfigFile(readFileSync(name, "utf8"), env);
    return parsed.kind === "ok"
      ? { name, entries: parsed.entries }
      : fault(`${name}:${parsed.line}`, parsed.message);
  } catch (error) {
    return fault(name, `the configuration ${unreadable(name, error)}`);
  }
}
