import type { Clock } from "../base/clock.ts";
import type { Observe } from "../base/event.ts";
import type { RoleName, SessionId } from "../base/ids.ts";
import type { ClusterConfig } from "../config/schema.ts";
import { terminate } from "../protocol/client-messages.ts";
import type { Address } from "../wire/wire.ts";
import type { Addresses, HostPort } from "./addresses.ts";
import { Attempt } from "./attempt.ts";
import { Channel } from "./channel.ts";
import type { ClientCertificates } from "./client-certificate.ts";
import { type LoggedIn, logIn } from "./handshake.ts";
import type { Hosts } from "./hosts.ts";
import { type ProtocolMinor, ProtocolVersions, VersionRefused } from "./protocol-version.ts";
import type { RoleGuard } from "./role-guard.ts";
import type { ScramKeyCache } from "./scram-key-cache.ts";
import type { Secrets } from "./secrets.ts";
import { serverKind, suits, type TargetSessionAttributes } from "./session-attributes.ts";
import { targetAt } from "./target.ts";
import type { TlsContexts } from "./tls-context.ts";
import type { TlsSessions } from "./tls-sessions.ts";
import {
  openTransport,
  type Target,
  type Transport,
  type TransportMode,
  transportModes,
} from "./transport.ts";
import { mayTryPlain } from "./tried.ts";

/** Who logs in: an Admission is one; a role of the configuration, such as a pool's, is made one. */
export interface Login {
  readonly role: RoleName;
  readonly cluster: ClusterConfig;
  readonly replication: boolean;
  /** Whether the role may have rights that go beyond any grant. */
  readonly privileged: boolean;
  /** The session that the login is for; a pool's is for none in particular. */
  readonly session: { readonly facts: { readonly id: SessionId } } | undefined;
}

/** One connection that is to be opened. */
export interface Order {
  readonly login: Login;
  /** The whole startup packet. */
  readonly startup: ReadonlyMap<string, string>;
  /** The kind of server; what the cluster says by default. */
  readonly wanted?: TargetSessionAttributes;
  readonly abort: AbortSignal | undefined;
}

/** A connection that was opened for an order and has not been used. */
export interface Opened {
  readonly session: LoggedIn;
  readonly target: Target;
  /** What the connection came to. A cancel request must not do with less. */
  readonly mode: "plain" | "tls";
  readonly host: HostPort;
}

/** Where and how a connection is tried. */
interface Try {
  readonly target: Target;
  readonly mode: TransportMode;
  readonly host: HostPort;
}

/** What all clusters share. */
export interface OpenerParts {
  readonly clock: Clock;
  readonly observe: Observe;
  readonly addresses: Addresses;
  readonly secrets: Secrets;
  readonly certificates: ClientCertificates;
  readonly contexts: TlsContexts;
  readonly sessions: TlsSessions;
  readonly keys: ScramKeyCache;
  readonly guard: RoleGuard;
}

/** Logs in at one address of a cluster and looks at what is there. */
export class Connector {
  readonly #parts: OpenerParts;
  readonly #cluster: ClusterConfig;
  readonly #hosts: Hosts;
  readonly #versions = new ProtocolVersions();

  constructor(cluster: ClusterConfig, hosts: Hosts, parts: OpenerParts) {
    this.#cluster = cluster;
    this.#hosts = hosts;
    this.#parts = parts;
  }

  /**
   * Logs in at one address, with and without TLS as the configuration permits.
   * @throws UpstreamRefused, UpstreamError
   */
  async connect(
    host: HostPort,
    address: Address,
    order: Order,
    wanted: TargetSessionAttributes,
  ): Promise<Opened | "unsuitable"> {
    const { role } = order.login;
    const target = await targetAt({ host, address, role }, this.#cluster, this.#parts);
    const [first = "plain", second] = transportModes(target);
    try {
      return await this.#openMode({ target, mode: first, host }, order, wanted);
    } catch (error) {
      if (second === undefined || !mayTryPlain(error)) throw error;
      return await this.#openMode({ target, mode: second, host }, order, wanted);
    }
  }

  /** In the newest version of the protocol that the server speaks. */
  async #openMode(at: Try, order: Order, wanted: TargetSessionAttributes): Promise<Opened | "unsuitable"> {
    const { clock } = this.#parts;
    const { address } = at.target;
    const [first = 0, second] = this.#versions.toTry(address, clock.now());
    try {
      return await this.#openVersion(at, order, wanted, first);
    } catch (error) {
      if (second === undefined || !(error instanceof VersionRefused)) throw error;
      const opened = await this.#openVersion(at, order, wanted, second);
      this.#versions.refused(address, clock.now());
      return opened;
    }
  }

  async #openVersion(
    at: Try,
    order: Order,
    wanted: TargetSessionAttributes,
    minor: ProtocolMinor,
  ): Promise<Opened | "unsuitable"> {
    const { clock, guard } = this.#parts;
    const attempt = new Attempt(clock, this.#cluster.connectTimeout, order.abort);
    try {
      const transport = await openTransport(at.target, at.mode, attempt);
      const session = await this.#logIn(transport, order, attempt, minor);
      const kind =
        wanted === "any" && this.#cluster.targetSessionAttrs === "any"
          ? undefined
          : await serverKind(session, attempt);
      this.#hosts.answered(at.host, kind);
      if (kind !== undefined && !suits[wanted](kind)) {
        session.channel.send(terminate);
        attempt.discard();
        return "unsuitable";
      }
      await guard.check(order, session, attempt);
      attempt.finish();
      return { ...at, mode: transport.protection.kind === "tls" ? "tls" : "plain", session };
    } catch (error) {
      attempt.discard();
      throw error;
    }
  }

  async #logIn(
    { wire, protection }: Transport,
    { login: { role }, startup }: Order,
    attempt: Attempt,
    minor: ProtocolMinor,
  ): Promise<LoggedIn> {
    const { secrets, keys } = this.#parts;
    const { channelBinding } = this.#cluster.tls;
    const password = secrets.passwordFor(this.#cluster.login, role);
    const channel = new Channel(wire);
    const login = { channel, attempt, protection, channelBinding, role, password, keys };
    return await logIn(login, startup, minor);
  }
}
