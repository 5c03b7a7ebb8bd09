/**
 * The one pipeline: every door asks here, and nothing opens a PostgreSQL connection without the Admission that only
 * this module can make. Identity is proved, policy decides, the session is entered; each step that fails is a denial.
 */
import type { Recorder } from "../audit/ledger/ledger.ts";
import type { Clock } from "../base/clock.ts";
import type { ErrorSpec } from "../base/error.ts";
import { messageOf } from "../base/error.ts";
import type { EndReason, Observe } from "../base/event.ts";
import type { ClusterName, DatabaseName, RoleName, SessionId, SubjectId } from "../base/ids.ts";
import type { Secret } from "../base/secret.ts";
import type { Spans } from "../base/spans.ts";
import { noSpans } from "../base/spans.ts";
import type { Step, Trace } from "../base/trace.ts";
import { noTrace } from "../base/trace.ts";
import type { ClusterConfig, LimitsConfig } from "../config/schema.ts";
import { anonymous } from "../identity/anonymous.ts";
import type { IdentityErrorCode } from "../identity/errors.ts";
import { identityErrors } from "../identity/errors.ts";
import { Identity, NO_PROOF } from "../identity/identity.ts";
import { type RemoteSettings, RemoteVerifier } from "../identity/remote/remote-verifier.ts";
import type { Verified, Verifier } from "../identity/verifier.ts";
import { decide } from "../policy/decide.ts";
import type { Decision, PlacedWish, Wish } from "../policy/decision.ts";
import type { PolicyErrorCode } from "../policy/errors.ts";
import { policyErrors } from "../policy/errors.ts";
import type { Session, SessionFacts, Sessions } from "../sessions/registry.ts";
import type { Attempts } from "./attempts.ts";
import type { AccessErrorCode } from "./errors.ts";
import { accessErrors } from "./errors.ts";
import { allowed, record } from "./recording.ts";

/** What a client presents. Unverified by its type. */
export type Credential =
  | { readonly kind: "token"; readonly token: Secret }
  /** Nothing at all. Only the REST door takes it, and policy must have a role for it. */
  | { readonly kind: "anonymous" };

export type DenialCode = AccessErrorCode | IdentityErrorCode | PolicyErrorCode;

const denialSpecs: Readonly<Record<DenialCode, ErrorSpec>> = {
  ...accessErrors,
  ...identityErrors,
  ...policyErrors,
};

/** The first check that failed, and what the client may know of it. */
export interface Denied {
  readonly kind: "denied";
  readonly code: DenialCode;
  readonly spec: ErrorSpec;
  /** For the log and `explain`. */
  readonly detail: string;
}

type Admitted = { readonly kind: "admitted"; readonly admission: Admission };

export type Outcome = Admitted | Denied;

type Permit = Extract<Decision, { kind: "permit" }>;

let admitted: (identity: Identity, permit: Permit, wish: PlacedWish, session: Session) => Admission;

/** The sealed proof that a wish was permitted: the only thing that opens a connection. */
export class Admission {
  readonly #sealed = true;
  readonly identity: Identity;
  readonly cluster: ClusterConfig;
  readonly database: DatabaseName;
  readonly role: RoleName;
  readonly replication: boolean;
  /** Whether the role may be used although it is a superuser, replicates or bypasses row security. */
  readonly privileged: boolean;
  readonly session: Session;

  private constructor(identity: Identity, permit: Permit, wish: PlacedWish, session: Session) {
    this.identity = identity;
    this.cluster = wish.cluster;
    this.database = wish.database;
    this.role = permit.role;
    this.replication = wish.replication;
    this.privileged = permit.privileged;
    this.session = session;
    Object.freeze(this);
  }

  /** Whether `value` was really made here. */
  static is(value: unknown): value is Admission {
    return typeof value === "object" && value !== null && #sealed in value && value.#sealed;
  }

  static {
    admitted = (identity, permit, wish, session) => new Admission(identity, permit, wish, session);
  }
}

interface AccessParts {
  readonly verifier: Verifier;
  readonly sessions: Sessions;
  readonly attempts: Attempts;
  readonly limits: LimitsConfig;
  readonly clock: Clock;
  readonly observe: Observe;
  /** None by default. */
  readonly spans?: Spans;
  /** The ledger; none by default, and then no cluster that requires one admits anybody. */
  readonly recorder?: Recorder | undefined;
}

/** How a decision came about. */
export interface Explanation {
  readonly steps: readonly Step[];
  readonly allowed: boolean;
  /** The role that was permitted. */
  readonly role: RoleName | undefined;
  /** The code of the check that failed. */
  readonly code: DenialCode | undefined;
}

export class Access {
  readonly #parts: AccessParts;
  /** Asks the APIs of clusters in remote mode. */
  readonly #remote: RemoteVerifier;

  constructor(parts: AccessParts) {
    this.#parts = parts;
    this.#remote = new RemoteVerifier(parts.clock);
  }

  /** Calls off what is asked of APIs; whoever waits for that is denied. */
  close(): void {
    this.#remote.close();
  }

