/** The answer to the call of a function. */
import type { RoutineReturn } from "../catalog/types.ts";
import type { HeaderField } from "../errors.ts";
import type { Reply } from "../http/exchange.ts";
import type { Negotiated } from "../plan/representation.ts";
import type { MainRow } from "../plan/types.ts";
import type { ApiRequest } from "../request/types.ts";
import { rangeAnswer } from "./content-range.ts";
import { contentFields } from "./content-type.ts";
import { overridden } from "./overrides.ts";
import { preferenceApplied } from "./preference-applied.ts";

interface Called {
  readonly request: ApiRequest;
  readonly negotiated: Negotiated;
  readonly returns: RoutineReturn;
  readonly row: MainRow;
  readonly offset: number;
  readonly total: number | null;
}

/** @throws RestError PGRST103, PGRST111, PGRST112 */
export function calledReply({ request, negotiated, returns, row, offset, total }: Called): Reply {
  const { status, contentRange } = rangeAnswer(offset, row.pageTotal, total);
  const headers: HeaderField[] = [
    ["Content-Range", contentRange],
    ...preferenceApplied("call", request.preferences),
  ];
  if (returns.kind === "void") return overridden({ status: 204, headers, body: undefined }, row);
  headers.push(...contentFields(request, negotiated.mediaType));
  // Of a HEAD nobody made the body, so its length is not known.
  const body = request.method === "HEAD" ? undefined : row.body;
  return overridden({ status, headers, body, ownsBody: true }, row);
}
