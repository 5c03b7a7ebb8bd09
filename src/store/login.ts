import { readFileSync } from "node:fs";
import type { PeerCertificate } from "node:tls";
import * as tls from "node:tls";
import type pg from "pg";
import type { StoreConfig } from "../config/schema.ts";
import { StoreError } from "./errors.ts";
import type { Hosts } from "./hosts.ts";
import { types } from "./types.ts";

/** Above the server's own time-out, so that the server's word comes first. */
const DEADLINE_SLACK_MS = 1000;
/** Nothing runs between the statements of our transactions but our own code. */
const IDLE_IN_TRANSACTION_MS = 10_000;
/** A store behind a firewall that forgets silent connections is noticed. */
const KEEP_ALIVE_MS = 30_000;

/** How long a statement may take before its connection is given up. */
export function deadlineOf(config: StoreConfig): number {
  return config.statementTimeout + DEADLINE_SLACK_MS;
}

/** What each connection begins with, before it is known to which host it goes. */
export interface StoreLogin extends Omit<pg.ClientConfig, "host" | "port" | "ssl"> {
  readonly hosts: Hosts;
  /** TLS to a host; `false` for none. */
  readonly tlsTo: (host: string) => tls.ConnectionOptions | false;
}

/**
 * What each connection to the store begins with. `now` gives the settings in force, so that a password or an authority
 * that was exchanged counts for the next connection.
 */
export function loginOf(now: () => StoreConfig, hosts: Hosts): StoreLogin {
  const { user, database, connectTimeout } = now();
  return {
    hosts,
    user,
    database,
    // A function: the driver would otherwise look for PGPASSWORD and ~/.pgpass when there is none.
    password: () => passwordOf(now()),
    tlsTo: (host) => tlsOptions(now(), host),
    sslnegotiation: "postgres",
    client_encoding: "UTF8",
    application_name: "postern",
    options: startupOptions(now()),
    connectionTimeoutMillis: connectTimeout,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
    enableChannelBinding: true,
    types,
  };
}

function passwordOf({ password }: StoreConfig): string {
  if (password !== undefined) return password.reveal();
  throw new StoreError("store/refused", "the store asks for a password, and store.password has none");
}

/**
 * Settings of the session. The search path is ours alone, behind `pg_catalog` and before temporary objects: whatever the login's role or
 * database is set to, no object of another schema can stand in for one of PostgreSQL's or of ours (PostgreSQL docs,
 * "Writing SECURITY DEFINER Functions Safely").
 */
function startupOptions({ schema, statementTimeout }: StoreConfig): string {
  const settings = {
    search_path: `${schema},pg_temp`,
    statement_timeout: statementTimeout,
    lock_timeout: statementTimeout,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
    default_transaction_isolation: "read\\ committed",
    datestyle: "ISO",
    intervalstyle: "postgres",
    timezone: "UTC",
    bytea_output: "hex",
    standard_conforming_strings: "on",
  };
  return Object.entries(settings)
    .map(([name, value]) => `-c ${name}=${value}`)
    .join(" ");
}

/** TLS as `store.tls` says; `false` for none. */
function tlsOptions({ tls: settings }: StoreConfig, host: string): tls.ConnectionOptions | false {
  if (settings.mode === "disable") return false;
  const verifies = settings.mode !== "require";
  const full = settings.mode === "verify-full";
  return {
    minVersion: "TLSv1.2",
    rejectUnauthorized: verifies,
    ...(verifies && { ca: authorities(settings.caFile) }),
    // The name that was configured, whatever the driver asked for by SNI.
    checkServerIdentity: (_: string, certificate: PeerCertificate) =>
      full ? tls.checkServerIdentity(host, certificate) : undefined,
  };
}

function authorities(caFile: string | undefined): Buffer | string[] {
  return caFile === undefined ? tls.getCACertificates("system") : readFileSync(caFile);
}
