import type { Admission } from "../access/admit.ts";
import type { Clock } from "../base/clock.ts";
import { messageOf } from "../base/error.ts";
import type { Observe } from "../base/event.ts";
import type { ClusterConfig } from "../config/schema.ts";
import { terminate } from "../protocol/client-messages.ts";
import type { Addresses, HostPort } from "./addresses.ts";
import { Attempt } from "./attempt.ts";
import { Channel } from "./channel.ts";
import type { ClientCertificates } from "./client-certificate.ts";
import { UpstreamError, UpstreamRefused } from "./errors.ts";
import { type LoggedIn, logIn } from "./handshake.ts";
import { type Hosts, hostName } from "./hosts.ts";
import type { RoleGuard } from "./role-guard.ts";
import type { ScramKeyCache } from "./scram-key-cache.ts";
import type { Secrets } from "./secrets.ts";
import { serverKind, suits, type TargetSessionAttributes } from "./session-attributes.ts";
import type { Address } from "./socket.ts";
import type { TlsContexts } from "./tls-context.ts";
import type { TlsSessions } from "./tls-sessions.ts";
import { openTransport, type Target, type TransportMode, transportModes } from "./transport.ts";

/** One connection that an admission asks for. */
export interface Order {
  readonly admission: Admission;
  /** The whole startup packet. */
  readonly startup: ReadonlyMap<string, string>;
  readonly abort: AbortSignal | undefined;
}

/** A connection that was opened for an order and has not been used. */
export interface Opened {
  readonly session: LoggedIn;
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

/** Opens connections to one cluster, at the first host that answers and is of the wanted kind. */
export class Opener {
  readonly #parts: OpenerParts;
  readonly #cluster: ClusterConfig;
  readonly #hosts: Hosts;

  constructor(cluster: ClusterConfig, hosts: Hosts, parts: OpenerParts) {
    this.#cluster = cluster;
    this.#hosts = hosts;
    this.#parts = parts;
  }

  /** @throws UpstreamRefused, UpstreamError */
  async open(order: Order): Promise<Opened> {
    const wanted = this.#cluster.targetSessionAttrs;
    const tried = new Tried();
    const opened =
      (await this.#openAny(order, wanted, tried)) ??
      (wanted === "prefer-standby" ? await this.#openAny(order, "any", tried) : undefined);
    if (opened !== undefined) return opened;
    throw tried.outcome(wanted);
  }

  async #openAny(order: Order, wanted: TargetSessionAttributes, tried: Tried): Promise<Opened | undefined> {
    for (const host of this.#hosts.order()) {
      if (tried.failed(host)) continue;
      const opened = await this.#openAt(host, order, wanted, tried);
      if (opened !== undefined) return opened;
    }
    return undefined;
  }

  /** Tries each address of a host. */
  async #openAt(
    host: HostPort,
    order: Order,
    wanted: TargetSessionAttributes,
    tried: Tried,
  ): Promise<Opened | undefined> {
    try {
      for (const address of await this.#resolve(host, order)) {
        const opened = await this.#openAddress(host, address, order, wanted);
        if (opened instanceof Error) tried.failure(host, opened);
        else if (opened === "unsuitable") tried.unsuitable(host);
        else return opened;
      }
    } catch (error) {
      this.#report(host, order, error);
      if (!mayTryNext(error)) throw error;
      tried.failure(host, error);
    }
    if (tried.gone(host)) this.#hosts.failed(host);
    return undefined;
  }

