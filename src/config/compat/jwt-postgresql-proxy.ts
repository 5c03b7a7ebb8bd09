import type { Fault } from "../errors.ts";
import type { LoadResult } from "../load.ts";
import { loadConfig } from "../load.ts";
import type { Env } from "../overlay.ts";

const SOURCE = "environment";

const SETTINGS = [
  "UPSTREAM__HOST",
  "UPSTREAM__PORT",
  "UPSTREAM__PASSWORD",
  "DOWNSTREAM__IP",
  "DOWNSTREAM__PORT",
  "DOWNSTREAM__CERTFILE",
  "DOWNSTREAM__KEYFILE",
] as const;

type Setting = (typeof SETTINGS)[number];

/** An empty address means all interfaces; every other setting says nothing when it is empty. */
const MAY_BE_EMPTY: readonly Setting[] = ["DOWNSTREAM__IP"];

/** The one that stands for the numbered keys when none of them is there. */
const FIRST_KEY = "PUBLIC_KEYS__0";

/**
 * The front end for the environment of jwt-postgresql-proxy: the same variables, all required, become a
 * configuration. `POSTERN__<PATH>` variables are laid over it as over a file.
 */
export function loadProxyConfig(env: Env): LoadResult {
  const keys = publicKeys(env);
  const missing = [
    ...(keys.length > 0 ? [] : [FIRST_KEY]),
    ...SETTINGS.filter(
      (name) => env[name] === undefined || (env[name] === "" && !MAY_BE_EMPTY.includes(name)),
    ),
  ];
  const faults = [
    ...missingFault(missing),
    ...portFault(env, "UPSTREAM__PORT"),
    ...portFault(env, "DOWNSTREAM__PORT"),
  ];
  if (faults.length > 0) return { kind: "faults", faults };
  return loadConfig({ value: configuration(env, keys), source: SOURCE, env });
}

/** Keys in the order of their numbers. A line break in a variable is often written as `\n`. */
function publicKeys(env: Env): string[] {
  return Object.keys(env)
    .filter((name) => /^PUBLIC_KEYS__\d+$/.test(name) && env[name] !== "")
    .sort((a, b) => a.localeCompare(b, "en", { numeric: true }))
    .map((name) => (env[name] ?? "").replaceAll("\\n", "\n"));
}

function missingFault(missing: readonly string[]): Fault[] {
  if (missing.length === 0) return [];
  const verb = missing.length === 1 ? "is" : "are";
  const message = `${missing.join(", ")} ${verb} missing; set ${missing.length === 1 ? "it" : "them"} and start again`;
  return [{ where: SOURCE, path: [], message }];
}

function portFault(env: Env, name: Setting): Fault[] {
  const text = env[name];
  // Port 0 asks the system for a free one, which makes sense only where Postern listens.
  const least = name === "DOWNSTREAM__PORT" ? 0 : 1;
  if (text === undefined || text === "" || isPort(text, least)) return [];
  return [
    {
      where: `${SOURCE} ${name}`,
      path: [],
      message: `is no port; write a whole number from ${least} to 65535`,
    },
  ];
}

function isPort(text: string, least: number): boolean {
  return /^\d{1,5}$/.test(text) && Number(text) >= least && Number(text) <= 65535;
}

/**
 * What that project does, in Postern's words: any signed token is good for the role in its `sub`, whichever that is;
 * every role has the one password; TLS to the server is used where the server has it.
 */
function configuration(env: Env, keys: readonly string[]): unknown {
  const of = (name: Setting) => env[name] ?? "";
  return {
    doors: {
      postgres: {
        host: of("DOWNSTREAM__IP"),
        port: Number(of("DOWNSTREAM__PORT")),
        tls: { certFile: of("DOWNSTREAM__CERTFILE"), keyFile: of("DOWNSTREAM__KEYFILE") },
      },
    },
    issuers: [{ name: "proxy", keys: { pem: keys } }],
    clusters: [
      {
        name: "proxy",
        hosts: [{ host: of("UPSTREAM__HOST"), port: Number(of("UPSTREAM__PORT")) }],
        tls: { mode: "prefer" },
        login: { method: "shared-password", password: of("UPSTREAM__PASSWORD") },
        decide: { mode: "token", roleClaim: "$.sub" },
        privilegedRoles: "any",
      },
    ],
  };
}
