import { writeFileSync } from "node:fs";
import { createConnection } from "node:net";
import { join } from "node:path";
import pg from "pg";
import { createAuthority } from "../../src/demo/authority.ts";
import { mintToken, newKeyPair } from "../../src/identity/mint.ts";
import type { Gateway, GatewayOptions } from "./gateway.ts";
import { startGateway } from "./gateway.ts";
import type { TestPostgres, TestPostgresOptions } from "./postgres.ts";
import { startPostgres } from "./postgres.ts";
import { cancelRequest } from "./wire-bytes.ts";

/** The password of every role behind the gateway; no client is ever to see it. */
export const UPSTREAM_PASSWORD = "upstream-secret-3f9a";
export const ISSUER = "https://issuer.test";
const HOUR = 3600;

type Settings = Readonly<Record<string, unknown>>;

export interface WorldOptions extends GatewayOptions {
  readonly postgres?: TestPostgresOptions;
  /** Merged over the cluster's configuration. */
  readonly cluster?: Readonly<Record<string, unknown>>;
  /** Merged over the issuer's configuration. */
  readonly issuer?: Readonly<Record<string, unknown>>;
  /** Merged over the wire door's configuration. */
  readonly door?: Readonly<Record<string, unknown>>;
  /** A REST door beside the wire door; without it there is none. */
  readonly rest?: Readonly<Record<string, unknown>>;
  /** A PAM door beside the wire door; without it there is none. */
  readonly pam?: Settings;
  readonly limits?: Readonly<Record<string, unknown>>;
  /** Merged over everything; what needs the server first is made of it. */
  readonly config?: Settings | ((postgres: TestPostgres) => Promise<Settings>);
}

/** A real PostgreSQL, and a gateway process in front of it. */
export interface World {
  readonly postgres: TestPostgres;
  readonly gateway: Gateway;
  /** The certificate authority of the wire door's certificate, PEM. */
  readonly ca: string;
  readonly caFile: string;
  /** The issuer's private key, PEM. */
  readonly issuerKey: string;
  /** The configuration that is in force, to be changed and written with `gateway.configure`. */
  readonly config: Record<string, unknown>;
  /** A token for `sub`, valid for an hour unless `claims` say otherwise. */
  token(sub: string, claims?: Readonly<Record<string, string | number | readonly string[]>>): string;
  /** A client that is not connected yet. */
  client(more?: pg.ClientConfig): pg.Client;
  /** A connected client. */
  connect(more?: pg.ClientConfig): Promise<pg.Client>;
  /** Sends a CancelRequest, without TLS, and resolves when the gateway has closed the connection. */
  cancel(processId: number, key: Buffer): Promise<void>;
  /** Logs in, runs a query, logs out: what must work after every attack and fault. */
  freshLoginWorks(): Promise<void>;
  stop(): Promise<void>;
}

/** Roles: `ada` and `ben` may read and write, `ro` only reads; `root` is a superuser, `repl` may replicate. */
const SQL = `
  CREATE ROLE ada LOGIN PASSWORD '${UPSTREAM_PASSWORD}';
  CREATE ROLE ben LOGIN PASSWORD '${UPSTREAM_PASSWORD}';
  CREATE ROLE ro LOGIN PASSWORD '${UPSTREAM_PASSWORD}';
  CREATE ROLE root LOGIN SUPERUSER PASSWORD '${UPSTREAM_PASSWORD}';
  CREATE ROLE repl LOGIN REPLICATION PASSWORD '${UPSTREAM_PASSWORD}';
  CREATE TABLE items (id integer PRIMARY KEY, name text NOT NULL);
  INSERT INTO items SELECT n, 'item ' || n FROM generate_series(1, 100) AS n;
  GRANT SELECT, INSERT, UPDATE, DELETE ON items TO ada, ben;
  GRANT SELECT ON items TO ro;
`;

export async function startWorld(options: WorldOptions = {}): Promise<World> {
  const postgres = await startPostgres({ ...options.postgres, sql: `${SQL}${options.postgres?.sql ?? ""}` });
  try {
    return await inFront(postgres, options);
  } catch (error) {
    await postgres.stop();
    throw error;
  }
}

async function inFront(postgres: TestPostgres, options: WorldOptions): Promise<World> {
  const keys = newKeyPair("EdDSA");
  const authority = await createAuthority("gateway");
  const server = await authority.server(["localhost", "127.0.0.1"]);
  const files = {
    ca: join(postgres.dataDirectory, "..", "gateway-ca.crt"),
    cert: join(postgres.dataDirectory, "..", "gateway.crt"),
    key: join(postgres.dataDirectory, "..", "gateway.key"),
  };
  writeFileSync(files.ca, authority.cert);
  writeFileSync(files.cert, server.cert);
  writeFileSync(files.key, server.key, { mode: 0o600 });
  const config = {
    doors: {
      postgres: { port: 0, tls: { certFile: files.cert, keyFile: files.key }, ...options.door },
      ...(options.rest === undefined ? {} : { rest: { port: 0, database: "postgres", ...options.rest } }),
      ...(options.pam === undefined ? {} : { pam: options.pam }),
    },
    issuers: [{ name: "test", issuer: ISSUER, keys: { pem: [keys.publicPem] }, ...options.issuer }],
    clusters: [
      {
        name: "main",
        hosts: [{ host: "localhost", port: postgres.port }],
        tls: { mode: "verify-full", caFile: postgres.caFile },
        login: { method: "shared-password", password: UPSTREAM_PASSWORD },
        ...options.cluster,
      },
    ],
    limits: { failedLoginsPerAddress: 0, ...options.limits },
    ...(typeof options.config === "function" ? await options.config(postgres) : options.config),
  };
  // Several workers open the PAM door first.
  const wire = options.pam === undefined ? {} : ({ waitFor: "postgres" } as const);
  const gateway = await startGateway(config, { ...wire, ...options });
  const seconds = () => Math.floor(Date.now() / 1000);
  const token: World["token"] = (sub, claims = {}) =>
    mintToken(keys.privatePem, { iss: ISSUER, sub, iat: seconds(), exp: seconds() + HOUR, ...claims });
  const client: World["client"] = (more) =>
    new pg.Client({
      host: "localhost",
      port: gateway.port,
      database: "postgres",
      user: "ada",
      password: token("ada"),
      ssl: { ca: authority.cert },
      ...more,
    });
  const connect: World["connect"] = async (more) => {
    const connected = client(more);
    await connected.connect();
    return connected;
  };
  return {
    postgres,
    gateway,
    ca: authority.cert,
    caFile: files.ca,
    issuerKey: keys.privatePem,
    config,
    token,
    client,
    connect,
    cancel: (processId, key) =>
      new Promise((done, fail) => {
        const socket = createConnection({ host: gateway.host, port: gateway.port });
        socket.on("error", fail).on("close", () => done());
        socket.write(cancelRequest(processId, key)); // like libpq, which waits for the other side to close
        socket.resume();
      }),
    freshLoginWorks: async () => {
      const fresh = await connect();
      await fresh.query("SELECT 1");
      await fresh.end();
    },
    stop: async () => {
      await gateway.stop();
      await postgres.stop();
    },
  };
}
