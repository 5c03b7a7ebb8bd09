/**
 * The only room that opens PostgreSQL connections: hosts, TLS, logins, spares, cancel keys. It opens one only for an
 * Admission, as the role that the Admission names, or for a pool, whose transactions need an Admission each; and it never
 * decides who may have one.
 */
import type { Admission } from "../access/admission.ts";
import type { Clock } from "../base/clock.ts";
import type { Observe } from "../base/event.ts";
import type { ClusterConfig } from "../config/schema.ts";
import type { Wire } from "../wire/wire.ts";
import { Addresses } from "./addresses.ts";
import { ClientCertificates } from "./client-certificate.ts";
import { Cluster } from "./cluster.ts";
import type { OpenerParts } from "./connector.ts";
import type { Connection } from "./pool/backend.ts";
import type { Pool, PoolSettings } from "./pool/pool.ts";
import { SessionPool } from "./pool/session-pool.ts";
import { RoleGuard } from "./role-guard.ts";
import { ScramKeyCache } from "./scram-key-cache.ts";
import { Secrets } from "./secrets.ts";
import { startupParameters } from "./startup-parameters.ts";
import { TlsContexts } from "./tls-context.ts";
import { TlsSessions } from "./tls-sessions.ts";
import { WatchedFiles } from "./watched-file.ts";

/** A parameter of the startup packet that goes to the server as it is. */
export type StartupParameters = ReadonlyMap<string, string>;

/** One server connection, logged in as the admitted role and at its first ReadyForQuery. */
export interface UpstreamSession {
  /** The connection. Nothing has been read past ReadyForQuery; it is paused. */
  readonly wire: Wire;
  /** `host:port` of the server. */
  readonly host: string;
  /** The server process's id. */
  readonly processId: number;
  /**
   * What the server sent between AuthenticationOk and ReadyForQuery, as it sent it, without BackendKeyData
   * (the door sends its own): ParameterStatus and NoticeResponse messages.
   */
  readonly greeting: Buffer;
  /** What came in behind ReadyForQuery, mostly nothing. It belongs before everything that the connection gives. */
  readonly head: Buffer;
  /** Asks the server to cancel what this session is running (PostgreSQL docs, "Canceling Requests in Progress"). */
  cancel(): Promise<void>;
  /**
   * Ends the server process for certain, whatever it is doing, and then the connection: code can catch a cancel request,
   * but not this. The connection must not be closed before, and its onClose is taken over. Never rejects.
   */
  terminate(): Promise<void>;
  /** Closes the connection at once. The server process notices when it reads or writes next. */
  close(): void;
}

export interface Upstream {
  /**
   * Opens a session for `admission`.
   * @param parameters the client's startup parameters, already stripped of `user`, `database` and all that changes
   *   who the client is
   * @param abort ends the attempt when the client goes away
   * @throws UpstreamRefused when a server answered with an ErrorResponse (its bytes go to the client unchanged)
   * @throws UpstreamError for everything else
   */
  open(admission: Admission, parameters: StartupParameters, abort: AbortSignal): Promise<UpstreamSession>;
  /**
   * A pool of sessions to a cluster of the configuration, for who runs SQL of its own as the admitted role. Nothing is
   * opened yet. It lives until it is closed.
   */
  pool(cluster: ClusterConfig, settings: PoolSettings): Pool;
  /** State of each known host, for metrics and /readyz. */
  states(): readonly { readonly cluster: string; readonly host: string; readonly up: boolean }[];
  /** Closes spares and timers; sessions stay. What is opened afterwards gets no spares. */
  close(): void;
}

interface UpstreamParts {
  readonly clusters: readonly ClusterConfig[];
  readonly clock: Clock;
  readonly observe: Observe;
  /** Where `login.environmentPrefix` looks; the process's environment by default. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Turns a host name into addresses; the operating system by default. */
  readonly resolve?: (host: string) => Promise<readonly string[]>;
}

/** Opens connections to the clusters of a configuration. */
export function createUpstream(parts: UpstreamParts): Upstream {
  return new PostgresUpstream(parts);
}

class PostgresUpstream implements Upstream {
  readonly #parts: OpenerParts;
  readonly #clusters: ReadonlyMap<ClusterConfig, Cluster>;

  constructor({ clusters, clock, observe, environment = process.env, resolve }: UpstreamParts) {
    const files = new WatchedFiles();
    this.#parts = {
      clock,
      observe,
      addresses: new Addresses(clock, resolve),
      secrets: new Secrets(files, environment),
      certificates: new ClientCertificates(files, clock),
      contexts: new TlsContexts(files),
      sessions: new TlsSessions(),
      keys: new ScramKeyCache(),
      guard: new RoleGuard(clock),
    };
    this.#clusters = new Map(clusters.map((config) => [config, new Cluster(config, this.#parts)]));
  }

  async open(
    admission: Admission,
    parameters: StartupParameters,
    abort: AbortSignal,
  ): Promise<UpstreamSession> {
    const startup = startupParameters(admission, parameters);
    const cluster = this.#clusters.get(admission.cluster);
    if (cluster === undefined) throw new TypeError("an admission to a cluster of another configuration");
    const order = { login: admission, startup, abort };
    return cluster.handOver(await cluster.open(order), order);
  }

  pool(config: ClusterConfig, settings: PoolSettings): Pool {
    const cluster = this.#clusters.get(config);
    if (cluster === undefined) throw new TypeError("a pool of a cluster of another configuration");
    const { clock, guard } = this.#parts;
    const { role, database, parameters = [] } = settings;
    const login = { role, cluster: config, replication: false, privileged: true, session: undefined };
    const startup = new Map([
      ["user", role as string],
      ["database", database],
      ["client_encoding", "UTF8"],
      ...parameters,
    ]);
    const open = async (abort: AbortSignal, wanted = config.targetSessionAttrs) => {
      const order = { login, startup, wanted, abort };
      const opened = await cluster.openNew(order);
      return poolConnection(cluster.handOver(opened, order), opened.session.parameters);
    };
    return new SessionPool({ clock, cluster: config, settings, guard, open });
  }

  states(): ReturnType<Upstream["states"]> {
    return [...this.#clusters.values()].flatMap((cluster) => cluster.states());
  }

  close(): void {
    for (const cluster of this.#clusters.values()) cluster.close();
  }
}

function poolConnection(session: UpstreamSession, parameters: Map<string, string>): Connection {
  const { wire, head, host, processId } = session;
  return { wire, head, host, processId, parameters, cancel: () => session.cancel() };
}
