import type { Fault } from "../../errors.ts";
import type { Env } from "../../overlay.ts";
import { advice, nearest } from "../../suggest.ts";
import type { ConfigFile, FileValue } from "./config-file.ts";
import type { Kind, Named, SettingName, ValueOf } from "./settings.ts";
import { APP_SETTINGS, databaseNameOf, SETTING_NAMES, specOf, variableOf } from "./settings.ts";

/** A setting as the database has it: `pgrst.db_max_rows` and its value. */
export type DatabaseSetting = readonly [name: string, value: string];

/** Where settings come from. The database wins over the environment, the environment over the file. */
export interface Sources {
  readonly env: Env;
  readonly file: { readonly name: string; readonly entries: Entries } | undefined;
  readonly database: readonly DatabaseSetting[];
}

type Entries = Extract<ConfigFile, { kind: "ok" }>["entries"];

interface Raw {
  readonly value: FileValue;
  /** `environment PGRST_DB_URI`, `postgrest.conf:3`, `database pgrst.db_schemas`. */
  readonly where: string;
}

export interface AppSetting {
  readonly name: string;
  readonly value: string;
  readonly where: string;
}

/** All settings, of the right kind, from wherever each was found. */
export class Values {
  readonly app: readonly AppSetting[];
  readonly #found: ReadonlyMap<SettingName, Kinded>;

  constructor(found: ReadonlyMap<SettingName, Kinded>, app: readonly AppSetting[]) {
    this.#found = found;
    this.app = app;
  }

  text(name: Named<"text">): string | undefined {
    return this.#valueOf("text", name);
  }

  integer(name: Named<"integer">): number | undefined {
    return this.#valueOf("integer", name);
  }

  boolean(name: Named<"boolean">): boolean {
    return this.#valueOf("boolean", name) ?? false;
  }

  list(name: Named<"list">): readonly string[] {
    return this.#valueOf("list", name) ?? [];
  }

  /** The value or default of a setting, whichever kind it has. */
  get(name: SettingName): ValueOf<Kind> | undefined {
    return this.#found.get(name)?.value ?? specOf(name).default;
  }

  /** Where a setting was written; undefined when it has its default. */
  where(name: SettingName): string | undefined {
    return this.#found.get(name)?.where;
  }

  #valueOf<K extends Kind>(_kind: K, name: Named<K>): ValueOf<K> | undefined {
    return this.get(name) as ValueOf<K> | undefined; // convert() made it of the setting's kind
  }
}

interface Kinded {
  readonly value: ValueOf<Kind>;
  readonly where: string;
}

export interface Gathered {
  readonly values: Values;
  readonly faults: readonly Fault[];
  readonly warnings: readonly Fault[];
}

/** Takes every setting from the first source that has it, and makes it the kind of value that it must be. */
export function gather(sources: Sources): Gathered {
  const faults: Fault[] = [];
  const found = new Map<SettingName, Kinded>();
  for (const name of SETTING_NAMES) {
    const raw = rawOf(name, sources);
    // What is set to nothing has its default, wherever else it is set.
    if (raw === undefined || (raw.value === "" && !MAY_BE_EMPTY.has(name))) continue;
    const converted = convert(name, raw.value);
    if ("fault" in converted) faults.push(faultOf(raw.where, name, converted.fault));
    else found.set(name, { value: converted.value, where: raw.where });
  }
  const values = new Values(found, appSettings(sources, faults));
  return { values, faults, warnings: unknownNames(sources) };
}

/** Lists for which nothing means none, and not the default. */
const MAY_BE_EMPTY: ReadonlySet<SettingName> = new Set(["db-extra-search-path", "db-hoisted-tx-settings"]);

export function faultOf(where: string, name: string, message: string): Fault {
  return { where, path: [], message: `${name}: ${message}` };
}

function rawOf(name: SettingName, sources: Sources): Raw | undefined {
  const { alias, inDatabase } = specOf(name);
  const fromDatabase = inDatabase ? rawInDatabase(name, sources) : undefined;
  return (
    fromDatabase ?? rawNamed(name, sources) ?? (alias === undefined ? undefined : rawNamed(alias, sources))
  );
}

function rawInDatabase(name: string, { database }: Sources): Raw | undefined {
  const key = databaseNameOf(name);
  const entry = database.find(([one]) => one === key);
  return entry === undefined ? undefined : { value: entry[1], where: `database ${key}` };
}

