/** What a write or a call may still fail of once its rows are known: then its transaction is rolled back. */
import type { RestError } from "../errors.ts";
import { maxAffectedExceeded, notSingular, putKeyMismatch } from "../refusals.ts";
import type { ApiRequest } from "../request/types.ts";
import type { Negotiated } from "./representation.ts";
import type { MainRow } from "./types.ts";

interface Asked {
  readonly request: ApiRequest;
  readonly negotiated: Pick<Negotiated, "mediaType">;
  /** A call that gives one value gives it whatever it is. */
  readonly oneValue: boolean;
}

/** Whether the rows decide about the end of the transaction. Without it the end can be sent along with the rest. */
export function dependsOnRows({ request, negotiated, oneValue }: Asked): boolean {
  const { action } = request;
  if (action.kind === "upsert" || maxAffectedOf(request) !== undefined) return true;
  return negotiated.mediaType.kind === "object" && action.kind !== "read" && !oneValue;
}

/** The error that the rows are, if they are one. */
export function faultOfRows(
  { request, negotiated, oneValue }: Asked,
  { pageTotal }: MainRow,
): RestError | undefined {
  if (request.action.kind === "upsert") return pageTotal === 1 ? undefined : putKeyMismatch();
  if (negotiated.mediaType.kind === "object" && !oneValue && pageTotal !== 1) return notSingular(pageTotal);
  const most = maxAffectedOf(request);
  return most !== undefined && pageTotal > most ? maxAffectedExceeded(pageTotal) : undefined;
}

/** It counts with strict handling only, and where rows are changed that were there before ("Max Affected"). */
function maxAffectedOf({ action, preferences }: ApiRequest): number | undefined {
  if (preferences.handling !== "strict") return undefined;
  const counts = action.kind === "update" || action.kind === "delete" || action.kind === "call";
  return counts ? preferences.maxAffected : undefined;
}
