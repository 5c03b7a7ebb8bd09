/** Access requests and grants, for operators. What somebody may do with one, the grants decide by the policy of the moment. */
import type { Grants, GrantsOutcome } from "../grants/grants.ts";
import type { AccessRequest, Actor } from "../grants/request.ts";
import type { Ask } from "../grants/submission.ts";
import type { RequestFilter } from "../grants/table.ts";
import { Refused, refused } from "./denied.ts";
import type { Operator } from "./operator.ts";
import { mustBeRecorded, type Recorded } from "./recording.ts";

export class RequestDesk {
  readonly #grants: Grants | undefined;
  readonly #recorded: Recorded;

  /** @param grants none where there is no store */
  constructor(grants: Grants | undefined, recorded: Recorded) {
    this.#grants = grants;
    this.#recorded = recorded;
  }

  /** What the operator could ask for. @throws Refused */
  offered(operator: Operator) {
    return this.#kept().offered(actorOf(operator));
  }

  /** @throws Refused */
  async request(operator: Operator, ask: Ask): Promise<AccessRequest> {
    return this.#acted(this.#kept().request(actorOf(operator), ask));
  }

  /** Asks for a grant to go on. @throws Refused */
  async extend(
    operator: Operator,
    id: string,
    ask: Pick<Ask, "duration" | "reason">,
  ): Promise<AccessRequest> {
    return this.#acted(this.#kept().extend(actorOf(operator), id, ask));
  }

  /** @param seen the digest of the request as the approver was shown it @throws Refused */
  async approve(
    operator: Operator,
    id: string,
    how: { readonly seen?: string | undefined; readonly note?: string | undefined },
  ): Promise<AccessRequest> {
    return this.#acted(this.#kept().approve(actorOf(operator), id, how));
  }

  /** @throws Refused */
  async deny(operator: Operator, id: string, note: string | undefined): Promise<AccessRequest> {
    return this.#acted(this.#kept().deny(actorOf(operator), id, note));
  }

  /** @throws Refused */
  async withdraw(operator: Operator, id: string, note: string | undefined): Promise<AccessRequest> {
    return this.#acted(this.#kept().withdraw(actorOf(operator), id, note));
  }

  /** Ends a grant and the sessions that rest on it. @throws Refused */
  async revoke(
    operator: Operator,
    id: string,
    how: { readonly note?: string | undefined; readonly emergency?: boolean },
  ): Promise<AccessRequest> {
    return this.#acted(this.#kept().revoke(actorOf(operator), id, how));
  }

  /** @throws Refused */
  async review(operator: Operator, id: string, note: string): Promise<AccessRequest> {
    return this.#acted(this.#kept().review(actorOf(operator), id, note));
  }

  /** @throws Refused */
  async get(operator: Operator, id: string): Promise<AccessRequest> {
    return done(await this.#kept().get(actorOf(operator), id));
  }

  /** The requests that concern the operator, newest first. @throws Refused */
  async list(operator: Operator, filter: RequestFilter): Promise<readonly AccessRequest[]> {
    const listed = await this.#kept().list(actorOf(operator), filter);
    if (listed.kind === "refused") throw new Refused(listed);
    return listed.requests;
  }

  async #acted(acting: Promise<GrantsOutcome>): Promise<AccessRequest> {
    const request = done(await acting);
    await mustBeRecorded(this.#recorded);
    return request;
  }

  #kept(): Grants {
    if (this.#grants === undefined) throw refused("access/no-store", "access requests are kept in the store");
    return this.#grants;
  }
}

/** The operator as requests know people. */
function actorOf({ identity, peer }: Operator): Actor {
  const { issuer, subject, username, groups } = identity;
  return { issuer, subject, username, groups, address: peer.address };
}

function done(outcome: GrantsOutcome): AccessRequest {
  if (outcome.kind === "refused") throw new Refused(outcome);
  return outcome.request;
}
