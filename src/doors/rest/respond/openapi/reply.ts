import type { HeaderField } from "../../errors.ts";
import type { Reply } from "../../http/exchange.ts";
import type { ApiRequest } from "../../request/types.ts";

/** The answer to GET and HEAD of the root; a HEAD knows nothing of the length, since no document is made for it. */
export function openApiReply(
  { schema, schemaNegotiated }: Pick<ApiRequest, "schema" | "schemaNegotiated">,
  document: readonly Buffer[] | undefined,
): Reply {
  const headers: HeaderField[] = [["Content-Type", "application/openapi+json; charset=utf-8"]];
  if (schemaNegotiated) headers.push(["Content-Profile", schema]);
  return { status: 200, headers, body: document };
}