  /**
   * Decides whether the bearer of `credential` gets its wish, and enters the session when it does. Never throws: a
   * step that fails unexpectedly is a denial.
   * @param id the session's id, which is also the correlation id that the client sees
   */
  async admit(credential: Credential, wish: Wish, id: SessionId): Promise<Outcome> {
    const { attempts, observe } = this.#parts;
    const judged = await this.#judge(credential, wish, noTrace);
    const entered = judged.kind === "denied" ? judged : this.#enter(judged, id);
    const outcome = entered.kind === "denied" ? entered : await this.#record(entered);
    if (outcome.kind === "denied") {
      if (provesNothing(outcome.code)) attempts.failed(wish.peer.address);
      observe({
        event: "login.denied.v1",
        session: id,
        door: wish.door,
        peer: wish.peer,
        subject: judged.subject,
        cluster: wish.cluster?.name ?? "",
        database: wish.database,
        role: wish.role ?? "",
        code: outcome.code,
        detail: outcome.detail,
      });
      return outcome;
    }
    return outcome;
  }

  /** No record, no session, where the cluster says so. */
  async #record(outcome: Admitted): Promise<Outcome> {
    const { observe, recorder, clock } = this.#parts;
    const { cluster, session, identity } = outcome.admission;
    const event = allowed(session.facts);
    const trouble = cluster.audit === "required" ? await record(event, recorder, clock) : undefined;
    if (trouble !== undefined) {
      session.close();
      return denied("access/audit-unavailable", trouble, identity.id);
    }
    observe(event);
    return outcome;
  }

  /** The same path with its working shown; it admits nobody. */
  async explain(credential: Credential, wish: Wish): Promise<Explanation> {
    const steps: Step[] = [];
    const judged = await this.#judge(credential, wish, (step) => steps.push(step));
    return {
      steps,
      allowed: judged.kind === "permitted",
      role: judged.kind === "permitted" ? judged.permit.role : undefined,
      code: judged.kind === "denied" ? judged.code : undefined,
    };
  }

  /**
   * Whether a session that was admitted, maybe under another configuration, would be admitted now: its issuer and key
   * are still trusted, and policy still permits it as much as it has. Does not look at expiry; the session has a clock.
   */
  upholds(facts: SessionFacts, clusters: readonly ClusterConfig[]): boolean {
    const cluster = clusters.find(({ name }) => name === facts.cluster);
    if (!this.#stillTrusts(facts.proof, cluster)) return false;
    const { database, role, door, peer, basis } = facts;
    const asked = { cluster, database, peer, replication: basis.replication };
    // A REST session has the role that policy chose, and must end when policy would choose another.
    const wish: Wish = door === "rest" ? { ...asked, door, role: undefined } : { ...asked, door, role };
    const decision = decide(basis.bearer, wish, noTrace);
    return decision.kind === "permit" && decision.role === role && (decision.privileged || !basis.privileged);
  }

  #stillTrusts(proof: SessionFacts["proof"], cluster: ClusterConfig | undefined): boolean {
    if (proof === NO_PROOF) return true; // there is nothing to trust; policy alone let it in
    if (cluster?.decide.mode === "remote") return this.#remote.trusts(proof, cluster.decide);
    return this.#parts.verifier.trusts(proof) && issuersOf(cluster)?.includes(proof.issuer) !== false;
  }

  async #judge(credential: Credential, wish: Wish, trace: Trace): Promise<Judged> {
    const { attempts, spans = noSpans, limits } = this.#parts;
    // Whoever shows no credential guesses none.
    if (credential.kind === "token" && attempts.blocked(wish.peer.address, limits.failedLoginsPerAddress)) {
      return deny(
        "access/too-many-failures",
        `${wish.peer.address} failed too often in the last minute`,
        undefined,
        trace,
      );
    }
    try {
      const identity =
        credential.kind === "anonymous"
          ? nobody(wish, trace)
          : await spans.step("postern.verify", () => this.#identify(credential.token, wish, trace));
      if ("kind" in identity) return identity;
      if (!Identity.is(identity))
        throw new TypeError("the verifier returned something that is not an Identity");
      const decision = await spans.step("postern.decide", async () => decide(identity, wish, trace));
      if (decision.kind === "deny") return denied(decision.code, decision.detail, identity.id);
      return { kind: "permitted", identity, permit: decision, wish: placed(wish), subject: identity.id };
    } catch (error) {
      return deny("access/unavailable", `a look-up failed: ${messageOf(error)}`, undefined, trace);
    }
  }

  /** Who bears a token, or why that is not known. */
  async #identify(token: Secret, wish: Wish, trace: Trace): Promise<Identity | Judged> {
    const { cluster, peer } = wish;
    if (cluster?.decide.mode === "remote") return this.#askRemote(token, cluster.decide, wish, trace);
    const verified = await this.#parts.verifier.verify(token, issuersOf(cluster), trace, peer.address);
    return verified.kind === "refused" ? this.#turnAway(verified, token, wish) : verified.identity;
  }

  /** Who an API says it is. It is asked about one role, so a request that names none must have one set for it. */
  async #askRemote(
    token: Secret,
    settings: RemoteSettings,
    wish: Wish,
    trace: Trace,
  ): Promise<Identity | Judged> {
    const role = wish.role ?? settings.restRole;
    if (role === undefined) {
      const detail = "no role was asked for, and there is no restRole";
      trace({ check: "role", passed: false, saw: detail });
      return denied("policy/role", detail, undefined);
    }
    const question = { settings, role, address: wish.peer.address };
    const verified = await this.#remote.verify(token, question, trace);
    return verified.kind === "refused"
      ? denied(verified.code, verified.detail, undefined)
      : verified.identity;
  }

  /**
   * A cluster that does not trust the token's issuer must look like one that does not exist, or else whoever has a token
   * for some cluster could find out the names of others.
   */
  async #turnAway(refused: Refused, token: Secret, { cluster, peer }: Wish): Promise<Judged> {
    const byCluster = refused.code === "identity/issuer" && issuersOf(cluster) !== undefined;
    const verified = byCluster
      ? await this.#parts.verifier.verify(token, undefined, noTrace, peer.address)
      : refused;
    return verified.kind === "refused"
      ? denied(verified.code, verified.detail, undefined)
      : denied("policy/issuer", refused.detail, verified.identity.id);
  }

  #enter({ identity, permit, wish }: Permitted, id: SessionId): Outcome {
    const { sessions, limits, clock } = this.#parts;
    if (sessions.countOf(identity.id) >= limits.connectionsPerIdentity) {
      return denied(
        "access/too-many-sessions",
        `${identity.id} has ${sessions.countOf(identity.id)} sessions`,
        identity.id,
      );
    }
    const session = sessions.open({
      id,
      door: wish.door,
      peer: wish.peer,
      subject: identity.id,
      username: identity.username,
      cluster: wish.cluster.name as ClusterName, // the schema checked it
      database: wish.database,
      role: permit.role,
      rule: permit.rule,
      proof: identity.proof,
      basis: { bearer: identity, replication: wish.replication, privileged: permit.privileged },
      until: endOf(identity, permit, wish.cluster, clock.now()),
    });
    return { kind: "admitted", admission: admitted(identity, permit, wish, session) };
  }
}

