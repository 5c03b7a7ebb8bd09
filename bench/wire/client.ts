import pg from "pg";
import { type Bed, DATABASE } from "./bed.ts";
import type { Legs, RunningPeer } from "./peers/peer.ts";

/** Opens one session through a peer and runs a query in it. */
export async function logIn(
  bed: Bed,
  legs: Legs,
  { port, login }: Pick<RunningPeer, "port" | "login">,
): Promise<pg.Client> {
  const client = new pg.Client({
    host: "127.0.0.1",
    port,
    ...login,
    database: DATABASE,
    ssl: legs === "tls" ? { ca: bed.postgres.authority.cert, servername: bed.serverName } : false,
  });
  client.on("error", () => {}); // the peer is stopped while sessions are open; every query has its own error
  await client.connect();
  await client.query("SELECT 1");
  return client;
}

/** What libpq needs to log in through a peer; nothing else of our environment reaches it. */
export function libpqEnvironment(
  bed: Bed,
  legs: Legs,
  { port, login }: Pick<RunningPeer, "port" | "login">,
): NodeJS.ProcessEnv {
  return {
    PATH: process.env["PATH"],
    LC_ALL: "C",
    PGHOST: bed.serverName,
    PGHOSTADDR: "127.0.0.1",
    PGPORT: String(port),
    PGUSER: login.user,
    PGPASSWORD: login.password,
    PGDATABASE: DATABASE,
    PGGSSENCMODE: "disable",
    PGCONNECT_TIMEOUT: "20",
    ...(legs === "tls" ? { PGSSLMODE: "verify-full", PGSSLROOTCERT: bed.caFile } : { PGSSLMODE: "disable" }),
  };
}
