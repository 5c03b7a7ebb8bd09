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

/** As it is by default, with connections opened ahead, with two processes behind the port, or with every statement in the ledger. */
type Variant = "cold" | "warm" | "two-workers" | "audited";

const SUFFIX: Readonly<Record<Variant, string>> = {
  cold: "",
  warm: "-warm",
  "two-workers": "-2",
  audited: "-audited",
};

/** Postern as a user starts it: `bin/postern start` with a configuration file. */
export function postern(runtime: Runtime, variant: Variant): Peer {
  const name = `postern-${runtime}${SUFFIX[variant]}`;
  const ahead = variant === "warm" ? " (done ahead)" : "";
  return {
    name,
    perLogin: {
      tls: `client to Postern, Postern to PostgreSQL${ahead}`,
      client: "token (Ed25519), in clear text inside TLS; policy; audit line",
      server: `new backend, SCRAM-SHA-256-PLUS${ahead}`,
    },
    legs: ["tls", "plain"],
    missing: () => (existsSync(`${ROOT}/node_modules/${runtime}`) ? undefined : "npm ci"),
    start: async (bed, legs) => {
      const directory = bed.workspace.directoryFor(name);
      const port = await quietPort();
      const audit = variant === "audited" ? { audit: auditIn(directory) } : {};
      const settings = { ...configuration(bed, legs, port, variant), ...audit };
      // Not beside the log: what happens in the directory of the configuration is watched.
      const etc = bed.workspace.directoryFor(`${name}-etc`);
      // JSON is YAML (YAML 1.2, section 1.3).
      const file = bed.workspace.write(etc, "postern.yaml", JSON.stringify(settings, null, 2));
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

/** Each statement with its parameters: the most that can be asked of it. */
function auditIn(directory: string): object {
  const sink = { kind: "file", path: `${directory}/audit.jsonl` };
  return { sink, signingKey: `${directory}/audit.key`, statements: "with-parameters" };
}

function configuration(bed: Bed, legs: Legs, port: number, variant: Variant): object {
  const tls = legs === "tls";
  const workers = variant === "two-workers" ? 2 : 1;
  return {
    doors: {
      postgres: { port, workers, ...(tls ? { tls: { certFile: bed.certFile, keyFile: bed.keyFile } } : {}) },
    },
    issuers: [{ name: "bench", keys: { pem: [bed.publicPem] } }],
    clusters: [
      {
        name: "main",
        hosts: [{ host: "127.0.0.1", port: bed.postgres.port }],
        tls: tls ? { mode: "verify-full", caFile: bed.caFile } : { mode: "disable" },
        login: { method: "shared-password", password: PASSWORD },
        warmSpares: variant === "warm" ? SPARES : 0,
      },
    ],
    limits: { connectionsPerIdentity: 3000 },
  };
}
