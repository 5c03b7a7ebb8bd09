/**
 * What is asked of a session's server on a connection of its own: to cancel a query, to end the server process. Both go
 * to the very address that the session is at, with no less protection, and as nobody but the session's own role.
 */
import type { ClusterConfig } from "../config/schema.ts";
import type { BackendKey } from "../protocol/backend-messages.ts";
import { cancelRequest, terminate } from "../protocol/client-messages.ts";
import { Attempt } from "./attempt.ts";
import { Channel } from "./channel.ts";
import type { OpenerParts } from "./connector.ts";
import { type LoggedIn, logIn } from "./handshake.ts";
import { type Place, targetAt } from "./target.ts";
import { openTransport } from "./transport.ts";

/** An errand does not wait longer than that for a server. */
const ERRAND_TIMEOUT_MS = 10_000;

/** Where an errand goes, and as whom. */
export interface Errand extends Place {
  readonly database: string;
  /** What the session's connection came to; the errand's must not do with less. */
  readonly mode: "plain" | "tls";
}

/** The server process of a session. */
export interface ServerProcess {
  readonly id: number;
  /** For how long it has been there at least. */
  readonly ageMs: number;
  /** The server's major version. */
  readonly version: number;
}

/** Runs the errands of one cluster's sessions. */
export class Errands {
  readonly #cluster: ClusterConfig;
  readonly #parts: OpenerParts;

  constructor(cluster: ClusterConfig, parts: OpenerParts) {
    this.#cluster = cluster;
    this.#parts = parts;
  }

  /** Sends a cancel request ("Canceling Requests in Progress"). Resolves when the server has taken it. */
  async cancel(errand: Errand, key: BackendKey): Promise<void> {
    await this.#within(async (attempt) => {
      const { wire } = await this.#connect(errand, attempt);
      // The server closes without an answer, some with a reset.
      const closed = new Promise<void>((resolve) => {
        wire.onClose = () => resolve();
      });
      wire.resume();
      wire.write(cancelRequest(key));
      await attempt.wait(closed);
    });
  }

  /**
   * Ends a server process by pg_terminate_backend, which a role may do to its own ("Server Signaling Functions") and no
   * code can catch.
   * @returns whether there was such a process
   * @throws UpstreamRefused, UpstreamError when the role cannot log in
   */
  async terminate(errand: Errand, process: ServerProcess): Promise<boolean> {
    return await this.#within(async (attempt) => {
      const session = await this.#logIn(errand, process.version, attempt);
      const [ended] = await session.lookUp(terminateQuery(process), attempt);
      session.channel.send(terminate);
      return ended === "t";
    });
  }

  async #within<T>(run: (attempt: Attempt) => Promise<T>): Promise<T> {
    const attempt = new Attempt(this.#parts.clock, ERRAND_TIMEOUT_MS, undefined);
    try {
      return await run(attempt);
    } finally {
      attempt.discard();
    }
  }

  async #connect(errand: Errand, attempt: Attempt) {
    const target = await attempt.wait(targetAt(errand, this.#cluster, this.#parts));
    return await openTransport(target, errand.mode, attempt);
  }

  async #logIn(errand: Errand, version: number, attempt: Attempt): Promise<LoggedIn> {
    const { role, database } = errand;
    const { secrets, keys } = this.#parts;
    const {
      login,
      tls: { channelBinding },
    } = this.#cluster;
    const password = secrets.passwordFor(login, role);
    const { wire, protection } = await this.#connect(errand, attempt);
    const channel = new Channel(wire);
    const startup = new Map([["user", role], ["database", database], ...settings(version)]);
    return await logIn({ channel, attempt, protection, channelBinding, role, password, keys }, startup);
  }
}

/**
 * A role may set defaults for its own logins (ALTER ROLE … SET), and so could make ours of no use: what could is set
 * here, which counts for more ("Setting Parameters").
 */
function settings(version: number): [name: string, value: string][] {
  const always: [string, string][] = [
    ["application_name", "postern"],
    ["role", "none"],
    ["search_path", "pg_catalog"],
    ["statement_timeout", "0"],
    ["lock_timeout", "0"],
  ];
  return version >= 17 ? [...always, ["transaction_timeout", "0"]] : always;
}

/**
 * Process ids are used again. One that is younger than our session is somebody else's, by the server's own clock: ours
 * was there when the session began.
 */
function terminateQuery({ id, ageMs }: ServerProcess): string {
  const age = `pg_catalog.make_interval(secs => ${(ageMs / 1000).toFixed(3)})`;
  return `SELECT pg_catalog.bool_or(pg_catalog.pg_terminate_backend(pid)) FROM pg_catalog.pg_stat_activity
WHERE pid OPERATOR(pg_catalog.=) ${Math.trunc(id)} AND usename OPERATOR(pg_catalog.=) session_user
AND backend_start OPERATOR(pg_catalog.<=) (pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-) ${age})`;
}
