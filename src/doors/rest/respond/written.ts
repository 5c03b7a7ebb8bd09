/** The answers to writes ("Insert", "Update", "Upsert" and "Delete" in PostgREST's documentation). */
import type { HeaderField } from "../errors.ts";
import type { Reply } from "../http/exchange.ts";
import type { Negotiated } from "../plan/representation.ts";
import type { MainRow } from "../plan/types.ts";
import type { Action, ApiRequest } from "../request/types.ts";
import { contentRange } from "./content-range.ts";
import { contentFields } from "./content-type.ts";
import { overridden } from "./overrides.ts";
import { preferenceApplied } from "./preference-applied.ts";

export type WriteAction = Extract<Action, { kind: "insert" | "upsert" | "update" | "delete" }>;

interface Written {
  readonly request: ApiRequest;
  readonly action: WriteAction;
  readonly negotiated: Negotiated;
  /** Whether there was something that rows could be duplicates by. */
  readonly conflicts: boolean;
  readonly row: MainRow;
}

const EMPTY = Buffer.alloc(0);

/** @throws RestError PGRST111, PGRST112 */
export function writtenReply(written: Written): Reply {
  const { request, action, negotiated, conflicts, row } = written;
  const returned = request.preferences.return === "representation";
  const headers: HeaderField[] = [
    ...locationField(action, row),
    ...rangeField(action, row),
    ...preferenceApplied(action.kind, request.preferences, conflicts),
    ...(returned ? contentFields(request, negotiated.mediaType) : []),
  ];
  const status = returned || action.kind === "insert" ? doneStatus(written) : 204;
  return overridden({ status, headers, body: bodyOf(status, returned, row), ownsBody: true }, row);
}

/** 204 has no body at all, 201 without one has an empty one (RFC 9110 §15.3). */
function bodyOf(status: number, returned: boolean, { body }: MainRow): Buffer | undefined {
  if (status === 204) return undefined;
  return returned ? body : EMPTY;
}

/** 201 says that something is there that was not; an upsert may only have changed what was. */
function doneStatus({ request, action, row }: Written): number {
  const inserted = row.inserted ?? 0;
  switch (action.kind) {
    case "insert":
      return request.preferences.resolution === "merge-duplicates" && inserted === 0 ? 200 : 201;
    case "upsert":
      return inserted > 0 ? 201 : 200;
    case "update":
    case "delete":
      return 200;
    default:
      return action satisfies never;
  }
}

/** Which rows were updated has numbers; what was inserted or deleted is no part of anything. */
function rangeField({ kind }: WriteAction, { pageTotal, totalCount }: MainRow): HeaderField[] {
  if (kind === "upsert") return [];
  return [["Content-Range", contentRange(0, kind === "update" ? pageTotal : 0, totalCount)]];
}

/** Where the new row is: the filters that name it by its key. */
function locationField({ kind, relation }: WriteAction, { location }: MainRow): HeaderField[] {
  if (kind !== "insert" || location === null) return [];
  const key: unknown = JSON.parse(location);
  if (typeof key !== "object" || key === null) return [];
  const filters = Object.entries(key).map(([name, value]: [string, unknown]) => {
    const condition = typeof value === "string" ? `eq.${encodeURIComponent(value)}` : "is.null";
    return `${encodeURIComponent(name)}=${condition}`;
  });
  return [["Location", `/${encodeURIComponent(relation)}?${filters.join("&")}`]];
}
