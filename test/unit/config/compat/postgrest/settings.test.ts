import assert from "node:assert/strict";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { test } from "node:test";
import { Secret } from "../../../../../src/base/secret.ts";
import { loadPostgrest } from "../../../../../src/config/compat/postgrest/load.ts";
import type { SettingName } from "../../../../../src/config/compat/postgrest/settings.ts";
import { SETTING_NAMES, specOf, variableOf } from "../../../../../src/config/compat/postgrest/settings.ts";
import { faultText } from "../../../../../src/config/errors.ts";
import type { Config } from "../../../../../src/config/schema.ts";
import { valueAt } from "../../../../../src/config/tree.ts";
import { tokenDecisionOf } from "../../../../support/bearer.ts";
import { directoryWith } from "../../../../support/config-files.ts";
import { testFeature } from "../../../../support/feature.ts";

const SECRET = "0123456789abcdef0123456789abcdef";
const BASE = { PGRST_DB_URI: "postgres://authenticator@localhost/app", PGRST_JWT_SECRET: SECRET };

interface Wanted {
  readonly feature: string;
  /** As the environment says it. */
  readonly text: string;
  /** As the file says it, when that is not the text in quotes. */
  readonly written?: string;
  /** Where it ends up, and as what. */
  readonly path: readonly (string | number)[];
  readonly value: unknown;
  /** What else must be set for it to mean something. */
  readonly besides?: Readonly<Record<string, string>>;
}

const rest = (...path: string[]) => ["doors", "rest", ...path];
const onOff = (path: readonly string[], text = "true"): Omit<Wanted, "feature"> => ({
  text,
  written: text,
  path,
  value: text === "true",
});

