/**
 * Pages of other origins that use the API from a browser (Fetch standard, "CORS protocol"; PostgREST documentation,
 * "CORS"). Origins that are listed may send credentials; when none is listed all may ask, and none with credentials.
 */
import type { HeaderField } from "../errors.ts";
import type { Reply } from "../http/exchange.ts";
import type { RequestHeaders } from "../http/headers.ts";

/** `server-cors-allowed-origins`; undefined: not set. */
export type AllowedOrigins = readonly string[] | undefined;

const METHODS = ["GET", "POST", "PATCH", "PUT", "DELETE", "OPTIONS", "HEAD"];
/** Beside what the page asks for. */
const ALWAYS_ALLOWED = ["Accept", "Accept-Language", "Content-Language"];
const EXPOSED =
  "Content-Encoding, Content-Location, Content-Range, Content-Type, Date, Location, Server, Transfer-Encoding, Range-Unit";
/** A day; browsers cap it further. */
const MAX_AGE_S = 86_400;
const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/;
const EMPTY = Buffer.alloc(0);
const NONE: readonly HeaderField[] = [];

/** The answer to a preflight request, less what `corsFields` adds to all answers; undefined when this is none, or of an origin that may not ask. */
export function preflight(
  method: string,
  headers: RequestHeaders,
  allowed: AllowedOrigins,
): Reply | undefined {
  if (method !== "OPTIONS") return undefined;
  const wanted = headers.get("access-control-request-method");
  if (wanted === undefined || !METHODS.includes(wanted)) return undefined;
  if (allowedOrigin(headers, allowed) === undefined) return undefined;
  const asked = (headers.get("access-control-request-headers") ?? "").split(",").map((name) => name.trim());
  const names = ["Authorization", ...asked.filter((name) => TOKEN.test(name)), ...ALWAYS_ALLOWED];
  return {
    status: 200,
    headers: [
      ["Access-Control-Allow-Methods", METHODS.join(", ")],
      ["Access-Control-Allow-Headers", [...new Set(names)].join(", ")],
      ["Access-Control-Max-Age", String(MAX_AGE_S)],
    ],
    body: EMPTY,
  };
}

/** What an answer says to the page that asked for it. */
export function corsFields(headers: RequestHeaders, allowed: AllowedOrigins): readonly HeaderField[] {
  const origin = allowedOrigin(headers, allowed);
  if (origin === undefined) return NONE;
  return [...originFields(origin, allowed), ["Access-Control-Expose-Headers", EXPOSED]];
}

function allowedOrigin(headers: RequestHeaders, allowed: AllowedOrigins): string | undefined {
  const origin = headers.get("origin");
  if (origin === undefined || (allowed !== undefined && !allowed.includes(origin))) return undefined;
  return origin;
}

/** `*` never goes with credentials. */
function originFields(origin: string, allowed: AllowedOrigins): readonly HeaderField[] {
  return allowed === undefined
    ? [["Access-Control-Allow-Origin", "*"]]
    : [
        ["Access-Control-Allow-Origin", origin],
        ["Access-Control-Allow-Credentials", "true"],
      ];
}
