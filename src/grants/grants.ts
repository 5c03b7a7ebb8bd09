/**
 * Access requests and grants: the one way by which rights come for a while. The room decides by `rules.ts`, under the
 * store's lock and by its clock, and keeps what is granted at hand for policy. It knows no door; whoever acts has been
 * identified before. Every refusal is coded, and a store that does not answer is a refusal as well.
 */
import type { Clock } from "../base/clock.ts";
import type { ErrorSpec } from "../base/error.ts";
import { messageOf } from "../base/error.ts";
import { isLine } from "../base/line.ts";
import type { Notice } from "../base/notice.ts";
import { bindingsOf, type GrantBindings } from "./bindings.ts";
import type { GrantsErrorCode } from "./errors.ts";
import { grantsErrors } from "./errors.ts";
import { noticesOf } from "./events.ts";
import type { GrantEvent } from "./machine.ts";
import type { AccessOffer } from "./offer.ts";
import { type AccessRequest, type Actor, type Doer, idOf, isSame, newRequestId } from "./request.ts";
import type { Offers, Rights } from "./rights.ts";
import { approve, deny, isApprover, type Law, review, revoke, type Step, settle, withdraw } from "./rules.ts";
import { type Ask, MAX_TEXT, submit } from "./submission.ts";
import type { GrantTable, RequestFilter, Ruling, Told } from "./table.ts";

/** One thing that happened to a request, for the ledger, the log and whoever is called from outside. */
export interface Transition {
  readonly event: GrantEvent | "submit" | "review" | "use";
  readonly by: Doer;
  /** The username of whoever it was. */
  readonly byName?: string | undefined;
  /** The request after it. */
  readonly request: AccessRequest;
  /** Whose use it was, where it is one. */
  readonly session?: string;
  /** What was committed with it. */
  readonly notices: readonly Notice[];
}

export interface GrantsParts {
  readonly table: GrantTable;
  readonly offers: Offers;
  readonly rights: Rights;
  readonly clock: Clock;
  /** Told each transition once, by the node that made it, after it was committed. Never throws. */
  readonly report: (transition: Transition) => void;
}

/** What came of an action. */
export type GrantsOutcome = { readonly kind: "done"; readonly request: AccessRequest } | GrantsRefused;

export interface GrantsRefused {
  readonly kind: "refused";
  readonly code: GrantsErrorCode;
  readonly spec: ErrorSpec;
  readonly detail: string;
}

/** What somebody could ask for. */
export interface Offered {
  readonly offer: AccessOffer;
  readonly canRequest: boolean;
  /** It would be granted at once. */
  readonly preapproved: boolean;
  readonly canBreakGlass: boolean;
}

/** Clocks that differ by less are taken for alike: most are, and times that people see should not wobble. */
const TOLERATED_SKEW_MS = 500;

export class Grants {
  readonly #parts: GrantsParts;
  readonly #law: Law;
  #open: readonly AccessRequest[] = [];
  #skew = 0;
  #refreshes = 0;
  /** Which refresh what is known comes from. */
  #taken = 0;
  readonly #listeners = new Set<() => void>();

  constructor(parts: GrantsParts) {
    this.#parts = parts;
    this.#law = { offers: parts.offers, rights: parts.rights };
  }

  /** The offers that concern somebody. */
  offered(actor: Actor): readonly Offered[] {
    const { offers, rights } = this.#law;
    return offers.list().flatMap(({ offer }) => {
      const { spec, metadata } = offer;
      const among = (subjects: AccessOffer["spec"]["requesters"]) =>
        rights.isAmong(actor, subjects, metadata.namespace);
      const preapproved = among(spec.preapproved);
      const canRequest = preapproved || among(spec.requesters);
      const canBreakGlass = spec.breakGlass !== undefined && among(spec.breakGlass.subjects);
      return canRequest || canBreakGlass ? [{ offer, canRequest, preapproved, canBreakGlass }] : [];
    });
  }

