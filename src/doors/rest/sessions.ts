/**
 * The sessions of the REST door. A request lives for milliseconds, and deciding anew for each would cost more than most
 * queries, so an admission is kept between the requests that come with the same credential from the same address. It is
 * a session like any other: listed, ended at the token's expiry, ended when its right is taken away, and then every
 * request that runs on it is cut.
 */
import { hash } from "node:crypto";
import type { Admission } from "../../access/admission.ts";
import type { Access } from "../../access/admit.ts";
import type { Denied } from "../../access/denied.ts";
import type { Credential } from "../../access/identify.ts";
import type { Clock } from "../../base/clock.ts";
import type { EndReason, Observe, Peer } from "../../base/event.ts";
import type { DatabaseName, RoleName, SessionId } from "../../base/ids.ts";
import { newSessionId } from "../../base/ids.ts";
import type { ClusterConfig } from "../../config/schema.ts";
import { claimsJson } from "./transaction-settings.ts";

/** A session that no request used for this long is closed. */
const IDLE_MS = 60_000;
/** How often idle sessions are looked for. */
const SWEEP_MS = 15_000;
/** Sessions that are kept at most; the one that was used the longest ago makes room. */
const MAX_SESSIONS = 4096;

interface SessionsParts {
  readonly access: Access;
  readonly clock: Clock;
  readonly observe: Observe;
  /** The most sessions that one identity may have (`limits.connectionsPerIdentity`). */
  readonly perIdentity: number;
}

/** What a request asks for, besides the role. */
export interface Place {
  readonly cluster: ClusterConfig;
  readonly database: DatabaseName;
}

/** No session; the id is the one under which the log says why. */
export type DeniedSession = Denied & { readonly id: SessionId };

/** A request that runs, as far as its session has to know it. */
interface Abortable {
  abort(reason: unknown): void;
}

/** A kept admission, and the requests that run on it. */
export class RestSession {
  readonly admission: Admission;
  readonly startedAt: number;
  /** What transactions see as `request.jwt.claims`. */
  readonly claims: string;
  readonly #requests = new Set<Abortable>();
  usedAt: number;
  #ended: EndReason | undefined;

  constructor(admission: Admission, now: number) {
    this.admission = admission;
    this.claims = claimsJson(admission.identity.claims, admission.role);
    this.startedAt = now;
    this.usedAt = now;
  }

  get ended(): EndReason | undefined {
    return this.#ended;
  }

  /**
   * Whether requests may still begin: a timer that is late must not prolong a right. Each request shows its token anew,
   * so one that access would not take any more begins nothing, also where what runs may outlast it (`onExpiry: keep`).
   */
  isLive(now: number): boolean {
    const { identity, session } = this.admission;
    const { until } = session;
    return (
      this.#ended === undefined &&
      (until === undefined || now < until.at) &&
      (identity.takenUntil === undefined || now < identity.takenUntil)
    );
  }

  get idle(): boolean {
    return this.#requests.size === 0;
  }

