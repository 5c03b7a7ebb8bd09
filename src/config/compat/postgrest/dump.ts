import type { SettingName } from "./settings.ts";
import { APP_SETTINGS, SETTING_NAMES, specOf, variableOf } from "./settings.ts";
import type { Values } from "./values.ts";

/** What stands for a secret. */
const HIDDEN = "[secret]";

/** All settings in force, as a configuration file of PostgREST; secrets are left out. */
export function dumpSettings(values: Values): string {
  const settings = SETTING_NAMES.map((name) => `${name} = ${shown(name, values)}`);
  const app = values.app.map(({ name }) => `${APP_SETTINGS}${name} = ${textOf(HIDDEN)}`);
  return [...settings, ...app].sort().join("\n");
}

function shown(name: SettingName, values: Values): string {
  if (specOf(name).secret === true && values.where(name) !== undefined) return textOf(HIDDEN);
  // As PostgREST has it: the admin server is where the server is.
  const value = values.get(name) ?? (name === "admin-server-host" ? values.get("server-host") : undefined);
  return written(value);
}

/** What a first configuration has; everything else has a default. */
const FIRST: Readonly<Partial<Record<SettingName, string>>> = {
  "db-uri": "postgres://authenticator:password@localhost:5432/postgres",
  "db-anon-role": "anon",
  "jwt-secret": "@jwks.json",
};

/** An example of a configuration file, with every setting and what it means. */
export function exampleSettings(): string {
  const settings = SETTING_NAMES.map((name) => {
    const { about, choices, default: value } = specOf(name);
    const among = choices === undefined ? "" : ` One of ${choices.join(", ")}.`;
    const line = `${name} = ${written(FIRST[name] ?? value)}`;
    return `## ${about}${among} (${variableOf(name)})\n${name in FIRST ? "" : "# "}${line}`;
  });
  return [EXAMPLE_HEAD, ...settings, EXAMPLE_TAIL].join("\n\n");
}

const EXAMPLE_HEAD = `## Settings of PostgREST, for: postern rest <this file>
## The environment wins over this file. See docs/postgrest.md`;

const EXAMPLE_TAIL = `## Handed to every transaction as app.settings.<name>. (PGRST_APP_SETTINGS_<NAME>)
# app.settings.name = "value"`;

function written(value: ReturnType<Values["get"]>): string {
  if (value === undefined) return '""';
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  return textOf(typeof value === "string" ? value : value.join(","));
}

/** Text as the file has it: quotes and backslashes escaped, dollar signs doubled. */
function textOf(text: string): string {
  const escaped = text
    .replaceAll(/["\\]/g, "\\$&")
    .replaceAll("\n", "\\n")
    .replaceAll("\r", "\\r")
    .replaceAll("\t", "\\t")
    .replaceAll("$", "$$$$");
  return `"${escaped}"`;
}
