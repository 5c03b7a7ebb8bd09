/**
 * Every setting of PostgREST 16 (its documentation: "Configuration", "List of parameters"): name, older name, kind,
 * default, and from where it may come. What becomes of it in Postern is in configuration.ts.
 */

export type Kind = "text" | "integer" | "boolean" | "list";

interface Spec<K extends Kind = Kind> {
  readonly kind: K;
  /** The name that it had before. */
  readonly alias?: string;
  readonly default: ValueOf<K> | undefined;
  /** Whether a setting `pgrst.…` in the database may say it. */
  readonly inDatabase: boolean;
  /** The values that it may have. */
  readonly choices?: readonly string[];
  /** Never shown. */
  readonly secret?: boolean;
  readonly about: string;
}

export type ValueOf<K extends Kind> = {
  readonly text: string;
  readonly integer: number;
  readonly boolean: boolean;
  readonly list: readonly string[];
}[K];

type Rest<K extends Kind> = Partial<Omit<Spec<K>, "kind" | "about">>;

function spec<K extends Kind>(kind: K, about: string, rest: Rest<K>): Spec<K> {
  return { kind, about, default: undefined, inDatabase: false, ...rest };
}

const text = (about: string, rest: Rest<"text"> = {}) => spec("text", about, rest);
const integer = (about: string, rest: Rest<"integer"> = {}) => spec("integer", about, rest);
const boolean = (about: string, rest: Rest<"boolean">) => spec("boolean", about, rest);
const list = (about: string, rest: Rest<"list"> = {}) => spec("list", about, rest);

const inDatabase = true;

