import { findProgram } from "../../support/find-program.ts";
import { quietPort } from "../../support/ports.ts";
import { PASSWORD, ROLE } from "../bed.ts";
import { startDaemon } from "./daemon.ts";
import type { Peer } from "./peer.ts";

/**
 * HAProxy in TCP mode. It cannot answer PostgreSQL's SSLRequest, so TLS runs through it from client to server: it
 * moves bytes and neither encrypts nor checks anything. One thread, as the other peers.
 */
export const haproxy: Peer = {
  name: "haproxy",
  perLogin: {
    tls: "none of its own; client to PostgreSQL runs through",
    client: "nothing",
    server: "new backend, SCRAM-SHA-256-PLUS by the client",
  },
  legs: ["tls", "plain"],
  missing: () => (findProgram("haproxy") ? undefined : "apt-get install haproxy"),
  start: async (bed, legs) => {
    const directory = bed.workspace.directoryFor("haproxy");
    const port = await quietPort();
    const file = bed.workspace.write(directory, "haproxy.cfg", configuration(port, bed.postgres.port));
    return startDaemon(bed, legs, {
      file: findProgram("haproxy") ?? "haproxy",
      args: ["-db", "-f", file], // -db: stay in the foreground
      account: bed.workspace.account,
      directory,
      port,
      login: { user: ROLE, password: PASSWORD },
    });
  },
};

function configuration(port: number, serverPort: number): string {
  return `global
  nbthread 1
  maxconn 3000
defaults
  mode tcp
  timeout connect 10s
  timeout client 1h
  timeout server 1h
listen postgres
  bind 127.0.0.1:${port}
  server main 127.0.0.1:${serverPort}
`;
}
