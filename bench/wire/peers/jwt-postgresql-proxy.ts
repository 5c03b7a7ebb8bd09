import { resolve } from "node:path";
import { findProgram } from "../../support/find-program.ts";
import { quietPort } from "../../support/ports.ts";
import { MD5_ROLE, PASSWORD } from "../bed.ts";
import { startDaemon } from "./daemon.ts";
import type { Peer } from "./peer.ts";

/** Where `missing` says to install it. */
const ENVIRONMENT = resolve(import.meta.dirname, "../../../.postern/bench-venv");
const PROGRAM = "jwt-postgresql-proxy";

/** The Python proxy that takes the same tokens. TLS on both legs is all it speaks. */
export const jwtPostgresqlProxy: Peer = {
  name: "jwt-postgresql-proxy",
  perLogin: {
    tls: "client to proxy, proxy to PostgreSQL (certificate not verified)",
    client: "token (Ed25519), in clear text inside TLS",
    server: "new backend, MD5",
  },
  legs: ["tls"],
  missing: () =>
    find() ? undefined : `python3 -m venv ${ENVIRONMENT} && ${ENVIRONMENT}/bin/pip install ${PROGRAM}`,
  start: async (bed, legs) => {
    const port = await quietPort();
    return startDaemon(bed, legs, {
      file: find() ?? PROGRAM,
      args: [],
      env: {
        PUBLIC_KEYS__0: bed.publicPem,
        UPSTREAM__HOST: "127.0.0.1",
        UPSTREAM__PORT: String(bed.postgres.port),
        UPSTREAM__PASSWORD: PASSWORD,
        DOWNSTREAM__IP: "127.0.0.1",
        DOWNSTREAM__PORT: String(port),
        DOWNSTREAM__CERTFILE: bed.certFile,
        DOWNSTREAM__KEYFILE: bed.keyFile,
      },
      directory: bed.workspace.directoryFor(PROGRAM),
      port,
      login: { user: MD5_ROLE, password: bed.token(MD5_ROLE) },
    });
  },
};

function find(): string | undefined {
  return findProgram(PROGRAM, [`${ENVIRONMENT}/bin`]);
}
