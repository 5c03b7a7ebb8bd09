/** GET and HEAD of the root: the description of the API. */
import { noMediaType } from "../refusals.ts";
import { mediaTypeName } from "../request/media-type.ts";
import type { MediaType } from "../request/types.ts";
import { openApiDocument } from "../respond/openapi/document.ts";
import { openApiReply } from "../respond/openapi/reply.ts";
import { readVisible, visibleStatement } from "../respond/openapi/visible.ts";
import type { ActionContext, Job } from "./job.ts";

const OFFERED: ReadonlySet<MediaType["kind"]> = new Set(["openapi", "json", "any"]);

/** @throws RestError PGRST107 when something else is wanted than JSON */
export function describeJob(context: ActionContext, headersOnly: boolean): Job {
  const { request, catalog, settings } = context;
  const { schema, accept } = request;
  if (!accept.some(({ kind }) => OFFERED.has(kind))) throw noMediaType(accept.map(mediaTypeName));
  const { mode } = settings.openApi;
  return {
    kind: "job",
    readOnly: true,
    brief: false,
    isolation: null,
    routineSettings: [],
    statements: [visibleStatement(schema, mode)],
    check: undefined,
    answersFirst: false,
    legacyNames: [],
    reply: async (results) => {
      if (headersOnly) return openApiReply(request, undefined);
      const visible = readVisible(results.at(-1)?.rows ?? [], mode);
      return openApiReply(request, await openApiDocument(catalog, schema, visible, settings.openApi));
    },
  };
}