/** One line for every setting of PostgREST. */
const TABLE: Readonly<Record<SettingName, Wanted>> = {
  "admin-server-host": {
    feature: "setting.admin-server-host",
    text: "127.0.0.2",
    path: ["admin", "host"],
    value: "127.0.0.2",
    besides: { PGRST_ADMIN_SERVER_PORT: "3001" },
  },
  "admin-server-port": {
    feature: "setting.admin-server-port",
    text: "3001",
    written: "3001",
    path: ["admin", "port"],
    value: 3001,
  },
  "admin-server-unix-socket": {
    feature: "setting.admin-server-unix-socket",
    text: "/run/a.sock",
    path: ["admin", "unixSocket", "path"],
    value: "/run/a.sock",
  },
  "admin-server-unix-socket-mode": {
    feature: "setting.admin-server-unix-socket-mode",
    text: "600",
    path: ["admin", "unixSocket", "mode"],
    value: "600",
    besides: { PGRST_ADMIN_SERVER_UNIX_SOCKET: "/run/a.sock" },
  },
  "client-error-verbosity": {
    feature: "setting.client-error-verbosity",
    text: "minimal",
    path: rest("clientErrorVerbosity"),
    value: "minimal",
  },
  "db-aggregates-enabled": { feature: "setting.db-aggregates-enabled", ...onOff(rest("aggregatesEnabled")) },
  "db-anon-role": {
    feature: "setting.db-anon-role",
    text: "anon",
    path: ["clusters", 0, "decide", "anonymousRole"],
    value: "anon",
  },
  "db-channel": { feature: "setting.db-channel", text: "news", path: rest("channel"), value: "news" },
  "db-channel-enabled": { feature: "setting.db-channel-enabled", ...onOff(rest("channelEnabled"), "false") },
  "db-config": { feature: "setting.db-config", ...onOff(rest("inDatabaseConfig"), "false") },
  "db-extra-search-path": {
    feature: "setting.db-extra-search-path",
    text: "a, b",
    path: rest("extraSearchPath"),
    value: ["a", "b"],
  },
  "db-hoisted-tx-settings": {
    feature: "setting.db-hoisted-tx-settings",
    text: "work_mem",
    path: rest("hoistedTxSettings"),
    value: ["work_mem"],
  },
  "db-max-rows": { feature: "setting.db-max-rows", text: "7", written: "7", path: rest("maxRows"), value: 7 },
  "db-plan-enabled": { feature: "setting.db-plan-enabled", ...onOff(rest("planEnabled")) },
  "db-pool": { feature: "setting.db-pool", text: "3", written: "3", path: rest("pool", "size"), value: 3 },
  "db-pool-acquisition-timeout": {
    feature: "setting.db-pool-acquisition-timeout",
    text: "4",
    written: "4",
    path: rest("pool", "acquisitionTimeout"),
    value: 4000,
  },
  "db-pool-automatic-recovery": {
    feature: "setting.db-pool-automatic-recovery",
    ...onOff(rest("pool", "automaticRecovery"), "false"),
  },
  "db-pool-max-idletime": {
    feature: "setting.db-pool-max-idletime",
    text: "5",
    written: "5",
    path: rest("pool", "maxIdleTime"),
    value: 5000,
  },
  "db-pool-max-lifetime": {
    feature: "setting.db-pool-max-lifetime",
    text: "6",
    written: "6",
    path: rest("pool", "maxLifetime"),
    value: 6000,
  },
  "db-pre-config": {
    feature: "setting.db-pre-config",
    text: "private.settings",
    path: rest("preConfig"),
    value: "private.settings",
  },
  "db-pre-request": {
    feature: "setting.db-pre-request",
    text: "api.check",
    path: rest("preRequest"),
    value: "api.check",
  },
  "db-prepared-statements": {
    feature: "setting.db-prepared-statements",
    ...onOff(rest("preparedStatements"), "false"),
  },
  "db-root-spec": { feature: "setting.db-root-spec", text: "root", path: rest("rootSpec"), value: "root" },
  "db-schemas": {
    feature: "setting.db-schemas",
    text: "multi,   tenant,setup",
    path: rest("schemas"),
    value: ["multi", "tenant", "setup"],
  },
  "db-tx-end": {
    feature: "setting.db-tx-end",
    text: "rollback-allow-override",
    path: rest("txEnd"),
    value: "rollback-allow-override",
  },
  "db-uri": {
    feature: "setting.db-uri",
    text: "host=db.example user=me dbname=shop",
    path: rest("database"),
    value: "shop",
  },
  "jwt-aud": {
    feature: "setting.jwt-aud",
    text: "https://api.example",
    path: ["issuers", 0, "audience"],
    value: ["https://api.example"],
  },
  "jwt-cache-max-entries": {
    feature: "setting.jwt-cache-max-entries",
    text: "0",
    written: "0",
    path: ["limits", "cachedTokens"],
    value: 0,
  },
  "jwt-role-claim-key": {
    feature: "setting.jwt-role-claim-key",
    text: "$.user[0].real_role",
    written: '"$$.user[0].real_role"',
    path: ["clusters", 0, "decide", "roleClaim"],
    value: "$.user[0].real_role",
  },
  "jwt-secret": {
    feature: "setting.jwt-secret",
    text: "x".repeat(32),
    path: ["issuers", 0, "keys", "secret"],
    value: Buffer.from("x".repeat(32)).toString("base64"),
  },
  "jwt-secret-is-base64": {
    feature: "setting.jwt-secret-is-base64",
    text: "true",
    written: "true",
    path: ["issuers", 0, "keys", "secret"],
    value: Buffer.from("y".repeat(33)).toString("base64"),
    besides: { PGRST_JWT_SECRET: Buffer.from("y".repeat(33)).toString("base64url") },
  },
  "log-level": { feature: "setting.log-level", text: "warn", path: ["log", "level"], value: "warn" },
  "log-query": { feature: "setting.log-query", ...onOff(rest("logQuery")) },
  "openapi-mode": {
    feature: "setting.openapi-mode",
    text: "disabled",
    path: rest("openapi", "mode"),
    value: "disabled",
  },
  "openapi-security-active": {
    feature: "setting.openapi-security-active",
    ...onOff(rest("openapi", "securityActive")),
  },
  "openapi-server-proxy-uri": {
    feature: "setting.openapi-server-proxy-uri",
    text: "https://proxy.example/api",
    path: rest("openapi", "serverProxyUri"),
    value: "https://proxy.example/api",
  },
  "server-cors-allowed-origins": {
    feature: "setting.server-cors-allowed-origins",
    text: "http://a.example, http://b.example",
    path: rest("allowedOrigins"),
    value: ["http://a.example", "http://b.example"],
  },
  "server-host": { feature: "setting.server-host", text: "!6", path: rest("host"), value: "::" },
  "server-port": { feature: "setting.server-port", text: "80", written: "80", path: rest("port"), value: 80 },
  "server-reuseport": { feature: "setting.server-reuseport", ...onOff(rest("reusePort")) },
  "server-timing-enabled": { feature: "setting.server-timing-enabled", ...onOff(rest("serverTiming")) },
  "server-trace-header": {
    feature: "setting.server-trace-header",
    text: "X-Request-Id",
    path: rest("traceHeader"),
    value: "X-Request-Id",
  },
  "server-unix-socket": {
    feature: "setting.server-unix-socket",
    text: "/run/p.sock",
    path: rest("unixSocket", "path"),
    value: "/run/p.sock",
  },
  "server-unix-socket-mode": {
    feature: "setting.server-unix-socket-mode",
    text: "777",
    path: rest("unixSocket", "mode"),
    value: "777",
    besides: { PGRST_SERVER_UNIX_SOCKET: "/run/p.sock" },
  },
  "url-use-legacy-target-names": {
    feature: "setting.url-use-legacy-target-names",
    ...onOff(rest("legacyTargetNames"), "false"),
  },
};

