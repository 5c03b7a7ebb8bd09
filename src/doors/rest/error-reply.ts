import type { ErrorDetails, HeaderField } from "./errors.ts";
import type { Reply } from "./http/exchange.ts";

/** How much an error body tells (`client-error-verbosity`). */
export type ErrorVerbosity = "verbose" | "minimal";

interface Refused {
  readonly code: string;
  readonly http: number;
  readonly message: string;
  readonly minimalMessage?: string;
  readonly details?: ErrorDetails | undefined;
  readonly hint?: string | undefined;
  readonly headers?: readonly HeaderField[];
  readonly statusText?: string | undefined;
}

/** RFC 9209 §2: who says so. Clients of PostgREST look for this name, so it stays although Postern says it. */
const PROXY = "PostgREST";
/**
 * What stands in Proxy-Status unquoted. A token (RFC 9651 §3.3.4) may not begin with a digit, as most SQLSTATEs do;
 * PostgREST writes them bare all the same, and so clients expect them. A code that a function raised may be anything.
 */
const BARE = /^[\w!#$%&'*+.^`|~:/-]+$/;

/** The answer that an error is. */
export function errorReply(error: Refused, verbosity: ErrorVerbosity): Reply {
  const { code, http, message, details = null, hint = null, headers = [], statusText } = error;
  const { minimalMessage = message } = error;
  const body = verbosity === "verbose" ? { code, details, hint, message } : { code, message: minimalMessage };
  return {
    status: http,
    statusText,
    headers: [
      ["Content-Type", "application/json; charset=utf-8"],
      ["Proxy-Status", `${PROXY}; error=${proxyError(code)}`],
      ...headers,
    ],
    body: Buffer.from(JSON.stringify(body)),
  };
}

function proxyError(code: string): string {
  if (BARE.test(code)) return code;
  return JSON.stringify(code.replace(/[^\x20-\x7e]/g, "?"));
}
