import { findProgram } from "../../support/find-program.ts";
import { quietPort } from "../../support/ports.ts";
import { type Bed, DATABASE, PASSWORD, ROLE } from "../bed.ts";
import { startDaemon } from "./daemon.ts";
import type { Legs, Peer, PerLogin } from "./peer.ts";

/** More than the widest measurement opens, so that nobody waits for a server session. */
const POOL_SIZE = 1_100;

/**
 * PgBouncer in session mode: the version in Debian 12 (1.18) has no prepared statements in transaction mode. Clients
 * prove the password by SCRAM against the stored secret, which also logs PgBouncer in at PostgreSQL.
 */
export const pgbouncer: Peer = peer("pgbouncer", [], {
  tls: "client to PgBouncer",
  client: "SCRAM-SHA-256 against the stored secret",
  server: "a session that an earlier client left, after DISCARD ALL",
});

/** The same, but a server session serves one client only: what a login costs without reuse. */
export const pgbouncerFresh: Peer = peer("pgbouncer-fresh", ["server_lifetime = 0"], {
  tls: "client to PgBouncer, PgBouncer to PostgreSQL",
  client: "SCRAM-SHA-256 against the stored secret",
  server: "new backend, SCRAM-SHA-256 with the client's own keys",
});

function peer(name: string, settings: readonly string[], perLogin: PerLogin): Peer {
  return {
    name,
    perLogin,
    legs: ["tls", "plain"],
    missing: () => (findProgram("pgbouncer") ? undefined : "apt-get install pgbouncer"),
    start: async (bed, legs) => {
      const { workspace } = bed;
      const directory = workspace.directoryFor(name);
      const port = await quietPort();
      const users = workspace.write(directory, "users", `"${ROLE}" "${bed.scramSecret}"\n`);
      const ini = [...configuration(bed, legs, port), `auth_file = ${users}`, ...settings];
      const file = workspace.write(directory, "pgbouncer.ini", `${ini.join("\n")}\n`);
      return startDaemon(bed, legs, {
        file: findProgram("pgbouncer") ?? "pgbouncer",
        args: ["-q", file], // the log file would get every line twice otherwise
        account: workspace.account, // it refuses to be root
        directory,
        port,
        login: { user: ROLE, password: PASSWORD },
      });
    },
  };
}

function configuration(bed: Bed, legs: Legs, port: number): readonly string[] {
  return [
    "[databases]",
    `${DATABASE} = host=127.0.0.1 port=${bed.postgres.port}`,
    "[pgbouncer]",
    "listen_addr = 127.0.0.1",
    `listen_port = ${port}`,
    "unix_socket_dir =",
    "auth_type = scram-sha-256",
    "pool_mode = session",
    `default_pool_size = ${POOL_SIZE}`,
    "max_client_conn = 3000",
    "ignore_startup_parameters = extra_float_digits",
    ...(legs === "tls" ? tls(bed) : []),
  ];
}

/** PgBouncer compares the certificate with the configured host, an address that the certificate names. */
function tls(bed: Bed): readonly string[] {
  return [
    "client_tls_sslmode = require",
    `client_tls_cert_file = ${bed.certFile}`,
    `client_tls_key_file = ${bed.keyFile}`,
    "server_tls_sslmode = verify-full",
    `server_tls_ca_file = ${bed.caFile}`,
  ];
}