type Variables = Readonly<Record<string, string>>;

function configured(env: Variables, file?: string): Config {
  const loaded = loadPostgrest({ env, file });
  if (loaded.kind === "ok") return loaded.config;
  return assert.fail(loaded.faults.map(faultText).join("\n"));
}

function plain(value: unknown): unknown {
  if (value instanceof Secret) return value.reveal();
  return typeof value === "object" && value !== null && !Array.isArray(value) ? String(value) : value;
}

function fileOf(t: TestContext, text: string): string {
  return join(directoryWith(t, { "postgrest.conf": text }), "postgrest.conf");
}

const without = (env: Variables, name: string): Variables =>
  Object.fromEntries(Object.entries(env).filter(([key]) => key !== name));

for (const name of SETTING_NAMES) {
  const { text, written = JSON.stringify(text), path, value, besides = {} } = TABLE[name];
  test(`postgrest setting ${name}: from the environment and from the file`, (t) => {
    const env = { ...BASE, ...besides };
    const fromEnvironment = configured({ ...env, [variableOf(name)]: text });
    assert.deepEqual(plain(valueAt(fromEnvironment, path)), value);
    const others = without(env, variableOf(name));
    const fromFile = configured(others, fileOf(t, `# a comment\n${name} = ${written}\n`));
    assert.deepEqual(plain(valueAt(fromFile, path)), value);
  });
}

test("what the reader of a table of settings expects: nothing is left out", () => {
  assert.deepEqual(Object.keys(TABLE).sort(), [...SETTING_NAMES].sort());
});

for (const name of SETTING_NAMES) {
  const { alias } = specOf(name);
  if (alias === undefined) continue;
  const { text, path, value, besides = {} } = TABLE[name];
  testFeature(
    { feature: "start.older-names" },
    `postgrest setting ${name} by its older name ${alias}`,
    (t) => {
      const env = { ...BASE, ...besides };
      const written = TABLE[name].written ?? JSON.stringify(text);
      const fromEnvironment = configured({ ...env, [variableOf(alias)]: text });
      assert.deepEqual(plain(valueAt(fromEnvironment, path)), value);
      const fromFile = configured(env, fileOf(t, `${alias} = ${written}`));
      assert.deepEqual(plain(valueAt(fromFile, path)), value);
    },
  );
}

testFeature(
  { feature: "start.environment" },
  "the environment wins over the file, and a name over its older one",
  (t) => {
    const file = fileOf(t, "db-max-rows = 1\nmax-rows = 2\ndb-pool = 3\n");
    const config = configured({ ...BASE, PGRST_DB_POOL: "4", PGRST_MAX_ROWS: "5" }, file);
    assert.equal(config.doors.rest?.pool.size, 4);
    assert.equal(config.doors.rest?.maxRows, 1);
  },
);

