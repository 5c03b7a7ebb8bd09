import type { Parameter } from "../request/types.ts";

/** What application/x-www-form-urlencoded leaves as it is, less `*`, and `~` (RFC 3986 §2.3): PostgREST's choice. */
const ESCAPED = /[!'()*]/g;
/** What needs no escape: most names and values. */
const PLAIN = /^[\w.~-]*$/;

/**
 * Written out, a URL can be three times as long as it was sent. Many clients and proxies take no more than 8 or 16 kB of
 * headers in all, and an answer that they refuse is worth less than one without this.
 */
const MAX_LOCATION = 8192;

/**
 * Where the answer can be had again, with the parameters in alphabetical order (RFC 9110 §8.7); undefined when that is
 * too long to be said.
 */
export function contentLocation(resource: string, parameters: readonly Parameter[]): string | undefined {
  const location = locationOf(resource, parameters);
  return location.length > MAX_LOCATION ? undefined : location;
}

function locationOf(resource: string, parameters: readonly Parameter[]): string {
  if (parameters.length === 0) return `/${encode(resource)}`;
  const sorted = parameters.length === 1 ? parameters : [...parameters].sort(byName);
  const query = sorted.map(({ name, value }) => `${encode(name)}=${encode(value ?? "")}`).join("&");
  return `/${encode(resource)}?${query}`;
}

function byName(a: Parameter, b: Parameter): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}

function encode(text: string): string {
  if (PLAIN.test(text)) return text;
  return encodeURIComponent(text).replace(
    ESCAPED,
    (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