  /** Enters a request, which is aborted when the session ends before it does. */
  enter(request: Abortable): void {
    if (this.#ended !== undefined) request.abort(this.#ended);
    else this.#requests.add(request);
  }

  leave(request: Abortable): void {
    this.#requests.delete(request);
  }

  /** Cuts every request that runs. */
  end(reason: EndReason): void {
    if (this.#ended !== undefined) return;
    this.#ended = reason;
    for (const request of this.#requests) request.abort(reason);
    this.#requests.clear();
  }
}

/** The sessions of one configuration of the door. */
export class RestSessions {
  readonly #parts: SessionsParts;
  /** In the order of their last use. */
  readonly #kept = new Map<string, RestSession>();
  readonly #asking = new Map<string, Promise<RestSession | DeniedSession>>();
  readonly #max: number;
  #callOff: () => void = () => {};
  #closed = false;

  constructor(parts: SessionsParts) {
    this.#parts = parts;
    // Half of what an identity may have: distinct tokens of one identity must not lock out its other doors.
    this.#max = Math.max(1, Math.min(MAX_SESSIONS, Math.floor(parts.perIdentity / 2)));
  }

  get size(): number {
    return this.#kept.size;
  }

  /**
   * The session for a credential from an address: the one that is kept, or a new one when access admits it.
   * Synchronous when it is kept.
   * @param role the one that is asked for; without it, policy chooses
   */
  get(
    credential: Credential,
    role: RoleName | undefined,
    place: Place,
    peer: Peer,
  ): RestSession | Promise<RestSession | DeniedSession> {
    const key = keyOf(credential, role, peer);
    const kept = this.#kept.get(key);
    const now = this.#parts.clock.now();
    if (kept?.isLive(now) === true) {
      this.#kept.delete(key);
      this.#kept.set(key, kept);
      kept.usedAt = now;
      return kept;
    }
    const asking = this.#asking.get(key);
    if (asking !== undefined) return asking;
    const asked = this.#ask(key, credential, { ...place, role }, peer).finally(() =>
      this.#asking.delete(key),
    );
    this.#asking.set(key, asked);
    return asked;
  }

  /** Ends every session. */
  close(reason: EndReason): void {
    this.#closed = true;
    this.#callOff();
    for (const session of [...this.#kept.values()]) session.admission.session.end(reason);
  }

  async #ask(
    key: string,
    credential: Credential,
    asked: Place & { readonly role: RoleName | undefined },
    peer: Peer,
  ): Promise<RestSession | DeniedSession> {
    const { access, clock, observe } = this.#parts;
    const id = newSessionId();
    const askedAt = clock.now();
    const wish = { ...asked, door: "rest", peer, replication: false } as const;
    const outcome = await access.admit(credential, wish, id);
    if (outcome.kind === "denied") return { ...outcome, id };
    const { admission } = outcome;
    const session = new RestSession(admission, clock.now());
    this.#kept.set(key, session);
    observe({
      event: "session.started.v1",
      session: id,
      door: "rest",
      cluster: admission.session.facts.cluster,
      backendPid: undefined,
      host: undefined,
      loginMs: session.startedAt - askedAt,
    });
    admission.session.attach((reason) => {
      session.end(reason);
      if (this.#kept.get(key) === session) this.#kept.delete(key);
      observe({
        event: "session.ended.v1",
        session: id,
        door: "rest",
        cluster: admission.session.facts.cluster,
        reason,
        bytesFromClient: 0,
        bytesToClient: 0,
        rows: undefined,
        durationMs: clock.now() - session.startedAt,
      });
      admission.session.close();
    });
    this.#makeRoom();
    if (this.#closed) admission.session.end("draining");
    else if (this.#kept.size === 1) this.#sweepLater();
    return session;
  }

  #makeRoom(): void {
    for (const session of this.#kept.values()) {
      if (this.#kept.size <= this.#max) return;
      if (session.idle) session.admission.session.end("idle");
    }
  }

  #sweepLater(): void {
    this.#callOff();
    this.#callOff = this.#parts.clock.after(SWEEP_MS, () => this.#sweep());
  }

  #sweep(): void {
    const before = this.#parts.clock.now() - IDLE_MS;
    for (const session of [...this.#kept.values()]) {
      if (session.usedAt > before) break;
      if (session.idle) session.admission.session.end("idle");
    }
    if (this.#kept.size > 0 && !this.#closed) this.#sweepLater();
  }
}

/** Of credentials that come again as the same object. */
const proofs = new WeakMap<Credential, string>();

/** The whole token takes part, and the address: an address may be a reason to say no. */
function keyOf(credential: Credential, role: RoleName | undefined, peer: Peer): string {
  let proof = proofs.get(credential);
  if (proof === undefined) {
    proof = credential.kind === "token" ? hash("sha256", credential.token.reveal(), "base64") : "";
    proofs.set(credential, proof);
  }
  return role === undefined ? `${proof} ${peer.address}` : `${proof} ${peer.address} ${role}`;
}
