/** The ground that every peer stands on: one PostgreSQL, one certificate, one data set. */
import { mintToken, newKeyPair } from "../../src/identity/mint.ts";
import { startPostgres, type TestPostgres } from "../../test/support/postgres.ts";
import { quietPort } from "../support/ports.ts";
import { Workspace } from "../support/workspace.ts";

export const DATABASE = "bench";
/** The role that everybody logs in as; PostgreSQL asks it for SCRAM-SHA-256, its default since version 14. */
export const ROLE = "bench";
/** The same for jwt-postgresql-proxy, which can log in upstream with MD5 only. */
export const MD5_ROLE = "bench_md5";
export const PASSWORD = "correct horse battery staple";

/** Room for the widest measurement and for the server sessions that a pooler keeps. */
const MAX_CONNECTIONS = 1_300;
/** Longer than any run. */
const TOKEN_LIFETIME_S = 12 * 3600;

export interface Bed extends AsyncDisposable {
  readonly workspace: Workspace;
  readonly postgres: TestPostgres;
  /** PostgreSQL's programs see certificates under this name, at 127.0.0.1. */
  readonly serverName: "localhost";
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
  /** The issuer's public key (PEM). */
  readonly publicPem: string;
  /** A token for `role`, signed with Ed25519. */
  token(role: string): string;
  /** What PostgreSQL has stored for ROLE: enough to check a SCRAM login, and a pooler can log in with it. */
  readonly scramSecret: string;
}

/** Starts PostgreSQL and makes everything that peers share. */
export async function makeBed(progress: (step: string) => void): Promise<Bed> {
  await using stack = new AsyncDisposableStack();
  const workspace = stack.use(new Workspace());
  progress("starting PostgreSQL");
  const postgres = stack.adopt(await startServer(), (server) => server.stop());
  await makeRoles(postgres);
  const leaf = await postgres.authority.server(["localhost", "127.0.0.1"]);
  const { privatePem, publicPem } = newKeyPair("EdDSA");
  const now = Math.floor(Date.now() / 1000);
  const held = stack.move();
  return {
    workspace,
    postgres,
    serverName: "localhost",
    caFile: workspace.write(workspace.directory, "ca.crt", postgres.authority.cert),
    certFile: workspace.write(workspace.directory, "server.crt", leaf.cert),
    keyFile: workspace.write(workspace.directory, "server.key", leaf.key),
    publicPem,
    token: (role) => mintToken(privatePem, { sub: role, iat: now, exp: now + TOKEN_LIFETIME_S }),
    scramSecret: await storedSecret(postgres),
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

async function startServer(): Promise<TestPostgres> {
  return startPostgres({
    port: await quietPort(),
    hba: [`host all ${MD5_ROLE} 127.0.0.1/32 md5`, "host all all 127.0.0.1/32 scram-sha-256"],
    settings: {
      max_connections: String(MAX_CONNECTIONS),
      shared_buffers: "512MB", // holds the data, so that the wire is what is measured
      max_wal_size: "8GB", // no checkpoint in the middle of a round
      autovacuum: "off",
    },
  });
}

async function makeRoles(postgres: TestPostgres): Promise<void> {
  await postgres.query(`CREATE ROLE ${ROLE} LOGIN PASSWORD '${PASSWORD}'`);
  await postgres.query(
    `SET password_encryption = 'md5'; CREATE ROLE ${MD5_ROLE} LOGIN PASSWORD '${PASSWORD}' IN ROLE ${ROLE}`,
  );
  await postgres.query(`CREATE DATABASE ${DATABASE} OWNER ${ROLE}`);
}

async function storedSecret(postgres: TestPostgres): Promise<string> {
  const [row] = await postgres.query(`SELECT rolpassword FROM pg_authid WHERE rolname = '${ROLE}'`);
  return String(row?.["rolpassword"]);
}
