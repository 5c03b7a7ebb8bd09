import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { quietPort } from "../../support/ports.ts";
import { type Bed, PASSWORD, ROLE } from "../bed.ts";
import { startDaemon } from "./daemon.ts";
import type { Legs, Peer } from "./peer.ts";

const ROOT = resolve(import.meta.dirname, "../../..");
const LAUNCHER = `${ROOT}/bin/postern`;

/** More than a login takes on this machine, so that a spare is there for each of the clients that are measured. */
const SPARES = 16;

export type Runtime = "node" | "bun";

/** Postern as a user starts it: `bin/postern start` with a configuration file. */
export function postern(runtime: Runtime, spares: "cold" | "warm"): Peer {
  const name = `postern-${runtime}${spares === "warm" ? "-warm" : ""}`;
  return {
    name,
    perLogin: {
      tls: `client to Postern, Postern to PostgreSQL${spares === "warm" ? " (done ahead)" : ""}`,
      client: "token (Ed25519), in clear text inside TLS; policy; audit line",
      server: `new backend, SCRAM-SHA-256-PLUS${spares === "warm" ? " (done ahead)" : ""}`,
    },
    legs: ["tls", "plain"],
    missing: () => (existsSync(`${ROOT}/node_modules/${runtime}`) ? undefined : "npm ci"),
    start: async (bed, legs) => {
      const directory = bed.workspace.directoryFor(name);
      const port = await quietPort();
      const settings = configuration(bed, legs, port, spares === "warm" ? SPARES : 0);
      // JSON is YAML (YAML 1.2, section 1.3).
      const file = bed.workspace.write(directory, "postern.yaml", JSON.stringify(settings, null, 2));
      return startDaemon(bed, legs, {
        file: LAUNCHER,
        args: ["start", "--config", file],
        env: { POSTERN_RUNTIME: runtime },
        directory,
        port,
        login: { user: ROLE, password: bed.token(ROLE) },
      });
    },
  };
}

function configuration(bed: Bed, legs: Legs, port: number, warmSpares: number): object {
  const tls = legs === "tls";
  return {
    doors: {
      postgres: { port, ...(tls ? { tls: { certFile: bed.certFile, keyFile: bed.keyFile } } : {}) },
    },
    issuers: [{ name: "bench", keys: { pem: [bed.publicPem] } }],
    clusters: [
      {
        name: "main",
        hosts: [{ host: "127.0.0.1", port: bed.postgres.port }],
        tls: tls ? { mode: "verify-full", caFile: bed.caFile } : { mode: "disable" },
        login: { method: "shared-password", password: PASSWORD },
        warmSpares,
      },
    ],
    limits: { connectionsPerIdentity: 3000 },
  };
}
