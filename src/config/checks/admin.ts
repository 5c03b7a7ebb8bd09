import type { Findings } from "../prepare.ts";
import { isLoopback } from "./loopback.ts";
import type { Parts } from "./parts.ts";

/** 16 random characters are not to be guessed over HTTP; a shorter token is a word. */
const MIN_TOKEN_LENGTH = 16;

/** What the schema cannot see of the HTTP listener. */
export function checkAdmin({ admin, store }: Parts, findings: Findings): void {
  if (admin === undefined) return;
  const { host, token, tls, unixSocket } = admin;
  if (token !== undefined && token.reveal().length < MIN_TOKEN_LENGTH)
    findings.fault(
      ["admin", "token"],
      `is shorter than ${MIN_TOKEN_LENGTH} characters; make one with: openssl rand -hex 32`,
    );
  if (token !== undefined && !/^[\w.~+/-]+=*$/.test(token.reveal()))
    findings.fault(
      ["admin", "token"],
      "cannot be sent as a bearer token (RFC 6750); make one with: openssl rand -hex 32",
    );
  if (token === undefined && !isLoopback(host))
    findings.warn(
      ["admin", "token"],
      "is missing, so whoever reaches the listener can read /metrics; set a token or listen on 127.0.0.1",
    );
  const bearers = token !== undefined || store !== undefined;
  if (bearers && tls === undefined && unixSocket === undefined && !isLoopback(host))
    findings.warn(
      ["admin", "tls"],
      "is missing, so tokens cross the network in clear text unless TLS ends before; set certFile and keyFile",
    );
}