testFeature(
  { feature: "start.in-database" },
  "the database wins over the environment, where PostgREST lets it",
  () => {
    const loaded = loadPostgrest({ env: { ...BASE, PGRST_DB_MAX_ROWS: "1", PGRST_DB_POOL: "2" } });
    assert.ok(loaded.kind === "ok");
    const again = loaded.withDatabase([
      ["pgrst.db_max_rows", "3"],
      ["pgrst.db_pool", "4"],
      ["pgrst.db_schemas", "a, b"],
      ["pgrst.jwt_role_claim_key", "$.a.role"],
      ["pgrst.not_existing", "ignored"],
    ]);
    assert.ok(again.kind === "ok");
    const { doors, clusters } = again.config;
    assert.deepEqual([doors.rest?.maxRows, doors.rest?.pool.size, doors.rest?.schemas], [3, 2, ["a", "b"]]);
    assert.equal(String(tokenDecisionOf(clusters[0]).roleClaim), "$.a.role");
  },
);

test("what is set to nothing has its default", (t) => {
  const env = {
    ...BASE,
    PGRST_LOG_LEVEL: "",
    PGRST_DB_TX_END: "",
    PGRST_DB_ANON_ROLE: "",
    PGRST_DB_MAX_ROWS: "",
  };
  const config = configured(env, fileOf(t, 'log-level = "info"'));
  assert.equal(config.log.level, "error");
  assert.equal(config.doors.rest?.txEnd, "commit");
  assert.equal(config.doors.rest?.maxRows, undefined);
  assert.equal(tokenDecisionOf(config.clusters[0]).anonymousRole, undefined);
});

test("an extra search path of nothing is none", () => {
  assert.deepEqual(configured({ ...BASE, PGRST_DB_EXTRA_SEARCH_PATH: "" }).doors.rest?.extraSearchPath, []);
});

testFeature({ feature: "setting.server-host" }, "PostgREST's words for all addresses are understood", () => {
  const hosts = ["*", "*4", "*6", "!4", "!6", "localhost"].map(
    (host) => configured({ ...BASE, PGRST_SERVER_HOST: host }).doors.rest?.host,
  );
  assert.deepEqual(hosts, ["", "", "", "0.0.0.0", "::", "localhost"]);
});

test("the admin server is where the server is, unless it is told otherwise", () => {
  const env = { ...BASE, PGRST_SERVER_HOST: "127.0.0.1", PGRST_ADMIN_SERVER_PORT: "3001" };
  assert.deepEqual(configured(env).admin, { host: "127.0.0.1", port: 3001 });
  assert.equal(configured(BASE).admin, undefined);
});

testFeature(
  { feature: "setting.app.settings" },
  "app.settings come from both places, and are never shown",
  (t) => {
    const file = fileOf(t, 'app.settings.one = "1"\napp.settings.two = "2"\napp.settings.from = "$(MY_KEY)"');
    const env = { ...BASE, PGRST_APP_SETTINGS_TWO: "zwei", PGRST_APP_SETTINGS_NONE: "", MY_KEY: "k" };
    const settings = configured(env, file).doors.rest?.appSettings ?? {};
    const revealed = Object.fromEntries(
      Object.entries(settings).map(([name, value]) => [name, value.reveal()]),
    );
    assert.deepEqual(revealed, { one: "1", two: "zwei", from: "k", none: "" });
    assert.ok(!JSON.stringify(settings).includes("zwei"));
  },
);

testFeature(
  { feature: "start.postern-settings" },
  "POSTERN__ variables say what PostgREST has no setting for",
  () => {
    const config = configured({
      ...without(BASE, "PGRST_JWT_SECRET"),
      POSTERN__ISSUERS__0__NAME: "kubernetes",
      POSTERN__ISSUERS__0__ISSUER: "https://kubernetes.default.svc",
      POSTERN__ISSUERS__0__KEYS__JWKS_URL: "https://kubernetes.default.svc/openid/v1/jwks",
      POSTERN__DOORS__REST__REQUESTS__MAX_BODY: "1MB",
    });
    assert.equal(config.issuers[0]?.name, "kubernetes");
    assert.equal(config.doors.rest?.requests.maxBody, 1024 * 1024);
  },
);

test("a role that PostgREST would take is taken, whatever it may do", () => {
  const { clusters, limits } = configured(BASE);
  assert.equal(clusters[0]?.privilegedRoles, "any");
  assert.equal(limits.failedLoginsPerAddress, 0);
});

