/** The answer that is an execution plan (`application/vnd.pgrst.plan`). */
import type { Row } from "../../../upstream/pool/pool.ts";
import type { Reply } from "../http/exchange.ts";
import type { Negotiated } from "../plan/representation.ts";
import type { ApiRequest } from "../request/types.ts";
import { contentFields } from "./content-type.ts";

const LINE_BREAK = Buffer.from("\n");

/** @param rows of EXPLAIN: one in JSON, one for each line in text */
export function explainReply(request: ApiRequest, { mediaType }: Negotiated, rows: readonly Row[]): Reply {
  const body = rows.flatMap(([line], index) =>
    index === 0 ? [line ?? NOTHING] : [LINE_BREAK, line ?? NOTHING],
  );
  return { status: 200, headers: contentFields(request, mediaType), body };
}

const NOTHING = Buffer.alloc(0);
