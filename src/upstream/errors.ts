import type { ErrorSpec } from "../base/error.ts";
import { PosternError } from "../base/error.ts";

export type UpstreamErrorCode = "upstream/unreachable";

export const upstreamErrors: Readonly<Record<UpstreamErrorCode, ErrorSpec>> = {
  "upstream/unreachable": {
    sqlstate: "08001",
    http: 503,
    publicMessage: "the database server cannot be reached; try again shortly",
  },
};

/** The connection to the server could not be made, for a reason of its own. */
export class UpstreamError extends PosternError<UpstreamErrorCode> {
  constructor(code: UpstreamErrorCode, detail: string, options?: ErrorOptions) {
    super(code, upstreamErrors[code], detail, options);
  }
}

/** The server refused the login itself: its ErrorResponse goes to the client as it is. */
export class UpstreamRefused extends Error {
  /** The whole message, type byte included; it was parsed and is well-formed. */
  readonly response: Buffer;

  constructor(detail: string, response: Buffer) {
    super(detail);
    this.name = "UpstreamRefused";
    this.response = response;
  }
}