  /** The addresses of a host. A resolver that hangs is not waited for longer than a server that does. */
  async #resolve(host: HostPort, { abort }: Order): Promise<readonly Address[]> {
    const attempt = new Attempt(this.#parts.clock, this.#cluster.connectTimeout, abort);
    try {
      return await attempt.wait(this.#parts.addresses.of(host));
    } finally {
      attempt.finish();
    }
  }

  #report(host: HostPort, { admission }: Order, error: unknown): void {
    const code = error instanceof UpstreamError ? error.code : "upstream/refused";
    if (code === "upstream/aborted") return; // nothing of the server's
    const { id, cluster } = admission.session.facts;
    const detail = messageOf(error);
    this.#parts.observe({
      event: "upstream.failed.v1",
      session: id,
      cluster,
      host: hostName(host),
      code,
      detail,
    });
  }

  /** @returns the error, when another address may do better */
  async #openAddress(
    host: HostPort,
    address: Address,
    order: Order,
    wanted: TargetSessionAttributes,
  ): Promise<Opened | "unsuitable" | Error> {
    try {
      return await this.#openModes(host, address, order, wanted);
    } catch (error) {
      if (isUnavailable(error)) this.#parts.addresses.failed(host, address);
      if (!(error instanceof Error) || !mayTryNext(error)) throw error;
      this.#report(host, order, error);
      return error;
    }
  }

  async #openModes(
    host: HostPort,
    address: Address,
    order: Order,
    wanted: TargetSessionAttributes,
  ): Promise<Opened | "unsuitable"> {
    const target = await this.#target(host, address, order.admission);
    const [first = "plain", second] = transportModes(target);
    try {
      return await this.#openMode({ target, mode: first, host }, order, wanted);
    } catch (error) {
      if (second === undefined || !mayTryPlain(error)) throw error;
      return await this.#openMode({ target, mode: second, host }, order, wanted);
    }
  }

  async #openMode(
    at: Omit<Opened, "session">,
    order: Order,
    wanted: TargetSessionAttributes,
  ): Promise<Opened | "unsuitable"> {
    const { clock, guard } = this.#parts;
    const attempt = new Attempt(clock, this.#cluster.connectTimeout, order.abort);
    try {
      const session = await this.#logIn(at, order, attempt);
      const kind =
        this.#cluster.targetSessionAttrs === "any" ? undefined : await serverKind(session, attempt);
      this.#hosts.answered(at.host, kind);
      if (kind !== undefined && !suits[wanted](kind)) {
        session.channel.send(terminate);
        attempt.discard();
        return "unsuitable";
      }
      await guard.check(order, session, attempt);
      attempt.finish();
      return { ...at, session };
    } catch (error) {
      attempt.discard();
      throw error;
    }
  }

  async #logIn({ target, mode }: Omit<Opened, "session">, order: Order, attempt: Attempt): Promise<LoggedIn> {
    const { secrets, keys } = this.#parts;
    const { role } = order.admission;
    const password = secrets.passwordFor(this.#cluster.login, role);
    const { socket, protection } = await openTransport(target, mode, attempt);
    const { channelBinding } = target.tls;
    const channel = new Channel(socket);
    return await logIn({ channel, attempt, protection, channelBinding, role, password, keys }, order.startup);
  }

  async #target({ host }: HostPort, address: Address, { role }: Admission): Promise<Target> {
    const { login, tls, name } = this.#cluster;
    const { certificates, contexts, sessions } = this.#parts;
    const certificate = login.method === "certificate" ? await certificates.get(login, role) : undefined;
    const owner = JSON.stringify([name, certificate === undefined ? null : role]);
    return {
      address,
      host,
      tls,
      sessions,
      sessionKey: JSON.stringify([owner, host, address, tls]),
      context: () => contexts.get(owner, tls, certificate),
    };
  }
}

/** What became of the hosts that one login tried. */
class Tried {
  readonly #failures = new Map<HostPort, unknown>();
  readonly #unsuitable = new Set<HostPort>();

  failure(host: HostPort, error: unknown): void {
    this.#failures.set(host, error);
  }

  unsuitable(host: HostPort): void {
    this.#unsuitable.add(host);
  }

  /** Whether it makes no sense to try the host again in the same login. */
  failed(host: HostPort): boolean {
    return this.#failures.has(host) && !this.#unsuitable.has(host);
  }

  /** Whether no address of the host answered. */
  gone(host: HostPort): boolean {
    return this.failed(host) && isUnavailable(this.#failures.get(host));
  }

  /** The error for a login that found no host. */
  outcome(wanted: TargetSessionAttributes): unknown {
    const last = [...this.#failures.values()].at(-1);
    if (this.#unsuitable.size === 0 && last !== undefined) return last;
    const names = [...this.#unsuitable].map(hostName).join(", ");
    const detail = `no host is ${wanted}: ${names} are not, ${this.#failures.size} did not answer`;
    return new UpstreamError("upstream/no-suitable-host", detail, { cause: last });
  }
}

/** "Class 57 — Operator Intervention": the server is shutting down, starting or recovering. */
function isShuttingDown(error: unknown): boolean {
  return error instanceof UpstreamRefused && /^57P0[123]$/.test(error.sqlstate);
}

function isUnavailable(error: unknown): boolean {
  if (isShuttingDown(error)) return true;
  return (
    error instanceof UpstreamError &&
    (error.code === "upstream/unreachable" || error.code === "upstream/timeout")
  );
}

/** Another host would answer the same to a wrong password, and a client that went away needs no host. */
function mayTryNext(error: unknown): boolean {
  if (isUnavailable(error)) return true;
  return (
    error instanceof UpstreamError && (error.code === "upstream/tls" || error.code === "upstream/protocol")
  );
}

/** libpq's `prefer`: without TLS when TLS does not work, or pg_hba.conf has no line for it (28000). */
function mayTryPlain(error: unknown): boolean {
  if (error instanceof UpstreamRefused) return error.sqlstate === "28000";
  return error instanceof UpstreamError && error.code === "upstream/tls";
}