export const SETTINGS = {
  "admin-server-host": text("Where the admin server listens; server-host by default."),
  "admin-server-port": integer("The admin server's port; without it there is no admin server."),
  "admin-server-unix-socket": text("A Unix socket for the admin server instead of a port."),
  "admin-server-unix-socket-mode": text("Who may connect to it, as chmod has it.", { default: "660" }),
  "client-error-verbosity": text("Errors with details and hint (verbose), or without (minimal).", {
    inDatabase,
    default: "verbose",
    choices: ["verbose", "minimal"],
  }),
  "db-aggregates-enabled": boolean("Allow aggregate functions.", { inDatabase, default: false }),
  "db-anon-role": text("The role of requests without a token.", { inDatabase }),
  "db-channel": text("The channel of NOTIFY that asks for reloads.", { default: "pgrst" }),
  "db-channel-enabled": boolean("Listen on that channel.", { default: true }),
  "db-config": boolean("Take settings from the database too.", { default: true }),
  "db-extra-search-path": list("Schemas that are searched and not shown.", {
    inDatabase,
    default: ["public"],
  }),
  "db-hoisted-tx-settings": list("Settings of functions that hold for their transaction.", {
    inDatabase,
    default: ["statement_timeout", "plan_filter.statement_cost_limit", "default_transaction_isolation"],
  }),
  "db-max-rows": integer("The most rows of an answer; no limit by default.", {
    inDatabase,
    alias: "max-rows",
  }),
  "db-plan-enabled": boolean("Show execution plans.", { inDatabase, default: false }),
  "db-pool": integer("Connections to the database.", { default: 10 }),
  "db-pool-acquisition-timeout": integer("Seconds that a request waits for one.", { default: 10 }),
  "db-pool-automatic-recovery": boolean("Connect again after the database was lost.", { default: true }),
  "db-pool-max-idletime": integer("Seconds after which an unused connection is closed.", {
    default: 30,
    alias: "db-pool-timeout",
  }),
  "db-pool-max-lifetime": integer("Seconds after which any connection is closed.", { default: 1800 }),
  "db-pre-config": text("A function that sets settings in the database.", { inDatabase }),
  "db-pre-request": text("A function that is called in each transaction first.", {
    inDatabase,
    alias: "pre-request",
  }),
  "db-prepared-statements": boolean("Prepare statements.", { inDatabase, default: true }),
  "db-root-spec": text("A function that answers at the root.", { inDatabase, alias: "root-spec" }),
  "db-schemas": list("The schemas that are shown.", {
    inDatabase,
    default: ["public"],
    alias: "db-schema",
  }),
  "db-tx-end": text("How transactions end.", {
    inDatabase,
    default: "commit",
    choices: ["commit", "commit-allow-override", "rollback", "rollback-allow-override"],
  }),
  "db-uri": text("The database, as libpq writes it; @file reads it from a file.", {
    default: "postgresql://",
    secret: true,
  }),
  "jwt-aud": text("The audience that tokens must be for, when they are for any.", { inDatabase }),
  "jwt-cache-max-entries": integer("Tokens that are remembered; 0 remembers none.", {
    inDatabase,
    default: 1000,
  }),
  "jwt-role-claim-key": text("The JSON Path (RFC 9535) of the role in a token.", {
    inDatabase,
    default: "$.role",
    alias: "role-claim-key",
  }),
  "jwt-secret": text(
    "What tokens are verified with: text of 32 characters or more, a JWK, a JWK Set or @file.",
    {
      inDatabase,
      secret: true,
    },
  ),
  "jwt-secret-is-base64": boolean("Whether the secret is written in base64.", {
    inDatabase,
    default: false,
    alias: "secret-is-base64",
  }),
  "log-level": text("What is logged.", {
    default: "error",
    choices: ["crit", "error", "warn", "info", "debug"],
  }),
  "log-query": boolean("Log the SQL of requests.", { default: false }),
  "openapi-mode": text("What the description at the root shows.", {
    inDatabase,
    default: "follow-privileges",
    choices: ["follow-privileges", "ignore-privileges", "disabled"],
  }),
  "openapi-security-active": boolean("Say in it that requests carry tokens.", { inDatabase, default: false }),
  "openapi-server-proxy-uri": text("The URL of a proxy in front.", { inDatabase }),
  "server-cors-allowed-origins": list("Origins whose pages may use the API; all by default.", { inDatabase }),
  "server-host": text("Where to listen: an address, * for all, !4 for all of IPv4, !6 for all of IPv6.", {
    default: "!4",
  }),
  "server-port": integer("The port; 0 picks a free one.", { default: 3000 }),
  "server-reuseport": boolean("Let other processes share the port.", { default: false }),
  "server-timing-enabled": boolean("Send Server-Timing.", { inDatabase, default: false }),
  "server-trace-header": text("A header that is sent back as it came.", { inDatabase }),
  "server-unix-socket": text("A Unix socket instead of host and port."),
  "server-unix-socket-mode": text("Who may connect to it, as chmod has it.", { default: "660" }),
  "url-use-legacy-target-names": boolean("Let filters name an embedded table that has an alias.", {
    inDatabase,
    default: true,
  }),
} as const satisfies Readonly<Record<string, Spec>>;

export type SettingName = keyof typeof SETTINGS;

/** The names of the settings of one kind. */
export type Named<K extends Kind> = {
  [Name in SettingName]: (typeof SETTINGS)[Name]["kind"] extends K ? Name : never;
}[SettingName];

export const SETTING_NAMES = Object.keys(SETTINGS) as readonly SettingName[]; // keys of a constant

/** A setting's description, without the type of its own value. */
export function specOf(name: SettingName): Spec {
  return SETTINGS[name];
}

/** `app.settings.<name>`: whatever the operator wants to hand to functions. */
export const APP_SETTINGS = "app.settings.";

/** `db-uri` → `PGRST_DB_URI`. */
export function variableOf(name: string): string {
  return `PGRST_${name.toUpperCase().replaceAll(/[.-]/g, "_")}`;
}

/** `db-uri` → `pgrst.db_uri`. */
export function databaseNameOf(name: string): string {
  return `pgrst.${name.replaceAll("-", "_")}`;
}
