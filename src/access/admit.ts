/**
 * The one pipeline: every door asks here, and nothing opens a PostgreSQL connection without the Admission that only
 * this module makes. Identity is proved, policy decides, the session is entered; each step that fails is a denial.
 */
import type { Recorder } from "../audit/ledger/ledger.ts";
import type { Clock } from "../base/clock.ts";
import { messageOf } from "../base/error.ts";
import type { Observe } from "../base/event.ts";
import type { ClusterName, RoleName, SessionId, SubjectId } from "../base/ids.ts";
import type { Spans } from "../base/spans.ts";
import { noSpans } from "../base/spans.ts";
import type { Step, Trace } from "../base/trace.ts";
import { noTrace } from "../base/trace.ts";
import type { ClusterConfig, LimitsConfig } from "../config/schema.ts";
import type { Grants } from "../grants/grants.ts";
import { Identity, NO_PROOF } from "../identity/identity.ts";
import type { Verifier } from "../identity/verifier.ts";
import { decide } from "../policy/decide.ts";
import type { Bearer, Decision, Permit, PlacedWish, Wish } from "../policy/decision.ts";
import type { Policy } from "../policy/rbac/policy.ts";
import type { SessionFacts, Sessions, Until } from "../sessions/registry.ts";
import type { Admission } from "./admission.ts";
import { sealAdmission } from "./admission.ts";
import type { Attempts } from "./attempts.ts";
import { toldBy } from "./attempts.ts";
import type { DenialCode, Denied, DeniedTo } from "./denied.ts";
import { denied, provesNothing, tooManyFailures } from "./denied.ts";
import type { AccessErrorCode } from "./errors.ts";
import type { Credential } from "./identify.ts";
import { distrust, Identification } from "./identify.ts";
import type { Naming } from "./naming.ts";
import type { PolicyInForce } from "./policy-in-force.ts";
import { allowed, record } from "./recording.ts";
import { endOf, permitsAsMuch } from "./session-terms.ts";
import { shutOut, type Users } from "./user-standing.ts";

type Admitted = { readonly kind: "admitted"; readonly admission: Admission };

export type Outcome = Admitted | Denied;

interface AccessParts {
  readonly verifier: Verifier;
  readonly policy: PolicyInForce;
  readonly naming: Naming;
  /** None where there is no store. */
  readonly users?: Users | undefined;
  /** None where there is no store. */
  readonly grants?: Pick<Grants, "consume"> | undefined;
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
  /** When the right ends by itself, milliseconds since the epoch. */
  readonly until: number | undefined;
  /** The code of the check that failed. */
  readonly code: DenialCode | undefined;
}

export class Access {
  readonly #parts: AccessParts;
  readonly #identification: Identification;

  constructor(parts: AccessParts) {
    this.#parts = parts;
    this.#identification = new Identification(parts.verifier, parts.clock);
  }

  /** Calls off what is asked of APIs; whoever waits for that is denied. */
  close(): void {
    this.#identification.close();
  }

  /**
   * Decides whether the bearer of `credential` gets its wish, and enters the session when it does. Never throws: a
   * step that fails unexpectedly is a denial.
   * @param id the session's id, which is also the correlation id that the client sees
   */
  async admit(credential: Credential, wish: Wish, id: SessionId): Promise<Outcome> {
    const { attempts, observe } = this.#parts;
    const judged = await this.#judge(credential, wish, noTrace);
    const entered = judged.kind === "denied" ? judged : await this.#use(judged, id);
    const outcome = entered.kind === "denied" ? entered : await this.#record(entered, grantsOf(judged));
    if (outcome.kind === "denied") {
      if (provesNothing(outcome.code)) attempts.failed(countedAs(wish));
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
    }
    return outcome;
  }