const FAULTS: Readonly<Record<string, readonly [Variables, string]>> = {
  "a number that is none": [
    { PGRST_DB_POOL: "many" },
    "environment PGRST_DB_POOL: db-pool: a whole number is expected; correct it",
  ],
  "a truth value that is none": [
    { PGRST_DB_CHANNEL_ENABLED: "yes" },
    "environment PGRST_DB_CHANNEL_ENABLED: db-channel-enabled: true or false is expected; correct it",
  ],
  "a choice that there is not": [
    { PGRST_LOG_LEVEL: "warning" },
    'environment PGRST_LOG_LEVEL: log-level: is not one of its values; did you mean "warn"?',
  ],
  "a transaction end that there is not": [
    { PGRST_DB_TX_END: "random" },
    "environment PGRST_DB_TX_END: db-tx-end: is not one of its values; it can be commit, commit-allow-override, rollback, rollback-allow-override",
  ],
  "a port that is too large": [
    { PGRST_SERVER_PORT: "65536" },
    "environment PGRST_SERVER_PORT: doors.rest.port: is too large; the most is 65535",
  ],
  "a mode of a socket that nobody could use": [
    { PGRST_SERVER_UNIX_SOCKET: "/run/p.sock", PGRST_SERVER_UNIX_SOCKET_MODE: "599" },
    "environment PGRST_SERVER_UNIX_SOCKET_MODE: doors.rest.unixSocket.mode: is not a socket's mode; write an octal number from 600 to 777 in quotes",
  ],
  "one port for two servers": [
    { PGRST_ADMIN_SERVER_PORT: "3000" },
    "environment PGRST_ADMIN_SERVER_PORT: admin-server-port: cannot be the same as server-port; choose another",
  ],
  "an audience that has a colon and is no URI": [
    { PGRST_JWT_AUD: "http://%%localhorst.invalid" },
    "environment PGRST_JWT_AUD: jwt-aud: has a colon and is no URI; correct it",
  ],
  "a proxy that is no URL": [
    { PGRST_OPENAPI_SERVER_PROXY_URI: "htp:/@@localhorst.invalid" },
    "environment PGRST_OPENAPI_SERVER_PROXY_URI: doors.rest.openapi.serverProxyUri: is not a URL; write it whole, such as https://host/path",
  ],
  "a secret that can be guessed": [
    { PGRST_JWT_SECRET: "short_secret" },
    "environment PGRST_JWT_SECRET: jwt-secret: is shorter than 32 characters; make one with: openssl rand -base64 48",
  ],
  "a secret that is not base64": [
    { PGRST_JWT_SECRET: "no base-64!", PGRST_JWT_SECRET_IS_BASE64: "true" },
    "environment PGRST_JWT_SECRET: jwt-secret: is not base64; correct it, or set jwt-secret-is-base64 to false",
  ],
  "a schema of the system": [
    { PGRST_DB_SCHEMAS: "public, pg_catalog" },
    "environment PGRST_DB_SCHEMAS: db-schemas: has pg_catalog, which is never shown; remove it",
  ],
  "a path to the role that is none": [
    { PGRST_JWT_ROLE_CLAIM_KEY: "$.my_role;;domain" },
    "environment PGRST_JWT_ROLE_CLAIM_KEY: jwt-role-claim-key: is not a JSON Path (RFC 9535); write one such as $.role",
  ],
  "a path of old that is none": [
    { PGRST_JWT_ROLE_CLAIM_KEY: ".role[?(@ =)]" },
    "environment PGRST_JWT_ROLE_CLAIM_KEY: jwt-role-claim-key: is not a JSON Path (RFC 9535); write one such as $.role",
  ],
  "no time at all": [
    { PGRST_DB_POOL_MAX_IDLETIME: "0" },
    "environment PGRST_DB_POOL_MAX_IDLETIME: db-pool-max-idletime: is no time at all; write a number of seconds above zero",
  ],
  "nobody to log in as": [
    { PGRST_DB_URI: "postgres://localhost/app" },
    "environment PGRST_DB_URI: db-uri: names no user; write it in front of the host, or set PGUSER",
  ],
  "a file that is not there": [
    { PGRST_JWT_SECRET: "@/nowhere/jwks.json" },
    'environment PGRST_JWT_SECRET: jwt-secret: "/nowhere/jwks.json" does not exist; correct the path or create the file',
  ],
};

function faultsOf(env: Variables, file?: string): string[] {
  const loaded = loadPostgrest({ env, file });
  return loaded.kind === "faults" ? loaded.faults.map(faultText) : [];
}

