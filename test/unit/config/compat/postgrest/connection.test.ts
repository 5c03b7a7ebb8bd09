import assert from "node:assert/strict";
import { test } from "node:test";
import { parseConnection } from "../../../../../src/config/compat/postgrest/connection.ts";
import { testFeature } from "../../../../support/feature.ts";

type Variables = Readonly<Record<string, string>>;

function read(text: string, env: Variables = {}): Record<string, unknown> | string {
  const result = parseConnection(text, env);
  if (result.kind === "fault") return result.message;
  const { servers, user, password, database } = result.connection;
  const settings = Object.fromEntries(servers.map(({ path, value }) => [path.join("."), value]));
  return { user, password, database, ...settings };
}

const at = (host: string, port = 5432) => ({ host, port });
const PREFER = { "tls.mode": "prefer" };

const READ: Readonly<Record<string, readonly [string, Record<string, unknown>, Variables?]>> = {
  "user, password, host, port and database": [
    "postgres://me:p%40ss@db:5433/shop",
    { user: "me", password: "p@ss", database: "shop", hosts: [at("db", 5433)], ...PREFER },
  ],
  "several hosts with what they must be": [
    "postgres://myuser:pw@replica,primary:6000/mydatabase?target_session_attrs=read-only",
    {
      user: "myuser",
      password: "pw",
      database: "mydatabase",
      hosts: [at("replica"), at("primary", 6000)],
      targetSessionAttrs: "read-only",
      ...PREFER,
    },
  ],
  "verified TLS": [
    "postgresql://me@db/shop?sslmode=verify-full&sslrootcert=%2Fca.crt",
    {
      user: "me",
      password: undefined,
      database: "shop",
      hosts: [at("db")],
      "tls.mode": "verify-full",
      "tls.caFile": "/ca.crt",
    },
  ],
  pairs: [
    "host=localhost port=5433 user=authenticator password='my secret' dbname=postgres",
    {
      user: "authenticator",
      password: "my secret",
      database: "postgres",
      hosts: [at("localhost", 5433)],
      ...PREFER,
    },
  ],
  "all of it as parameters of a URI": [
    "postgresql://?host=db&user=me&password=x&dbname=shop",
    { user: "me", password: "x", database: "shop", hosts: [at("db")], ...PREFER },
  ],
  "a database that is not named: the user's": [
    "postgres://me@db",
    { user: "me", password: undefined, database: "me", hosts: [at("db")], ...PREFER },
  ],
  "nothing but libpq's variables": [
    "postgresql://",
    {
      user: "me",
      password: "pw",
      database: "shop",
      hosts: [at("db", 6000)],
      "tls.mode": "require",
      targetSessionAttrs: "primary",
    },
    {
      PGHOST: "db",
      PGPORT: "6000",
      PGUSER: "me",
      PGPASSWORD: "pw",
      PGDATABASE: "shop",
      PGSSLMODE: "require",
      PGTARGETSESSIONATTRS: "primary",
    },
  ],
  "variables only for what is not written": [
    "postgres://me@db/shop?sslmode=disable",
    { user: "me", password: "pw", database: "shop", hosts: [at("db", 6000)], "tls.mode": "disable" },
    { PGHOST: "elsewhere", PGPORT: "6000", PGUSER: "else", PGPASSWORD: "pw", PGSSLMODE: "require" },
  ],
  "no host: this machine": [
    "postgres://me@/shop",
    { user: "me", password: undefined, database: "shop", hosts: [at("localhost")], ...PREFER },
  ],
  "allow is as good as prefer": [
    "postgres://me@db/shop?sslmode=allow",
    { user: "me", password: undefined, database: "shop", hosts: [at("db")], ...PREFER },
  ],
};

for (const [name, [text, wanted, env]] of Object.entries(READ)) {
  testFeature({ feature: "start.db-uri" }, `db-uri is read: ${name}`, () =>
    assert.deepEqual(read(text, env), wanted),
  );
}

testFeature({ feature: "start.db-uri-keywords" }, "what makes no difference is told", () => {
  const result = parseConnection("postgres://me@db/shop?application_name=api&keepalives=1", {});
  assert.ok(result.kind === "ok");
  assert.deepEqual(result.connection.ignored, ["application_name", "keepalives"]);
});

const REFUSED: Readonly<Record<string, string>> = {
  tmp_db: "is no connection string",
  "postgres://db/shop": "names no user",
  "postgres://me@/run/postgresql/shop?host=/run/postgresql": "has a host that is a Unix socket",
  "postgres://me:hunter2%@db/shop": "has a % that begins no escape",
  "postgres://me:hunter2@db/shop?sslcert=me.crt": "has sslcert; use login.method: certificate",
  "postgres://me:hunter2@db/shop?options=-cfoo%3Dbar": "has options; set them with ALTER ROLE",
  "postgres://me:hunter2@db/shop?sslmode=verify": "has an unknown value of sslmode",
  "host=db user=me password=hunter2 pasword=hunter2": "has pasword, which is not used here",
  "postgres://me:hunter2@db:x/shop": "has a port that is no number",
};

for (const [text, wanted] of Object.entries(REFUSED)) {
  test(`db-uri is refused, with what to do and without its password: ${text}`, () => {
    const message = String(read(text));
    assert.ok(message.startsWith(wanted), message);
    assert.doesNotMatch(message, /hunter/);
  });
}