  /** No record, no session, where the cluster says so. */
  async #record(outcome: Admitted, grants: readonly string[]): Promise<Outcome> {
    const { observe, recorder, clock } = this.#parts;
    const { cluster, session, identity } = outcome.admission;
    const event = allowed(session.facts, grants);
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
    return explanation(steps, judged.kind === "permitted" ? judged.permit : judged);
  }

  /**
   * What is decided of somebody's wish, with its working shown, without their credential: whoever asks has to be
   * permitted to.
   */
  explainFor(bearer: Bearer, wish: Wish): Explanation {
    const steps: Step[] = [];
    const trace: Trace = (step) => steps.push(step);
    const { users, policy } = this.#parts;
    const { proof } = bearer;
    const refused =
      (proof === NO_PROOF ? undefined : distrust(wish.cluster, proof.issuer, trace)) ??
      shutOut(users, bearer, trace);
    return explanation(steps, refused ?? this.#decide(bearer, wish, trace, policy.sure));
  }

  /**
   * Whether a session that was admitted, maybe under another configuration, would be admitted now: its issuer and key
   * are still trusted, and policy still permits it as much as it has. Does not look at expiry; the session has a clock.
   */
  upholds(facts: SessionFacts, clusters: readonly ClusterConfig[]): boolean {
    const cluster = clusters.find(({ name }) => name === facts.cluster);
    if (!this.#identification.stillTrusts(facts.proof, cluster)) return false;
    if (this.#parts.users?.disabled.has(facts.basis.bearer) === true) return false;
    const { database, role, door, peer, basis } = facts;
    const same = { cluster, database, peer, replication: basis.replication };
    // A REST session may have the role that policy chose; it must end when policy would choose another.
    const wish: Wish = door === "rest" ? { ...same, door, role: basis.asked } : { ...same, door, role };
    const bearer = this.#identification.bearerNow(facts.proof, basis.bearer);
    const decision = this.#decide(bearer, wish, noTrace, this.#parts.policy.upholding);
    return permitsAsMuch(decision, facts);
  }

  async #judge(credential: Credential, wish: Wish, trace: Trace): Promise<Judged> {
    const { attempts, spans = noSpans, limits } = this.#parts;
    // Whoever shows no credential guesses none.
    if (credential.kind === "token" && attempts.blocked(countedAs(wish), limits.failedLoginsPerAddress)) {
      return traced(tooManyFailures(wish.peer.address), trace);
    }
    try {
      const identity = await spans.step("postern.verify", () =>
        this.#identification.identify(credential, wish, trace),
      );
      if ("kind" in identity) return identity;
      if (!Identity.is(identity))
        throw new TypeError("the verifier returned something that is not an Identity");
      const { policy, users } = this.#parts;
      if (trace === noTrace) users?.sightings.seen(identity);
      const disabled = shutOut(users, identity, trace);
      if (disabled !== undefined) return disabled;
      const decision = await spans.step("postern.decide", async () =>
        this.#decide(identity, wish, trace, policy.sure),
      );
      if (decision.kind === "deny") {
        const missing = wish.cluster?.decide.mode === "rbac" && !policy.isWhole;
        // Part of the policy cannot be read: that part might have said yes.
        return missing
          ? deny(
              "access/policy-unavailable",
              `the store does not answer; ${decision.detail}`,
              identity.id,
              trace,
            )
          : denied(decision.code, decision.detail, identity.id);
      }
      return { kind: "permitted", identity, permit: decision, wish: placed(wish), subject: identity.id };
    } catch (error) {
      return deny("access/unavailable", `a look-up failed: ${messageOf(error)}`, undefined, trace);
    }
  }

  #decide(bearer: Bearer, wish: Wish, trace: Trace, policy: Policy): Decision {
    const { naming, clock } = this.#parts;
    return decide(bearer, wish, trace, () => ({ policy, user: naming.userOf(bearer), now: clock.now() }));
  }

  async #use(permitted: Permitted, id: SessionId): Promise<Outcome> {
    const entered = this.#enter(permitted, id);
    if (entered.kind === "denied") return entered;
    const refused = await this.#consume(permitted, id);
    if (refused === undefined) return entered;
    entered.admission.session.close();
    return refused;
  }

  /** Uses the grants that a permit rests on. The last check: what it counts is not given back. */
  async #consume({ permit, subject }: Permitted, id: SessionId): Promise<DeniedTo | undefined> {
    for (const grant of permit.grants) {
      const outcome = await this.#parts.grants?.consume(grant, id);
      if (outcome?.kind === "done") continue;
      const code = outcome?.code ?? "grants/unavailable";
      return denied(code, outcome?.detail ?? "there is no store", subject);
    }
    return undefined;
  }

  /**
   * What the right of a session has become when its time is over: another grant may have taken its place. One that counts
   * its uses does not: that is for a login to use.
   */
  #renewed(facts: SessionFacts, { identity, wish, startedAt }: Beginning): Until | undefined | "over" {
    const { sure } = this.#parts.policy;
    const decision = this.#decide(identity, wish, noTrace, sure);
    if (!permitsAsMuch(decision, facts)) return "over";
    if (decision.grants.some((id) => sure.grants.get(id)?.maxUses !== undefined)) return "over";
    return endOf(identity, decision, wish.cluster, startedAt);
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
    const startedAt = clock.now();
    const facts: SessionFacts = {
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
      basis: {
        bearer: identity,
        asked: wish.role,
        replication: wish.replication,
        privileged: permit.privileged,
      },
      until: endOf(identity, permit, wish.cluster, startedAt),
    };
    const session = sessions.open(facts, () => this.#renewed(facts, { identity, wish, startedAt }));
    return { kind: "admitted", admission: sealAdmission({ identity, permit, wish, session }) };
  }
}

/** What the end of a session was made of, besides the permit. */
interface Beginning {
  readonly identity: Identity;
  readonly wish: PlacedWish;
  readonly startedAt: number;
}

function explanation(
  steps: readonly Step[],
  decided: Permit | { readonly kind: string; readonly code: DenialCode },
): Explanation {
  return "role" in decided
    ? { steps, allowed: true, role: decided.role, until: decided.until, code: undefined }
    : { steps, allowed: false, role: undefined, until: undefined, code: decided.code };
}

interface Permitted {
  readonly kind: "permitted";
  readonly identity: Identity;
  readonly permit: Permit;
  readonly wish: PlacedWish;
  readonly subject: SubjectId;
}

type Judged = Permitted | DeniedTo;

function grantsOf(judged: Judged): readonly string[] {
  return judged.kind === "permitted" ? judged.permit.grants : [];
}

function countedAs({ asker, peer }: Wish): string {
  return asker === undefined ? peer.address : toldBy(asker, peer.address);
}

/** A permitted wish has a cluster: policy denies one without. */
function placed(wish: Wish): PlacedWish {
  const { cluster } = wish;
  if (cluster === undefined) throw new TypeError("policy permitted a wish without a cluster");
  return { ...wish, cluster };
}

function deny(code: AccessErrorCode, detail: string, subject: SubjectId | undefined, trace: Trace) {
  return traced(denied(code, detail, subject), trace);
}

function traced(denial: DeniedTo, trace: Trace): DeniedTo {
  trace({ check: "access", passed: false, saw: denial.detail });
  return denial;
}
