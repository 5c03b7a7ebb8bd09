import type { HeaderField } from "../errors.ts";
import { mediaTypeName } from "../request/media-type.ts";
import type { ApiRequest, MediaType } from "../request/types.ts";

/** The value of `Content-Type`. Everything but bytes and what a handler of the database made is UTF-8 text. */
export function contentType(mediaType: MediaType): string {
  const name = mediaTypeName(mediaType);
  return mediaType.kind === "octet-stream" || mediaType.kind === "other" ? name : `${name}; charset=utf-8`;
}

/** What a body is, and of which schema where there is a choice. */
export function contentFields(request: ApiRequest, mediaType: MediaType): readonly HeaderField[] {
  const type: HeaderField = ["Content-Type", contentType(mediaType)];
  return request.schemaNegotiated ? [type, ["Content-Profile", request.schema]] : [type];
}
