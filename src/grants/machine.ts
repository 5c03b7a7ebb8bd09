/**
 * The states of an access request and of the grant that it becomes, and the only ways between them.
 *
 *     submitted ─▶ pending ──approve──▶ pending          one of the approvals asked for, but not the last
 *                     │
 *                     ├──suffice──▶ active ──spend──▶ spent      no new session; those that run may go on
 *                     │                │                │
 *                     │                └───────┬────────┘
 *                     │            expire, revoke, cut, change
 *                     │                        ▼
 *                     │                      ended
 *                     ├──deny─────▶ denied
 *                     ├──withdraw─▶ withdrawn
 *                     ├──lapse────▶ unanswered
 *                     └──change───▶ void                 what was offered is not what was asked for any more
 *
 *     preapproved, break-glass ─▶ active                 the offer says so of these people
 *
 * Nothing leads out of denied, withdrawn, unanswered, void and ended, and nothing but `suffice` from pending to active.
 */

export const STATES = [
  "pending",
  "active",
  "spent",
  "denied",
  "withdrawn",
  "unanswered",
  "void",
  "ended",
] as const;
export type State = (typeof STATES)[number];

export const EVENTS = [
  "approve",
  "suffice",
  "deny",
  "withdraw",
  "lapse",
  "change",
  "spend",
  "expire",
  "revoke",
  "cut",
] as const;
/** What happens to a request. `cut` is a revocation in an emergency; `change` is that of its offer. */
export type GrantEvent = (typeof EVENTS)[number];

/** How a request came to be let in: by as many people as its offer wants, or by the offer itself. */
export type Way = "approvals" | "preapproved" | "break-glass";

/** Where each way begins. */
export const START: Readonly<Record<Way, State>> = {
  approvals: "pending",
  preapproved: "active",
  "break-glass": "active",
};

/** A cell without a state is an event that cannot happen there: it is refused, and changes nothing. */
type Row = Readonly<Record<GrantEvent, State | undefined>>;

const NOTHING: Row = {
  approve: undefined,
  suffice: undefined,
  deny: undefined,
  withdraw: undefined,
  lapse: undefined,
  change: undefined,
  spend: undefined,
  expire: undefined,
  revoke: undefined,
  cut: undefined,
};

const RUNNING: Row = { ...NOTHING, expire: "ended", revoke: "ended", cut: "ended", change: "ended" };

export const TRANSITIONS: Readonly<Record<State, Row>> = {
  pending: {
    ...NOTHING,
    approve: "pending",
    suffice: "active",
    deny: "denied",
    withdraw: "withdrawn",
    lapse: "unanswered",
    change: "void",
  },
  active: { ...RUNNING, spend: "spent" },
  spent: RUNNING,
  denied: NOTHING,
  withdrawn: NOTHING,
  unanswered: NOTHING,
  void: NOTHING,
  ended: NOTHING,
};

/** Where an event leads; undefined when it cannot happen in this state. */
export function next(state: State, event: GrantEvent): State | undefined {
  return TRANSITIONS[state][event];
}

/** Whether something can still happen to a request. */
export function isOpen(state: State): boolean {
  return EVENTS.some((event) => TRANSITIONS[state][event] !== undefined);
}

/** Whether a request is a grant now: sessions may rest on it. */
export function isGrant(state: State): boolean {
  return state === "active" || state === "spent";
}