interface Permitted {
  readonly kind: "permitted";
  readonly identity: Identity;
  readonly permit: Permit;
  readonly wish: PlacedWish;
  readonly subject: SubjectId;
}

type Refused = Extract<Verified, { kind: "refused" }>;

type Judged = Permitted | (Denied & { readonly subject: SubjectId | undefined });

/** Who shows no credential. A door whose clients must show one hands none on, but that is not for it to get wrong. */
function nobody(wish: Wish, trace: Trace): Identity | Judged {
  if (wish.door === "rest") {
    trace({ check: "credential", passed: true, saw: "there is none" });
    return anonymous;
  }
  trace({ check: "credential", passed: false, saw: `there is none, and door ${wish.door} needs one` });
  return denied("identity/malformed", `no credential at door ${wish.door}`, undefined);
}

/** The issuers that a cluster trusts; undefined: all, or where none is asked. */
function issuersOf(cluster: ClusterConfig | undefined): readonly string[] | undefined {
  return cluster?.decide.mode === "token" ? cluster.decide.issuers : undefined;
}

/** A permitted wish has a cluster: policy denies one without. */
function placed(wish: Wish): PlacedWish {
  const { cluster } = wish;
  if (cluster === undefined) throw new TypeError("policy permitted a wish without a cluster");
  return { ...wish, cluster };
}

function denied(code: DenialCode, detail: string, subject: SubjectId | undefined) {
  return { kind: "denied", code, spec: denialSpecs[code], detail, subject } as const;
}

function deny(code: AccessErrorCode, detail: string, subject: SubjectId | undefined, trace: Trace) {
  trace({ check: "access", passed: false, saw: detail });
  return denied(code, detail, subject);
}

/** What keeps an identity from being proved without the client being at fault. */
const OUTAGES: ReadonlySet<DenialCode> = new Set([
  "identity/keys-unavailable",
  "identity/api-unavailable",
  "identity/api-answer",
]);

/** Whether a denial counts as a failed login: the client did not prove who it is, and not for lack of keys. */
function provesNothing(code: DenialCode): boolean {
  return code.startsWith("identity/") && !OUTAGES.has(code);
}

/** The earliest of the ends that bind the session. A session never outlives its token unless the cluster says so. */
function endOf(identity: Identity, permit: Permit, cluster: ClusterConfig, now: number) {
  const ends: { at: number; reason: EndReason }[] = [];
  if (cluster.onExpiry === "end" && identity.expiresAt !== undefined)
    ends.push({ at: identity.expiresAt, reason: "expired" });
  if (permit.until !== undefined) ends.push({ at: permit.until, reason: "expired" });
  if (cluster.maxSession !== undefined) ends.push({ at: now + cluster.maxSession, reason: "max-duration" });
  return ends.sort((a, b) => a.at - b.at)[0];
}