  /** Asks for access; it begins at once where the offer says so. */
  async request(actor: Actor, ask: Ask): Promise<GrantsOutcome> {
    const { table, offers, rights } = this.#parts;
    const id = newRequestId();
    return this.#guarded(async () => {
      await this.#learnOffers();
      const by = idOf(actor);
      const byName = actor.username;
      const submission = await table.insert(actor, (open, now) => {
        const made = submit({ ask, id, actor, current: offers.find(ask.offer), rights, open, now });
        if (made.kind === "refused") return { ...made, notices: [] };
        return { ...made, notices: this.#notices({ event: "submit", by, byName, request: made.request }) };
      });
      if (submission.kind === "refused") return refused(submission.code, submission.detail);
      const { request, notices } = submission;
      return this.#done({ event: "submit", by, request, notices });
    });
  }

  /** Asks for the grant of a request to go on: a request like any other, for the same offer. */
  async extend(
    actor: Actor,
    id: string,
    { duration, reason }: Pick<Ask, "duration" | "reason">,
  ): Promise<GrantsOutcome> {
    return this.#guarded(async () => {
      const grant = await this.#parts.table.get(id);
      if (grant === undefined || !isSame(grant.requester, actor)) return refused("grants/not-found", id);
      return this.request(actor, { offer: grant.offer, duration, reason, breakGlass: false, extends: id });
    });
  }

  /**
   * Approves a request; the last approval that is needed begins the grant.
   * @param seen the digest of the request as the approver was shown it
   */
  approve(
    actor: Actor,
    id: string,
    { seen, note }: { readonly seen?: string | undefined; readonly note?: string | undefined } = {},
  ): Promise<GrantsOutcome> {
    return this.#step(actor, id, note, (step) => approve(step, this.#law, seen), true);
  }

  /** Denies a request, for good. */
  deny(actor: Actor, id: string, note?: string): Promise<GrantsOutcome> {
    return this.#step(actor, id, note, (step) => deny(step, this.#law), true);
  }

  /** Takes one's own request back before it was answered. */
  withdraw(actor: Actor, id: string, note?: string): Promise<GrantsOutcome> {
    return this.#step(actor, id, note, (step) => withdraw(step));
  }

  /** Ends a grant, and with it every session that rests on it. */
  revoke(
    actor: Actor,
    id: string,
    { note, emergency = false }: { readonly note?: string | undefined; readonly emergency?: boolean } = {},
  ): Promise<GrantsOutcome> {
    return this.#step(actor, id, note, (step) => revoke(step, this.#law, emergency));
  }

  /** Takes note that somebody else has looked at a break-glass, and what they found. */
  review(actor: Actor, id: string, note: string): Promise<GrantsOutcome> {
    return this.#step(actor, id, note, (step) => review(step, this.#law));
  }

  /** One request, as far as it concerns the actor. */
  async get(actor: Actor, id: string): Promise<GrantsOutcome> {
    return this.#guarded(async () => {
      const request = await this.#parts.table.get(id);
      if (request === undefined || !this.#concerns(actor, request)) return refused("grants/not-found", id);
      return { kind: "done", request };
    });
  }

  /** The requests that concern the actor, newest first: their own, those they may answer, and all for who may see all. */
  async list(
    actor: Actor,
    filter: RequestFilter = {},
  ): Promise<{ readonly kind: "done"; readonly requests: readonly AccessRequest[] } | GrantsRefused> {
    return this.#guarded(async () => {
      const { table } = this.#parts;
      const found = await table.list(filter);
      const others = found.filter((request) => this.#concerns(actor, request));
      // What the table shows is bounded: one's own must not be lost among those of everybody.
      const own = filter.requester === undefined ? await table.list({ ...filter, requester: actor }) : [];
      return { kind: "done", requests: merged(others, own) };
    });
  }

  /**
   * Uses a grant for a session that policy permitted by it: the last question before the session is let in, and the one
   * that two logins at once cannot both win. Asking twice for one session counts once.
   */
  async consume(id: string, session: string): Promise<GrantsOutcome> {
    return this.#guarded(async () => {
      let used: Transition | undefined;
      const outcome = await this.#parts.table.consume(id, session, (request, spent) => {
        const event = spent ? ("spend" as const) : ("use" as const);
        const step = { event, by: idOf(request.requester), request, session };
        used = { ...step, notices: this.#notices(step) };
        return used.notices;
      });
      if (outcome.kind === "consumed") {
        if (used !== undefined) this.#parts.report(used);
        if (outcome.spent) await this.refresh();
        return { kind: "done", request: outcome.request };
      }
      if (outcome.request?.state === "spent" && outcome.now < (outcome.request.grant?.until ?? 0))
        return refused("grants/used-up", `used ${outcome.request.uses} times`);
      return refused("grants/not-active", `grant ${id} is ${outcome.request?.state ?? "not there"}`);
    });
  }

  /**
   * Reads what is open anew: at start, when the store tells of a change, and every few seconds. Never rejects; what was
   * known stays when the store does not answer, and ends by the clock. Returns whether it did.
   */
  async refresh(): Promise<boolean> {
    const asked = ++this.#refreshes;
    const before = this.#parts.clock.now();
    try {
      const { now, requests } = await this.#parts.table.open();
      if (asked < this.#taken) return true; // a later look told more
      this.#taken = asked;
      // From before the question: rather a round trip too early than too late.
      const ahead = now - before;
      const skew = Math.abs(ahead) < TOLERATED_SKEW_MS ? 0 : ahead;
      if (skew === this.#skew && sameStates(requests, this.#open)) return true;
      this.#skew = skew;
      this.#open = requests;
      for (const listener of [...this.#listeners]) listener();
      return true;
    } catch {
      return false;
    }
  }

  /** The open requests as they were last read: another list after each change that may be one of rights. */
  get open(): readonly AccessRequest[] {
    return this.#open;
  }

  /**
   * Calls `listener` when another state of what is open was read, by whomever: a right may have come or gone. Returns a
   * function that ends the subscription.
   */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** What is granted, as bindings for policy, by what was last read and the offers of now. */
  active(): GrantBindings {
    return bindingsOf(this.#open, this.#law.offers, this.#law.rights, this.#skew);
  }

  /** How far the store's clock is ahead of this node's, milliseconds. */
  get skew(): number {
    return this.#skew;
  }

  /** Settles what time and changed offers have decided. Every node may: one of them does. Returns how many it was. */
  async sweep(): Promise<number> {
    const known = !this.#due().some(isChange) || (await this.#parts.offers.refresh());
    let settled = 0;
    for (const { request } of this.#due().filter((ruling) => known || !isChange(ruling))) {
      const { id } = request;
      const ruling = await this.#parts.table
        .update(id, (request, at) => {
          const ruling = settle(request, at, this.#law);
          return this.#told(ruling, dueOf(ruling));
        })
        .catch(() => undefined);
      const step = ruling && dueOf(ruling);
      if (step === undefined) continue;
      settled += 1;
      this.#parts.report({ ...step, notices: ruling?.notices ?? [] });
    }
    if (settled > 0) await this.refresh();
    return settled;
  }

  /** What time and changed offers have decided, as far as this node knows. */
  #due(): readonly Ruling[] {
    const now = this.#parts.clock.now() + this.#skew;
    const rulings = this.#open.map((request) => settle(request, now, this.#law));
    return rulings.filter(({ event }) => event !== undefined);
  }

  /** An offer that cannot be read is not one that is gone. @throws Error */
  async #learnOffers(): Promise<void> {
    if (!(await this.#parts.offers.refresh())) throw new Error("the policy cannot be read");
  }

  #concerns(actor: Actor, request: AccessRequest): boolean {
    const { name, namespace } = request.offer;
    return (
      isSame(request.requester, actor) ||
      this.#law.rights.may(actor, "get", "accessrequests", name, namespace) ||
      isApprover(actor, request, this.#law)
    );
  }

  async #step(
    actor: Actor,
    id: string,
    note: string | undefined,
    rule: (step: Step) => Ruling,
    answers = false,
  ): Promise<GrantsOutcome> {
    if (note !== undefined && !isLine(note, MAX_TEXT))
      return refused("grants/reason", "the note is not one line");
    return this.#guarded(async () => {
      if (answers) await this.#learnOffers();
      else await this.#parts.offers.refresh();
      const told = (ruling: Ruling) => this.#told(ruling, stepOf(ruling, actor));
      const ruling = await this.#parts.table.update(id, (request, now) =>
        told(rule({ request, actor, now, note })),
      );
      if (ruling === undefined) return refused("grants/not-found", id);
      const { request, refused: refusal, notices } = ruling;
      const step = stepOf(ruling, actor);
      if (step !== undefined) await this.#done({ ...step, notices });
      if (refusal === undefined) return { kind: "done", request };
      return refused(refusal.code, refusal.detail);
    });
  }

  /** Tells of a transition, and lets it count here at once: the other nodes hear of it from the store. */
  async #done(transition: Transition): Promise<GrantsOutcome> {
    this.#parts.report(transition);
    await this.refresh();
    return { kind: "done", request: transition.request };
  }

  #told(ruling: Ruling, step: ReturnType<typeof stepOf>): Told<Ruling> {
    return { ...ruling, notices: step === undefined ? [] : this.#notices(step) };
  }

  #notices(step: Omit<Transition, "notices">): readonly Notice[] {
    return noticesOf(step, this.#parts.clock.now());
  }

  async #guarded<T>(work: () => Promise<T | GrantsRefused>): Promise<T | GrantsRefused> {
    try {
      return await work();
    } catch (error) {
      return refused("grants/unavailable", messageOf(error));
    }
  }
}

/** What a ruling comes to: a step of whoever acted, or one that was due when they were refused. */
function stepOf({ request, event, refused: refusal }: Ruling, actor: Actor) {
  if (refusal === undefined)
    return { event: event ?? ("review" as const), by: idOf(actor), byName: actor.username, request };
  return dueOf({ request, event });
}

function dueOf({ request, event }: Pick<Ruling, "request" | "event">) {
  return event === undefined ? undefined : { event, by: "system" as const, request };
}

function isChange({ event }: Ruling): boolean {
  return event === "change";
}

/** Both lists as one, newest first. */
function merged(a: readonly AccessRequest[], b: readonly AccessRequest[]): readonly AccessRequest[] {
  const byId = new Map([...a, ...b].map((request) => [request.id, request]));
  return [...byId.values()].sort((one, other) => other.createdAt - one.createdAt);
}

/** Whether two readings have the same rights in them. */
function sameStates(a: readonly AccessRequest[], b: readonly AccessRequest[]): boolean {
  return a.length === b.length && a.every(({ id, state }, at) => id === b[at]?.id && state === b[at]?.state);
}

function refused(code: GrantsErrorCode, detail: string): GrantsRefused {
  return { kind: "refused", code, spec: grantsErrors[code], detail };
}
