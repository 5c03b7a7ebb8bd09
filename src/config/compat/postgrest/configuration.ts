import { ClaimPath } from "../../claim-path.ts";
import type { Fault, Path } from "../../errors.ts";
import type { Laid } from "../../load.ts";
import type { Env } from "../../overlay.ts";
import { parseConnection } from "./connection.ts";
import { translateJsPath } from "./js-path.ts";
import { keysOf } from "./keys.ts";
import type { Contents } from "./references.ts";
import type { SettingName } from "./settings.ts";
import type { Values } from "./values.ts";
import { faultOf } from "./values.ts";

/** The one cluster and the issuers are called so. */
const NAME = "postgrest";

/** PostgREST has no such limit: one token may be in use by as many requests as there are. */
const SESSIONS_PER_IDENTITY = 1_000_000;

export interface Configured {
  readonly laid: readonly Laid[];
  readonly faults: readonly Fault[];
  readonly warnings: readonly Fault[];
}

/** What PostgREST's settings are in Postern's. Each keeps the place where it was written. */
export function configure(values: Values, contents: Contents, env: Env): Configured {
  const making = new Making(values);
  making.listener();
  making.admin();
  making.connection(contents.uri, env);
  making.decision();
  making.issuers(contents.secret);
  making.door();
  making.process();
  return making;
}

/** What they say of the REST door alone. */
export function configureDoor(values: Values): Configured {
  const making = new Making(values);
  making.door();
  return making;
}

class Making implements Configured {
  readonly laid: Laid[] = [];
  readonly faults: Fault[] = [];
  readonly warnings: Fault[] = [];
  readonly #values: Values;

  constructor(values: Values) {
    this.#values = values;
  }

  listener(): void {
    const values = this.#values;
    this.#set(["doors", "rest", "host"], hostOf(values.text("server-host") ?? ""), "server-host");
    this.#set(["doors", "rest", "port"], values.integer("server-port"), "server-port");
    this.#set(["doors", "rest", "reusePort"], values.boolean("server-reuseport"), "server-reuseport");
    this.#socket(["doors", "rest"], "server-unix-socket");
  }

