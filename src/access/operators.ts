/** Who may operate Postern: the same proof of identity as at every door, and policy for each act. */
import type { Clock } from "../base/clock.ts";
import { messageOf } from "../base/error.ts";
import type { Observe, Peer } from "../base/event.ts";
import type { SessionId } from "../base/ids.ts";
import type { Secret } from "../base/secret.ts";
import { sameSecret } from "../base/secret.ts";
import { noTrace } from "../base/trace.ts";
import type { LimitsConfig } from "../config/schema.ts";
import { administrator } from "../identity/administrator.ts";
import type { Identity } from "../identity/identity.ts";
import type { Verifier } from "../identity/verifier.ts";
import type { Attempts } from "./attempts.ts";
import type { Denied } from "./denied.ts";
import { denied, provesNothing, tooManyFailures } from "./denied.ts";
import type { Naming } from "./naming.ts";
import type { Act, Operator } from "./operator.ts";
import { sealOperator } from "./operator.ts";
import { permits } from "./permits.ts";
import type { PolicyInForce } from "./policy-in-force.ts";
import { shutOut, type Users } from "./user-standing.ts";

interface OperatorsParts {
  readonly verifier: Verifier;
  readonly policy: PolicyInForce;
  readonly naming: Naming;
  /** None where there is no store. */
  readonly users?: Users | undefined;
  /** Whoever bears it may do everything. */
  readonly administratorToken: Secret | undefined;
  readonly attempts: Attempts;
  readonly limits: LimitsConfig;
  readonly clock: Clock;
  readonly observe: Observe;
}

export type Known = { readonly kind: "operator"; readonly operator: Operator } | Denied;

export class Operators {
  readonly #parts: OperatorsParts;

  constructor(parts: OperatorsParts) {
    this.#parts = parts;
  }

  /**
   * Finds out who bears a credential. It permits nothing yet.
   * @param id the request's id, which is also the correlation id that the client sees
   */
  async know(credential: Secret, peer: Peer, id: SessionId): Promise<Known> {
    const { attempts, observe } = this.#parts;
    const identity = await this.#identify(credential, peer);
    if (!("kind" in identity)) return { kind: "operator", operator: this.#operator(identity, peer, id) };
    if (provesNothing(identity.code)) attempts.failed(peer.address);
    observe({
      event: "login.denied.v1",
      session: id,
      door: "control",
      peer,
      subject: undefined,
      cluster: "",
      database: "",
      role: "",
      code: identity.code,
      detail: identity.detail,
    });
    return identity;
  }

  async #identify(credential: Secret, peer: Peer): Promise<Identity | Denied> {
    const { verifier, attempts, limits, administratorToken, users } = this.#parts;
    if (attempts.blocked(peer.address, limits.failedLoginsPerAddress)) return tooManyFailures(peer.address);
    if (administratorToken !== undefined && sameSecret(credential.reveal(), administratorToken))
      return administrator;
    try {
      const verified = await verifier.verify(credential, undefined, noTrace, peer.address);
      if (verified.kind === "refused") return denied(verified.code, verified.detail, undefined);
      const { identity } = verified;
      users?.sightings.seen(identity);
      const disabled = shutOut(users, identity, noTrace);
      if (disabled !== undefined) return disabled;
      // Whoever made a credential for some database roles did not mean it to approve, revoke or end anything.
      if (identity.onlyRoles !== undefined)
        return denied("access/narrow-token", `good for ${identity.onlyRoles.join(", ")} only`, identity.id);
      return identity;
    } catch (error) {
      return denied("access/unavailable", `a look-up failed: ${messageOf(error)}`, undefined);
    }
  }

  #operator(identity: Identity, peer: Peer, id: SessionId): Operator {
    const { naming, policy, clock } = this.#parts;
    const user = naming.userOf(identity);
    const { address } = peer;
    const may = (act: Act) => permits({ policy, user, act, address, now: clock.now() });
    return sealOperator({ identity, user, peer, id }, may);
  }
}
