/** The answer to a read: rows in the representation that was agreed on. */

import type { HeaderField } from "../errors.ts";
import type { Reply } from "../http/exchange.ts";
import type { Negotiated } from "../plan/representation.ts";
import type { MainRow } from "../plan/types.ts";
import type { ApiRequest } from "../request/types.ts";
import { contentLocation } from "./content-location.ts";
import { rangeAnswer } from "./content-range.ts";
import { contentFields } from "./content-type.ts";
import { overridden } from "./overrides.ts";
import { preferenceApplied } from "./preference-applied.ts";

interface Rows {
  readonly request: ApiRequest;
  readonly relation: string;
  readonly negotiated: Negotiated;
  readonly row: MainRow;
  readonly offset: number;
  readonly total: number | null;
}

/** @throws RestError PGRST103, PGRST111, PGRST112 */
export function rowsReply({ request, relation, negotiated, row, offset, total }: Rows): Reply {
  const { status, contentRange } = rangeAnswer(offset, row.pageTotal, total);
  const location = contentLocation(relation, request.query.parameters);
  const headers: HeaderField[] = [
    ["Content-Range", contentRange],
    ...(location === undefined ? [] : [["Content-Location", location] as const]),
    ...contentFields(request, negotiated.mediaType),
    ...preferenceApplied("read", request.preferences),
  ];
  // Of a HEAD nobody made the body, so its length is not known.
  const body = request.method === "HEAD" ? undefined : row.body;
  return overridden({ status, headers, body, ownsBody: true }, row);
}
