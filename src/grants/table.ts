/** What this room asks of wherever requests are kept; src/store answers it. Its clock is the one that counts. */
import type { Notice } from "../base/notice.ts";
import type { GrantsErrorCode } from "./errors.ts";
import type { GrantEvent, State, Way } from "./machine.ts";
import type { AccessRequest, OfferName, Person } from "./request.ts";

/** Why something was not done. `detail` is for the log and for who asked: nothing in it is secret. */
export interface Refusal {
  readonly code: GrantsErrorCode;
  readonly detail: string;
}

/** What becomes of a request. A refusal can come with a change: whoever comes too late finds it lapsed. */
export interface Ruling {
  /** The request after it; the very same object when nothing changed. */
  readonly request: AccessRequest;
  /** What happened to it, if anything. */
  readonly event: GrantEvent | undefined;
  readonly refused: Refusal | undefined;
}

/** A new request, or why there is none. */
export type Submission =
  | { readonly kind: "new"; readonly request: AccessRequest }
  | ({ readonly kind: "refused" } & Refusal);

/** A decision, and what is written of it in the same transaction. */
export type Told<T> = T & { readonly notices: readonly Notice[] };

export type Consumption =
  /** `spent` when that was the last use. */
  | { readonly kind: "consumed"; readonly request: AccessRequest; readonly spent: boolean }
  /** The request as it was found, if there is one, and the store's time. */
  | { readonly kind: "refused"; readonly request: AccessRequest | undefined; readonly now: number };

export interface RequestFilter {
  readonly requester?: Pick<Person, "issuer" | "subject"> | undefined;
  readonly offer?: OfferName | undefined;
  readonly states?: readonly State[] | undefined;
  readonly way?: Way | undefined;
  /** Only those whose review is due. */
  readonly unreviewed?: boolean | undefined;
}

/** Every method rejects when it cannot be known what is, or was, written. */
export interface GrantTable {
  /**
   * Enters the request that `decide` makes of the requester's open requests and the time. Two calls for one requester
   * come one after the other. `decide` may be called again and does nothing but decide.
   */
  insert(
    requester: Pick<Person, "issuer" | "subject">,
    decide: (open: readonly AccessRequest[], now: number) => Told<Submission>,
  ): Promise<Told<Submission>>;
  /**
   * Writes what `decide` makes of a request, while nobody else can change it; undefined when there is none of this id.
   * `decide` may be called again and does nothing but decide.
   */
  update(
    id: string,
    decide: (request: AccessRequest, now: number) => Told<Ruling>,
  ): Promise<Told<Ruling> | undefined>;
  /**
   * Counts one use, if the grant is active, has not ended and has one left: one step, so that no two get the last.
   * @param tell what is written of it in the same transaction; nothing when the session was counted before
   */
  consume(
    id: string,
    session: string,
    tell: (request: AccessRequest, spent: boolean) => readonly Notice[],
  ): Promise<Consumption>;
  get(id: string): Promise<AccessRequest | undefined>;
  /** Newest first; a bounded number. */
  list(filter: RequestFilter): Promise<readonly AccessRequest[]>;
  /** All to which something can still happen, and the store's time. */
  open(): Promise<{ readonly now: number; readonly requests: readonly AccessRequest[] }>;
}
