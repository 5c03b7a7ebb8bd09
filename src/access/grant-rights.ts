import type { Clock } from "../base/clock.ts";
import type { OfferSubjects } from "../grants/offer.ts";
import type { Actor, Person } from "../grants/request.ts";
import type { Offers, Rights } from "../grants/rights.ts";
import type { DisabledUsers } from "../identity/users/disabled.ts";
import type { Naming } from "./naming.ts";
import { permits } from "./permits.ts";
import type { PolicyInForce } from "./policy-in-force.ts";

/** What is asked anew at each question, since a reload may replace it. */
interface Now {
  readonly policy: PolicyInForce;
  readonly naming: Naming;
}

/** What access requests ask of policy, answered by the policy in force. */
export class GrantRights implements Rights, Offers {
  readonly #now: () => Now;
  readonly #clock: Clock;
  readonly #disabled: Pick<DisabledUsers, "has">;
  readonly #refresh: () => Promise<boolean>;

  /** @param refresh reads anew what is shared with other nodes, and tells whether it is known; nothing is by default */
  constructor(
    now: () => Now,
    clock: Clock,
    disabled: Pick<DisabledUsers, "has">,
    refresh = async () => true,
  ) {
    this.#now = now;
    this.#clock = clock;
    this.#disabled = disabled;
    this.#refresh = refresh;
  }

  refresh(): Promise<boolean> {
    return this.#refresh();
  }

  may(actor: Actor | Person, verb: string, resource: string, name: string, namespace: string): boolean {
    if (this.isDisabled(actor)) return false;
    const { policy, naming } = this.#now();
    const address = "address" in actor ? actor.address : undefined;
    const act = { verb, resource, name, namespace };
    return permits({ policy, user: naming.userOf(actor), act, address, now: this.#clock.now() });
  }

  isAmong(person: Person, subjects: OfferSubjects, namespace: string): boolean {
    const { name, groups } = this.#now().naming.userOf(person);
    return subjects.some((subject) => {
      switch (subject.kind) {
        case "User":
          return subject.name === name;
        case "Group":
          return groups.includes(subject.name);
        case "ServiceAccount":
          return name === `system:serviceaccount:${subject.namespace ?? namespace}:${subject.name}`;
        default:
          return subject satisfies never;
      }
    });
  }

  isDisabled(person: Pick<Person, "issuer" | "subject">): boolean {
    return this.#disabled.has(person);
  }

  userName(person: Parameters<Rights["userName"]>[0]): string {
    return this.#now().naming.userOf({ ...person, groups: [] }).name;
  }

  find(name: Parameters<Offers["find"]>[0]) {
    return this.#now().policy.offer(name);
  }

  list() {
    return this.#now().policy.offers();
  }
}
