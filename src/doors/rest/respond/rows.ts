/** The answer to a read: rows in the representation that was agreed on. */

import type { HeaderField } from "../errors.ts";
import type { Reply } from "../http/exchange.ts";
import type { LegacyName } from "../plan/branch.ts";
import type { Negotiated } from "../plan/representation.ts";
import type { MainRow } from "../plan/types.ts";
import type { ApiRequest } from "../request/types.ts";
import { rangeAnswer } from "./content-range.ts";
import { contentType } from "./content-type.ts";

interface Rows {
  readonly request: ApiRequest;
  readonly negotiated: Negotiated;
  readonly row: MainRow;
  readonly offset: number;
  readonly total: number | null;
  readonly legacyNames: readonly LegacyName[];
}

/** @throws RestError PGRST103 */
export function rowsReply({ negotiated, row, offset, total }: Rows): Reply {
  const { status, contentRange } = rangeAnswer(offset, row.pageTotal, total);
  const headers: HeaderField[] = [
    ["Content-Range", contentRange],
    ["Content-Type", contentType(negotiated.mediaType)],
  ];
  return { status, headers, body: row.body };
}
