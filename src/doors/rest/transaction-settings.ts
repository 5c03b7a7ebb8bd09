/**
 * What a transaction of the REST door knows of its request: settings that last as long as the transaction (PostgREST
 * documentation, "Transaction-Scoped Settings"). They go to the server as parameters, never as part of a statement. The
 * role is not among them: the pool sets it from the admission.
 */
import { quoteIdentifier } from "../../base/sql-text.ts";
import type { Setting } from "./catalog/types.ts";
import type { RequestHeaders } from "./http/headers.ts";

/** What is the same for all requests of a configuration. */
export interface StandingSettings {
  /** Searched after the request's schema. */
  readonly extraSearchPath: readonly string[];
  /** `app.settings.*` */
  readonly app: readonly Setting[];
}

/** What one request brings. */
export interface RequestFacts {
  readonly schema: string;
  readonly method: string;
  /** As sent. */
  readonly path: string;
  readonly headers: RequestHeaders;
  /** The claims as JSON, with the role that was decided on. */
  readonly claims: string;
  /** Of the function that is called. */
  readonly routine: readonly Setting[];
  readonly timezone: string | undefined;
}

/**
 * The settings, in the order in which they are made: a later one of the same name wins. What a function brings comes
 * first, as what the role brings came before all of them, so that it cannot pass for what the request said.
 */
export function transactionSettings(standing: StandingSettings, facts: RequestFacts): Setting[] {
  const { schema, method, path, headers, claims, routine, timezone } = facts;
  const cookie = headers.get("cookie");
  return [
    ...routine,
    ["search_path", searchPath([schema, ...standing.extraSearchPath])],
    ["request.jwt.claims", claims],
    ["request.method", method],
    ["request.path", path],
    ["request.headers", headersJson(headers)],
    ["request.cookies", cookie === undefined ? "{}" : cookiesJson(cookie)],
    ...standing.app,
    ...(timezone === undefined ? [] : [["timezone", timezone] as const]),
  ];
}

function searchPath(schemas: readonly string[]): string {
  return schemas.map(quoteIdentifier).join(", ");
}

/** Made once for requests that come with the very same fields. */
const jsons = new WeakMap<RequestHeaders, string>();

function headersJson(headers: RequestHeaders): string {
  let json = jsons.get(headers);
  if (json === undefined) {
    json = writeHeaders(headers);
    jsons.set(headers, json);
  }
  return json;
}

/** Cookies have a setting of their own. Names are distinct and in lower case. */
function writeHeaders(headers: RequestHeaders): string {
  let json = "{";
  for (const name of headers.names()) {
    if (name === "cookie") continue;
    if (json.length > 1) json += ",";
    json += `${JSON.stringify(name)}:${JSON.stringify(headers.get(name))}`;
  }
  return `${json}}`;
}

/** A Cookie header as one object (RFC 6265 §4.2.1). A pair without `=` is a cookie without a value. */
function cookiesJson(cookie: string): string {
  const cookies: Record<string, string> = Object.create(null);
  for (const pair of cookie.split(";")) {
    const equals = pair.indexOf("=");
    const name = (equals < 0 ? pair : pair.slice(0, equals)).trim();
    if (name !== "") cookies[name] = equals < 0 ? "" : pair.slice(equals + 1).trim();
  }
  return JSON.stringify(cookies);
}

/**
 * The claims as transactions see them. `role` is always the role that was decided on, as in PostgREST: policies of the
 * database compare it, and a claim of that name which decides nothing here must not say that somebody is somebody else.
 */
export function claimsJson(claims: { readonly [claim: string]: unknown }, role: string): string {
  return JSON.stringify({ ...claims, role });
}
