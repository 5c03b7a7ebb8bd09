import type { ErrorSpec } from "../../../base/error.ts";
import { PosternError } from "../../../base/error.ts";

/** What can be wrong with a request before anybody asks what it is for. Codes are stable and never reused. */
export type HttpErrorCode =
  | "http/malformed"
  | "http/version"
  | "http/expectation"
  | "http/target-too-long"
  | "http/headers-too-large"
  | "http/body-too-large"
  | "http/too-many-bodies"
  | "http/slow"
  | "http/client-gone"
  | "http/too-many-connections"
  | "http/failed";

const spec = (sqlstate: string, http: number, publicMessage: string): ErrorSpec => ({
  sqlstate,
  http,
  publicMessage,
});

export const httpErrors: Readonly<Record<HttpErrorCode, ErrorSpec>> = {
  "http/malformed": spec("08P01", 400, "the request is not well-formed HTTP"),
  "http/version": spec("0A000", 505, "this version of HTTP is not spoken here; use HTTP/1.1"),
  "http/expectation": spec("0A000", 417, "no expectation but 100-continue can be met"),
  "http/target-too-long": spec("54000", 414, "the URL is too long"),
  "http/headers-too-large": spec("54000", 431, "the headers are too large"),
  "http/body-too-large": spec("54000", 413, "the body is too large"),
  "http/too-many-bodies": spec("53200", 503, "too many large requests at once; try again shortly"),
  "http/slow": spec("57014", 408, "the request took too long to arrive"),
  "http/client-gone": spec("08006", 499, "the client closed the connection"),
  "http/too-many-connections": spec("53300", 503, "too many connections; try again shortly"),
  "http/failed": spec("XX000", 500, "the request could not be answered; the log says why"),
};

/** A request that cannot be taken as it came. */
export class HttpError extends PosternError<HttpErrorCode> {
  constructor(code: HttpErrorCode, detail: string, options?: ErrorOptions) {
    super(code, httpErrors[code], detail, options);
  }
}
