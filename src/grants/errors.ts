import type { ErrorSpec } from "../base/error.ts";

export type GrantsErrorCode =
  | "grants/not-offered"
  | "grants/duration"
  | "grants/reason"
  | "grants/already"
  | "grants/too-many"
  | "grants/not-found"
  | "grants/own-request"
  | "grants/not-permitted"
  | "grants/requester-disabled"
  | "grants/answered"
  | "grants/state"
  | "grants/late"
  | "grants/changed"
  | "grants/not-active"
  | "grants/used-up"
  | "grants/unavailable";

const refused = (http: number, publicMessage: string): ErrorSpec => ({
  sqlstate: "28000",
  http,
  publicMessage,
});

export const grantsErrors: Readonly<Record<GrantsErrorCode, ErrorSpec>> = {
  "grants/not-offered": refused(404, "nothing of this name is offered to you"),
  "grants/duration": refused(422, "the time asked for is not one that the offer allows"),
  "grants/reason": refused(422, "a reason is needed, in one line"),
  "grants/already": refused(409, "you have this access or have asked for it already"),
  "grants/too-many": refused(429, "you have too many open requests; withdraw one first"),
  "grants/not-found": refused(404, "there is no such access request"),
  "grants/own-request": refused(403, "nobody answers their own request"),
  "grants/not-permitted": refused(403, "you may not do this with the request"),
  "grants/requester-disabled": refused(409, "whoever asked is disabled; enable them first, or deny it"),
  "grants/answered": refused(409, "you have approved this request already"),
  "grants/state": refused(409, "the request is past the point where this could be done"),
  "grants/late": refused(409, "the request was not answered in time; it has to be made again"),
  "grants/changed": refused(409, "what was asked for is not what is offered any more; ask again"),
  "grants/not-active": refused(403, "the grant has ended"),
  "grants/used-up": refused(403, "the grant has been used as often as it may be"),
  "grants/unavailable": {
    sqlstate: "08006",
    http: 503,
    publicMessage: "access requests cannot be looked up at the moment; try again shortly",
  },
};
