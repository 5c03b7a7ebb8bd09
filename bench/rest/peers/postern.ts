import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { quietPort } from "../../support/ports.ts";
import type { Case } from "../cases.ts";
import { ANONYMOUS, DATABASE, LOGIN, SCHEMA } from "../data.ts";
import { type RunningHttpPeer, startHttpPeer } from "./http-peer.ts";
import type { Bench, Peer } from "./peer.ts";

const ROOT = resolve(import.meta.dirname, "../../..");
const LAUNCHER = `${ROOT}/bin/postern`;
/** Each worker's; PostGraphile's is as large. */
export const POOL = 10;

export type Runtime = "node" | "bun";

export interface Postern extends Omit<Peer, "start"> {
  /** @param env more variables, or others than usual */
  start(bench: Bench, cases: readonly Case[], env?: NodeJS.ProcessEnv): Promise<RunningHttpPeer>;
}

/** Postern as a user of PostgREST starts it: `bin/postern rest` with PGRST_* variables. */
export function postern(runtime: Runtime, workers: number): Postern {
  const name = `postern-${runtime}${workers === 1 ? "" : `-x${workers}`}`;
  return {
    name,
    missing: () => (existsSync(`${ROOT}/node_modules/${runtime}`) ? undefined : "npm ci"),
    start: async (bench, cases, env = {}) => {
      const { bed } = bench;
      const port = await quietPort();
      return startHttpPeer(bench, cases, {
        api: "rest",
        file: LAUNCHER,
        args: ["rest"],
        env: {
          POSTERN_RUNTIME: runtime,
          POSTERN__DOORS__REST__WORKERS: String(workers),
          PGRST_DB_URI: databaseUri(bench),
          PGRST_DB_SCHEMAS: SCHEMA,
          PGRST_DB_ANON_ROLE: ANONYMOUS,
          PGRST_DB_POOL: String(POOL),
          PGRST_JWT_SECRET: JSON.stringify({ keys: [bed.issuer.jwk] }),
          ...(cases.some(({ who }) => who === "distinct tokens") ? { PGRST_JWT_CACHE_MAX_ENTRIES: "0" } : {}),
          PGRST_SERVER_HOST: "127.0.0.1",
          PGRST_SERVER_PORT: String(port),
          PGRST_LOG_LEVEL: "error",
          ...env,
        },
        directory: bed.workspace.directoryFor(name),
        port,
      });
    },
  };
}

/** Where gateways log in, without TLS: that is the wire's benchmark. */
export function databaseUri({ bed }: Bench): string {
  const password = encodeURIComponent(LOGIN.password);
  return `postgres://${LOGIN.user}:${password}@127.0.0.1:${bed.postgres.port}/${DATABASE}?sslmode=disable`;
}