function rawNamed(name: string, { env, file }: Sources): Raw | undefined {
  const variable = variableOf(name);
  const value = env[variable];
  if (value !== undefined) return { value, where: `environment ${variable}` };
  const entry = file?.entries.get(name);
  return entry === undefined ? undefined : { value: entry.value, where: `${file?.name}:${entry.line}` };
}

type Converted = { readonly value: ValueOf<Kind> } | { readonly fault: string };

function convert(name: SettingName, value: FileValue): Converted {
  const { kind, choices } = specOf(name);
  switch (kind) {
    case "text":
      return convertText(value, choices);
    case "integer":
      return convertInteger(value);
    case "boolean":
      return convertBoolean(value);
    case "list":
      return convertList(value);
    default:
      return kind satisfies never;
  }
}

function convertText(value: FileValue, choices: readonly string[] | undefined): Converted {
  if (typeof value !== "string" && typeof value !== "number")
    return { fault: "text is expected; put it in double quotes" };
  const text = String(value);
  if (choices === undefined || choices.includes(text)) return { value: text };
  return { fault: `is not one of its values; ${advice(text, choices)}` };
}

function convertInteger(value: FileValue): Converted {
  const number = typeof value === "string" && /^-?\d{1,15}$/.test(value) ? Number(value) : value;
  return typeof number === "number" && Number.isInteger(number)
    ? { value: number }
    : { fault: "a whole number is expected; correct it" };
}

/** PostgREST takes the words in any case, with quotes left over from a shell, and any number but 0 for true. */
function convertBoolean(value: FileValue): Converted {
  if (typeof value === "boolean") return { value };
  const word = typeof value === "string" ? value.replace(/^"(.*)"$/, "$1").toLowerCase() : "";
  if (word === "true" || word === "false") return { value: word === "true" };
  if (/^\d{1,15}$/.test(word)) return { value: Number(word) !== 0 };
  return { fault: "true or false is expected; correct it" };
}

function convertList(value: FileValue): Converted {
  const parts = typeof value === "string" ? value.split(",") : value;
  if (!Array.isArray(parts)) return { fault: "a text with commas is expected; put it in double quotes" };
  const texts = parts.flatMap((part: FileValue) => (typeof part === "string" ? [part.trim()] : []));
  return texts.length === parts.length
    ? { value: texts.filter((part) => part !== "") }
    : { fault: "has an entry that is no text; put it in double quotes" };
}

/** Names are those of the file as they are, and those of variables in lower case. */
function appSettings({ env, file }: Sources, faults: Fault[]): readonly AppSetting[] {
  const found = new Map<string, AppSetting>();
  for (const [key, { value, line }] of file?.entries ?? []) {
    if (!key.startsWith(APP_SETTINGS)) continue;
    const name = key.slice(APP_SETTINGS.length);
    const where = `${file?.name}:${line}`;
    if (typeof value === "string" || typeof value === "number")
      found.set(name, { name, value: String(value), where });
    else faults.push(faultOf(where, key, "text is expected; put it in double quotes"));
  }
  const prefix = variableOf(APP_SETTINGS);
  for (const [variable, value] of Object.entries(env)) {
    if (!variable.startsWith(prefix) || value === undefined) continue;
    const name = variable.slice(prefix.length).toLowerCase();
    found.set(name, { name, value, where: `environment ${variable}` });
  }
  return [...found.values()];
}

function meant(key: string): string {
  const near = nearest(key, SETTING_NAMES);
  return near === undefined ? "see docs/postgrest.md" : `did you mean "${near}"?`;
}

/** Names that nobody knows do no harm, but they are mostly slips. */
function unknownNames({ env, file }: Sources): Fault[] {
  const known = SETTING_NAMES.flatMap((name): string[] => [name, specOf(name).alias ?? name]);
  const variables = new Set(known.map(variableOf));
  const inFile = [...(file?.entries ?? [])]
    .filter(([key]) => !known.includes(key) && !key.startsWith(APP_SETTINGS))
    .map(([key, { line }]) => faultOf(`${file?.name}:${line}`, key, `is not a setting; ${meant(key)}`));
  const inEnvironment = Object.keys(env)
    .filter((name) => name.startsWith("PGRST_") && !name.startsWith(variableOf(APP_SETTINGS)))
    .filter((name) => !variables.has(name))
    .map((name) => ({
      where: `environment ${name}`,
      path: [],
      message: "is not a setting; unset or correct it",
    }));
  return [...inFile, ...inEnvironment];
}