for (const [name, [env, fault]] of Object.entries(FAULTS)) {
  test(`postgrest settings are refused with ${name}`, () => {
    assert.deepEqual(faultsOf({ ...BASE, ...env }), [fault]);
  });
}

testFeature(
  { feature: "start.faults" },
  "every fault is told at once, those of the file with their lines",
  (t) => {
    const file = fileOf(
      t,
      'server-port = "x"\n\ndb-channel-enabled = 13\ndb-schemas = true\napp.settings.a = false\n',
    );
    const found = faultsOf({ ...BASE, PGRST_DB_POOL: "x" }, file).map((fault) =>
      fault.replace(/^.*postgrest\.conf/, "postgrest.conf"),
    );
    assert.deepEqual(found.sort(), [
      "environment PGRST_DB_POOL: db-pool: a whole number is expected; correct it",
      "postgrest.conf:1: server-port: a whole number is expected; correct it",
      "postgrest.conf:3: db-channel-enabled: true or false is expected; correct it",
      "postgrest.conf:4: db-schemas: a text with commas is expected; put it in double quotes",
      "postgrest.conf:5: app.settings.a: text is expected; put it in double quotes",
    ]);
  },
);

test("a fault in the file that the schema finds names the setting and its line", (t) => {
  const [fault = ""] = faultsOf(BASE, fileOf(t, "\nserver-port = 70000"));
  assert.match(fault, /postgrest\.conf:2: server-port: doors\.rest\.port: is too large/);
});

test("a fault in the database is told as such, and files are not read for it", () => {
  const loaded = loadPostgrest({
    env: BASE,
    database: [
      ["pgrst.db_max_rows", "all"],
      ["pgrst.jwt_secret", "@/etc/passwd"],
    ],
  });
  assert.ok(loaded.kind === "faults");
  assert.deepEqual(loaded.faults.map(faultText), [
    "database pgrst.db_max_rows: db-max-rows: a whole number is expected; correct it",
    "database pgrst.jwt_secret: jwt-secret: names a file; write the value itself",
  ]);
});

testFeature({ feature: "start.unknown-names" }, "names that nobody knows are warned of", (t) => {
  const loaded = loadPostgrest({
    env: { ...BASE, PGRST_SERVER_HOST: "127.0.0.1", PGRST_DB_POOLS: "3" },
    file: fileOf(t, 'server-prt = 1\nnot-existing = "should succeed"'),
  });
  assert.ok(loaded.kind === "ok");
  const warnings = loaded.warnings
    .map(faultText)
    .map((text) => text.replace(/^.*postgrest\.conf/, "postgrest.conf"));
  assert.deepEqual(warnings, [
    'postgrest.conf:1: server-prt: is not a setting; did you mean "server-port"?',
    "postgrest.conf:2: not-existing: is not a setting; see docs/postgrest.md",
    "environment PGRST_DB_POOLS: is not a setting; unset or correct it",
  ]);
});

testFeature(
  { feature: "auth.role-claim-of-old" },
  "the syntax of old for the role's path is translated, with a warning",
  () => {
    const env = {
      ...BASE,
      PGRST_SERVER_HOST: "127.0.0.1",
      PGRST_JWT_ROLE_CLAIM_KEY: '.realm."a b"[?(@ == "x")]',
    };
    const loaded = loadPostgrest({ env });
    assert.ok(loaded.kind === "ok");
    assert.equal(String(tokenDecisionOf(loaded.config.clusters[0]).roleClaim), "$.realm['a b'][?@ == 'x']");
    assert.deepEqual(loaded.warnings.map(faultText), [
      "environment PGRST_JWT_ROLE_CLAIM_KEY: jwt-role-claim-key: is in the syntax of old, which PostgREST is giving up; write $.realm['a b'][?@ == 'x']",
    ]);
  },
);

testFeature(
  { feature: "start.minimum" },
  "without a token's key and an anonymous role only the database can still say them",
  () => {
    const env = { PGRST_DB_URI: "postgres://authenticator@localhost/app" };
    assert.equal(loadPostgrest({ env }).kind, "ok");
    assert.deepEqual(faultsOf({ ...env, PGRST_DB_CONFIG: "false" }), [
      "environment: issuers: is missing; list who signs tokens",
    ]);
  },
);
