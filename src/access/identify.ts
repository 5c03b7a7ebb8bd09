/** Who shows a credential: proved by the issuers, by an API, or nobody at all. */
import type { Clock } from "../base/clock.ts";
import type { Secret } from "../base/secret.ts";
import type { Trace } from "../base/trace.ts";
import { noTrace } from "../base/trace.ts";
import type { ClusterConfig } from "../config/schema.ts";
import { anonymous } from "../identity/anonymous.ts";
import type { Identity } from "../identity/identity.ts";
import { NO_PROOF } from "../identity/identity.ts";
import type { RemoteSettings } from "../identity/remote/remote-verifier.ts";
import { RemoteVerifier } from "../identity/remote/remote-verifier.ts";
import type { Verified, Verifier } from "../identity/verifier.ts";
import type { Bearer, Wish } from "../policy/decision.ts";
import type { SessionFacts } from "../sessions/registry.ts";
import type { DeniedTo } from "./denied.ts";
import { denied } from "./denied.ts";

/** What a client presents. Unverified by its type. */
export type Credential =
  | { readonly kind: "token"; readonly token: Secret }
  /** Nothing at all. Only the REST door takes it, and policy must have a role for it. */
  | { readonly kind: "anonymous" };

export class Identification {
  readonly #verifier: Verifier;
  /** Asks the APIs of clusters in remote mode. */
  readonly #remote: RemoteVerifier;

  constructor(verifier: Verifier, clock: Clock) {
    this.#verifier = verifier;
    this.#remote = new RemoteVerifier(clock);
  }

  /** Calls off what is asked of APIs; whoever waits for that is denied. */
  close(): void {
    this.#remote.close();
  }

  /** Who bears a credential, or why that is not known. */
  async identify(credential: Credential, wish: Wish, trace: Trace): Promise<Identity | DeniedTo> {
    return credential.kind === "anonymous"
      ? nobody(wish, trace)
      : this.#ofToken(credential.token, wish, trace);
  }

  /** Whether what proved an identity is still trusted to. */
  stillTrusts(proof: SessionFacts["proof"], cluster: ClusterConfig | undefined): boolean {
    if (proof === NO_PROOF) return true; // there is nothing to trust; policy alone let it in
    if (cluster?.decide.mode === "remote") return this.#remote.trusts(proof, cluster.decide);
    return this.#verifier.trusts(proof) && issuersOf(cluster)?.includes(proof.issuer) !== false;
  }

  async #ofToken(token: Secret, wish: Wish, trace: Trace): Promise<Identity | DeniedTo> {
    const { cluster, peer } = wish;
    if (cluster?.decide.mode === "remote") return this.#askRemote(token, cluster.decide, wish, trace);
    const verified = await this.#verifier.verify(token, issuersOf(cluster), trace, peer.address);
    return verified.kind === "refused" ? this.#turnAway(verified, token, wish) : verified.identity;
  }

  /** Who an API says it is. It is asked about one role, so a request that names none must have one set for it. */
  async #askRemote(
    token: Secret,
    settings: RemoteSettings,
    wish: Wish,
    trace: Trace,
  ): Promise<Identity | DeniedTo> {
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
  async #turnAway(refused: Refused, token: Secret, { cluster, peer }: Wish): Promise<DeniedTo> {
    const byCluster = refused.code === "identity/issuer" && issuersOf(cluster) !== undefined;
    const verified = byCluster
      ? await this.#verifier.verify(token, undefined, noTrace, peer.address)
      : refused;
    return verified.kind === "refused"
      ? denied(verified.code, verified.detail, undefined)
      : denied("policy/issuer", refused.detail, verified.identity.id);
  }

  /** The bearer of a session's credential as they are known now: the groups of a personal token's owner change. */
  bearerNow(proof: SessionFacts["proof"], bearer: Bearer): Bearer {
    const now = proof === NO_PROOF ? undefined : this.#verifier.bearerNow?.(proof);
    return now === undefined ? bearer : { ...bearer, username: now.username, groups: now.groups };
  }
}

type Refused = Extract<Verified, { kind: "refused" }>;

/** Who shows no credential. A door whose clients must show one hands none on, but that is not for it to get wrong. */
function nobody(wish: Wish, trace: Trace): Identity | DeniedTo {
  if (wish.door === "rest") {
    trace({ check: "credential", passed: true, saw: "there is none" });
    return anonymous;
  }
  trace({ check: "credential", passed: false, saw: `there is none, and door ${wish.door} needs one` });
  return denied("identity/malformed", `no credential at door ${wish.door}`, undefined);
}

/** Why a cluster takes nobody of an issuer; undefined: it does. @param issuer by its name in the configuration */
export function distrust(
  cluster: ClusterConfig | undefined,
  issuer: string,
  trace: Trace,
): DeniedTo | undefined {
  const trusted = issuersOf(cluster);
  if (trusted === undefined) return undefined;
  const passed = trusted.includes(issuer);
  const saw = `the cluster trusts ${trusted.join(", ")}${passed ? "" : `, and not ${issuer}`}`;
  trace({ check: "issuer", passed, saw });
  return passed ? undefined : denied("policy/issuer", saw, undefined);
}

/** The issuers that a cluster trusts; undefined: all, or where none is asked. */
function issuersOf(cluster: ClusterConfig | undefined): readonly string[] | undefined {
  return cluster === undefined || cluster.decide.mode === "remote" ? undefined : cluster.decide.issuers;
}