  #socket(base: Path, name: "server-unix-socket" | "admin-server-unix-socket"): void {
    const path = this.#values.text(name);
    if (path === undefined) return;
    this.#set([...base, "unixSocket", "path"], path, name);
    this.#set([...base, "unixSocket", "mode"], this.#values.text(`${name}-mode`), `${name}-mode`);
  }

  admin(): void {
    const values = this.#values;
    const port = values.integer("admin-server-port");
    if (port === undefined && values.text("admin-server-unix-socket") === undefined) return;
    if (port !== undefined && port !== 0 && port === values.integer("server-port"))
      this.#fault("admin-server-port", "cannot be the same as server-port; choose another");
    const host = values.text("admin-server-host") ?? values.text("server-host") ?? "";
    this.#set(["admin", "host"], hostOf(host), "admin-server-host");
    this.#set(["admin", "port"], port, "admin-server-port");
    this.#socket(["admin"], "admin-server-unix-socket");
  }

  connection(uri: string, env: Env): void {
    const parsed = parseConnection(uri, env);
    if (parsed.kind === "fault") {
      this.#fault("db-uri", parsed.message);
      return;
    }
    const { servers, user, password, database, ignored } = parsed.connection;
    const cluster = (path: Path, value: unknown) => this.#set(["clusters", 0, ...path], value, "db-uri");
    cluster(["name"], NAME);
    for (const { path, value } of servers) cluster(path, value);
    cluster(
      ["login"],
      password === undefined
        ? { method: "trust" }
        : { method: "role-password", passwords: Object.fromEntries([[user, password]]) },
    );
    // PostgREST leaves it to GRANT who may be whom.
    cluster(["privilegedRoles"], "any");
    this.#set(["doors", "rest", "authenticator"], user, "db-uri");
    this.#set(["doors", "rest", "database"], database, "db-uri");
    if (ignored.length > 0)
      this.#warn("db-uri", `has ${ignored.join(", ")}, which changes nothing here; remove it`);
  }

  decision(): void {
    const values = this.#values;
    const decide = (name: string) => ["clusters", 0, "decide", name];
    this.#set(decide("mode"), "token", "db-anon-role");
    this.#set(decide("anonymousRole"), values.text("db-anon-role"), "db-anon-role");
    const key = values.text("jwt-role-claim-key") ?? "";
    const path = roleClaim(key);
    if (path === undefined)
      this.#fault("jwt-role-claim-key", "is not a JSON Path (RFC 9535); write one such as $.role");
    else if (path !== key)
      this.#warn(
        "jwt-role-claim-key",
        `is in the syntax of old, which PostgREST is giving up; write ${path}`,
      );
    this.#set(decide("roleClaim"), path, "jwt-role-claim-key");
  }

  issuers(secret: Buffer | undefined): void {
    const values = this.#values;
    const audience = values.text("jwt-aud");
    // RFC 7519 §2, StringOrURI: what has a colon must be a URI.
    if (audience?.includes(":") === true && !URL.canParse(audience))
      this.#fault("jwt-aud", "has a colon and is no URI; correct it");
    if (secret === undefined) return;
    const found = keysOf(secret, values.boolean("jwt-secret-is-base64"));
    if (found.kind === "fault") {
      this.#fault("jwt-secret", found.message);
      return;
    }
    const issuers = found.keys.map((keys, index) => ({
      name: index === 0 ? NAME : `${NAME}-${index + 1}`,
      ...keys,
      requireSubject: false,
      requireAudience: false,
      ...(audience === undefined ? {} : { audience: [audience] }),
    }));
    this.#set(["issuers"], issuers, "jwt-secret");
  }

  door(): void {
    const values = this.#values;
    const rest = (path: Path, value: unknown, name: SettingName) =>
      this.#set(["doors", "rest", ...path], value, name);
    for (const schema of values.list("db-schemas"))
      if (HIDDEN_SCHEMAS.includes(schema))
        this.#fault("db-schemas", `has ${schema}, which is never shown; remove it`);
    rest(["schemas"], values.list("db-schemas"), "db-schemas");
    rest(["extraSearchPath"], values.list("db-extra-search-path"), "db-extra-search-path");
    rest(["maxRows"], values.integer("db-max-rows"), "db-max-rows");
    rest(["preRequest"], values.text("db-pre-request"), "db-pre-request");
    rest(["preparedStatements"], values.boolean("db-prepared-statements"), "db-prepared-statements");
    rest(["txEnd"], values.text("db-tx-end"), "db-tx-end");
    rest(["rootSpec"], values.text("db-root-spec"), "db-root-spec");
    rest(["planEnabled"], values.boolean("db-plan-enabled"), "db-plan-enabled");
    rest(["aggregatesEnabled"], values.boolean("db-aggregates-enabled"), "db-aggregates-enabled");
    rest(["hoistedTxSettings"], values.list("db-hoisted-tx-settings"), "db-hoisted-tx-settings");
    rest(["channel"], values.text("db-channel"), "db-channel");
    rest(["channelEnabled"], values.boolean("db-channel-enabled"), "db-channel-enabled");
    rest(["inDatabaseConfig"], values.boolean("db-config"), "db-config");
    rest(["preConfig"], values.text("db-pre-config"), "db-pre-config");
    rest(["openapi", "mode"], values.text("openapi-mode"), "openapi-mode");
    rest(["openapi", "securityActive"], values.boolean("openapi-security-active"), "openapi-security-active");
    rest(["openapi", "serverProxyUri"], values.text("openapi-server-proxy-uri"), "openapi-server-proxy-uri");
    const origins = values.list("server-cors-allowed-origins");
    rest(["allowedOrigins"], origins.length > 0 ? origins : undefined, "server-cors-allowed-origins");
    rest(["traceHeader"], values.text("server-trace-header"), "server-trace-header");
    rest(["serverTiming"], values.boolean("server-timing-enabled"), "server-timing-enabled");
    rest(["clientErrorVerbosity"], values.text("client-error-verbosity"), "client-error-verbosity");
    rest(["logQuery"], values.boolean("log-query"), "log-query");
    rest(["legacyTargetNames"], values.boolean("url-use-legacy-target-names"), "url-use-legacy-target-names");
    this.#pool();
    for (const { name, value, where } of values.app)
      this.laid.push({ path: ["doors", "rest", "appSettings", name], value, where });
  }

  #pool(): void {
    const values = this.#values;
    const pool = (name: string, value: unknown, setting: SettingName) =>
      this.#set(["doors", "rest", "pool", name], value, setting);
    const seconds = (
      name: "db-pool-acquisition-timeout" | "db-pool-max-idletime" | "db-pool-max-lifetime",
    ) => {
      const value = values.integer(name) ?? 0;
      if (value < 1) this.#fault(name, "is no time at all; write a number of seconds above zero");
      return `${Math.max(1, value)}s`;
    };
    pool("size", values.integer("db-pool"), "db-pool");
    pool("acquisitionTimeout", seconds("db-pool-acquisition-timeout"), "db-pool-acquisition-timeout");
    pool("maxIdleTime", seconds("db-pool-max-idletime"), "db-pool-max-idletime");
    pool("maxLifetime", seconds("db-pool-max-lifetime"), "db-pool-max-lifetime");
    const recovers = values.boolean("db-pool-automatic-recovery");
    pool("automaticRecovery", recovers, "db-pool-automatic-recovery");
  }

  process(): void {
    const values = this.#values;
    this.#set(["log", "level"], LEVELS[values.text("log-level") ?? ""], "log-level");
    this.#set(["log", "format"], "text", "log-level");
    this.#set(["limits", "cachedTokens"], values.integer("jwt-cache-max-entries"), "jwt-cache-max-entries");
    this.#set(["limits", "connectionsPerIdentity"], SESSIONS_PER_IDENTITY, "db-pool");
    // Behind a proxy all clients have its address: one with a bad token would lock the others out.
    this.#set(["limits", "failedLoginsPerAddress"], 0, "db-pool");
  }

  #set(path: Path, value: unknown, name: SettingName): void {
    if (value !== undefined) this.laid.push({ path, value, where: this.#place(name) });
  }

  #fault(name: SettingName, message: string): void {
    this.faults.push(faultOf(this.#whereOf(name), name, message));
  }

  #warn(name: SettingName, message: string): void {
    this.warnings.push(faultOf(this.#whereOf(name), name, message));
  }

  #whereOf(name: SettingName): string {
    return this.#values.where(name) ?? "the default";
  }

  /** For what the schema finds: it speaks of Postern's settings, and the reader knows PostgREST's. */
  #place(name: SettingName): string {
    const where = this.#whereOf(name);
    return where.startsWith("environment") || where.startsWith("database") ? where : `${where}: ${name}`;
  }
}

/** The schemas of the system: their tables are not anybody's API. */
const HIDDEN_SCHEMAS: readonly string[] = ["pg_catalog", "information_schema"];

/** PostgREST's levels say which requests are logged: those with status 5xx, 4xx too, all (which is Postern's debug). */
const LEVELS: Readonly<Record<string, string>> = {
  crit: "error",
  error: "error",
  warn: "warn",
  info: "debug",
  debug: "trace",
};

/** PostgREST's words for "all addresses"; the preference of one family is left to the system. */
const HOSTS: Readonly<Record<string, string>> = { "*": "", "*4": "", "*6": "", "!4": "0.0.0.0", "!6": "::" };

function hostOf(host: string): string {
  return Object.hasOwn(HOSTS, host) ? (HOSTS[host] ?? "") : host;
}

/** The JSON Path of the role, whichever syntax it is written in. */
function roleClaim(key: string): string | undefined {
  if (!key.startsWith("$")) return translateJsPath(key);
  return ClaimPath.parse(key) instanceof ClaimPath ? key : undefined;
}
