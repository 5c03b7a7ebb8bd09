import type { ErrorSpec } from "../base/error.ts";
import { PosternError } from "../base/error.ts";
import type { ErrorFields } from "../protocol/backend-messages.ts";

export type UpstreamErrorCode =
  | "upstream/unreachable"
  | "upstream/timeout"
  | "upstream/tls"
  | "upstream/authentication"
  | "upstream/protocol"
  | "upstream/no-suitable-host"
  | "upstream/secret"
  | "upstream/privileged-role"
  | "upstream/not-ended"
  | "upstream/aborted";

const unavailable = (sqlstate: string, publicMessage: string): ErrorSpec => ({
  sqlstate,
  http: 503,
  publicMessage,
});

export const upstreamErrors: Readonly<Record<UpstreamErrorCode, ErrorSpec>> = {
  "upstream/unreachable": unavailable("08001", "the database server cannot be reached; try again shortly"),
  "upstream/timeout": unavailable("08001", "the database server did not answer in time; try again shortly"),
  "upstream/tls": unavailable("08001", "no safe connection to the database server; tell its administrator"),
  "upstream/authentication": unavailable(
    "08004",
    "the gateway could not log in to the database server; tell its administrator",
  ),
  "upstream/protocol": unavailable(
    "08P01",
    "the database server did not speak its protocol; tell its administrator",
  ),
  "upstream/no-suitable-host": unavailable(
    "08001",
    "no database server of the wanted kind (primary, standby, read-write) can be reached; try again shortly",
  ),
  "upstream/secret": unavailable(
    "08004",
    "the gateway has no way to log in as this role; tell its administrator",
  ),
  "upstream/privileged-role": {
    sqlstate: "28000",
    http: 403,
    publicMessage: "this role has too many rights to be used here",
  },
  "upstream/not-ended": unavailable("57014", "the database server did not end the session"),
  "upstream/aborted": unavailable("08006", "the login was given up"),
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
  /** What it says, by the one-letter codes of "Error and Notice Message Fields". */
  readonly fields: ErrorFields;

  constructor(detail: string, response: Buffer, fields: ErrorFields) {
    super(detail);
    this.name = "UpstreamRefused";
    this.response = response;
    this.fields = fields;
  }

  get sqlstate(): string {
    return this.fields.get("C") ?? "";
  }
}
