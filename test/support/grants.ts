import { Grants, type Transition } from "../../src/grants/grants.ts";
import { type AccessOffer, type CurrentOffer, offerSchema } from "../../src/grants/offer.ts";
import type { Actor, OfferName, Person } from "../../src/grants/request.ts";
import type { Rights } from "../../src/grants/rights.ts";
import type { Ask } from "../../src/grants/submission.ts";
import type { GrantTable } from "../../src/grants/table.ts";
import { VirtualClock } from "./clock.ts";
import { MemoryGrants } from "./grant-table.ts";

export const MINUTE = 60_000;
export const ORDERS: OfferName = { namespace: "prod", name: "orders-rw" };

/** Somebody of issuer `corp`, who comes from 192.0.2.1. */
export function person(subject: string, ...groups: readonly string[]): Actor {
  return {
    issuer: "https://corp.test",
    subject,
    username: `${subject}@corp.test`,
    groups,
    address: "192.0.2.1",
  };
}

export const ann = person("ann", "engineers");
export const bob = person("bob", "dba");
export const cyd = person("cyd", "dba");
export const dan = person("dan", "oncall");
export const eve = person("eve");

/** An offer of `orders-rw` in `prod` to engineers, that one of the group `dba` approves. */
export function ordersOffer(spec: Readonly<Record<string, unknown>> = {}): AccessOffer {
  return offerSchema.parse({
    apiVersion: "postern.dev/v1",
    kind: "AccessOffer",
    metadata: ORDERS,
    spec: {
      role: { kind: "ClusterRole", name: "orders-rw" },
      requesters: [{ kind: "Group", name: "engineers" }],
      maxDuration: "1h",
      approvals: { by: [{ kind: "Group", name: "dba" }] },
      ...spec,
    },
  });
}

/** Requests on a clock that is turned by hand, with offers and rights that a test changes. */
export class GrantsWorld {
  readonly clock = new VirtualClock();
  readonly memory = new MemoryGrants(this.clock);
  readonly told: Transition[] = [];
  /** The offers of now. */
  current: CurrentOffer[] = [{ offer: ordersOffer(), rules: ["may write orders"] }];
  /** Brings in the offers that this node has not heard of yet. */
  late: (() => void) | undefined;
  /** Whether the offers can be read. */
  readable = true;
  /** Who has the right to `approve` `accessrequests`, and who to `delete` `grants`. */
  approvers = new Set(["bob", "cyd"]);
  enders = new Set<string>();
  disabled = new Set<string>();
  readonly rights: Rights = {
    may: ({ subject }, verb, resource) =>
      (resource === "accessrequests" && verb === "approve" && this.approvers.has(subject)) ||
      (resource === "grants" && verb === "delete" && this.enders.has(subject)),
    isAmong: ({ subject, groups }, subjects) =>
      subjects.some(({ kind, name }) =>
        kind === "Group" ? groups.includes(name) : kind === "User" && name === subject,
      ),
    isDisabled: ({ subject }) => this.disabled.has(subject),
    userName: ({ issuer, subject }) => `${issuer}:${subject}`,
  };
  readonly offers = {
    find: ({ name, namespace }: OfferName) =>
      this.current.find(
        ({ offer: { metadata } }) => metadata.name === name && metadata.namespace === namespace,
      ),
    list: () => this.current,
    refresh: async () => {
      this.late?.();
      return this.readable;
    },
  };
  readonly grants: Grants;

  constructor(table?: GrantTable) {
    this.grants = this.node(table ?? this.memory);
  }

  /** Another node on the same table. */
  node(table: GrantTable = this.memory): Grants {
    const { offers, rights, clock } = this;
    return new Grants({ table, offers, rights, clock, report: (transition) => this.told.push(transition) });
  }

  offer(spec: Readonly<Record<string, unknown>>, rules: unknown = ["may write orders"]): void {
    this.current = [{ offer: ordersOffer(spec), rules }];
  }

  /** Asks for 30 minutes of `orders-rw`. Returns the request's id, or the code of the refusal. */
  async ask(
    actor: Actor | (Person & { readonly address: string }) = ann,
    ask: Partial<Ask> = {},
  ): Promise<string> {
    const outcome = await this.grants.request(actor, {
      offer: ORDERS,
      duration: 30 * MINUTE,
      reason: "ticket 4711",
      breakGlass: false,
      extends: undefined,
      ...ask,
    });
    return outcome.kind === "done" ? outcome.request.id : outcome.code;
  }

  /** The ids of grants that policy reckons with for who logs in now. */
  usable(): readonly string[] {
    return this.grants.active().usable.map(({ grantId }) => grantId);
  }

  upholding(): readonly string[] {
    return this.grants.active().upholding.map(({ grantId }) => grantId);
  }
}

/** The state that an action led to, or the code of its refusal. */
export async function stateOf(outcome: ReturnType<Grants["approve"]>): Promise<string> {
  const result = await outcome;
  return result.kind === "done" ? result.request.state : result.code;
}
