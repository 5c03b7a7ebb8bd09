import type { ErrorSpec } from "../../base/error.ts";
import { PosternError } from "../../base/error.ts";

/** What can be wrong with how a client speaks. Codes are stable and never reused. */
export type WireErrorCode =
  | "wire/protocol"
  | "wire/version"
  | "wire/plain-text"
  | "wire/alpn"
  | "wire/startup"
  | "wire/parameter"
  | "wire/no-user"
  | "wire/mechanism"
  | "wire/no-token"
  | "wire/handshake-timeout"
  | "wire/too-many-connections"
  | "wire/draining"
  | "wire/client-gone";

const spec = (sqlstate: string, http: number, publicMessage: string): ErrorSpec => ({
  sqlstate,
  http,
  publicMessage,
});

export const wireErrors: Readonly<Record<WireErrorCode, ErrorSpec>> = {
  "wire/protocol": spec("08P01", 400, "this is not the PostgreSQL protocol as expected here"),
  "wire/version": spec("0A000", 400, "this protocol version is not spoken here; use 3.0 or 3.2"),
  "wire/plain-text": spec(
    "28000",
    403,
    "connections without TLS are not accepted here; use sslmode=require or stronger",
  ),
  "wire/alpn": spec("08P01", 400, "direct TLS needs the ALPN protocol postgresql"),
  "wire/startup": spec("08P01", 400, "the startup packet is malformed"),
  "wire/parameter": spec("42501", 403, "a startup parameter would change who you are and is refused"),
  "wire/no-user": spec("28000", 400, "no user name was given; connect as the role that the token names"),
  "wire/mechanism": spec("28000", 400, "only the SASL mechanism OAUTHBEARER is offered"),
  "wire/no-token": spec("28P01", 401, "no token was given; send it as the password"),
  "wire/handshake-timeout": spec("57014", 408, "the login took too long"),
  "wire/too-many-connections": spec("53300", 429, "too many connections; try again shortly"),
  "wire/draining": spec("57P03", 503, "the gateway is shutting down; connect again"),
  "wire/client-gone": spec("08006", 499, "the client closed the connection"),
};

/** A connection that cannot become a session. */
export class WireError extends PosternError<WireErrorCode> {
  constructor(code: WireErrorCode, detail: string, options?: ErrorOptions) {
    super(code, wireErrors[code], detail, options);
  }
}
