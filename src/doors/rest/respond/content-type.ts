import { mediaTypeName } from "../request/media-type.ts";
import type { MediaType } from "../request/types.ts";

/** The value of `Content-Type`. Everything but bytes and what a handler of the database made is UTF-8 text. */
export function contentType(mediaType: MediaType): string {
  const name = mediaTypeName(mediaType);
  return mediaType.kind === "octet-stream" || mediaType.kind === "other" ? name : `${name}; charset=utf-8`;
}
