import { PASSWORD, ROLE } from "../bed.ts";
import type { Peer } from "./peer.ts";

/** Nothing between: what PostgreSQL itself can do. */
export const direct: Peer = {
  name: "direct",
  perLogin: {
    tls: "client to PostgreSQL",
    client: "-",
    server: "new backend, SCRAM-SHA-256-PLUS by the client",
  },
  legs: ["tls", "plain"],
  missing: () => undefined,
  start: async (bed) => ({
    port: bed.postgres.port,
    login: { user: ROLE, password: PASSWORD },
    pids: [],
    [Symbol.asyncDispose]: async () => {},
  }),
};
