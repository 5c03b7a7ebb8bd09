/** The `Prefer` header (RFC 7240): of each preference the first one that is understood counts. */
import { badPreferences } from "../refusals.ts";
import { MAX_HEADER_ITEMS } from "./limits.ts";
import type { Preferences } from "./types.ts";

type Known = Omit<Preferences, "timezone" | "maxAffected" | "invalid">;
type Writable = { -readonly [K in keyof Preferences]: Preferences[K] };

/** Each preference as sent, and what it sets. */
const KNOWN: ReadonlyMap<string, Partial<Known>> = new Map<string, Partial<Known>>([
  ["resolution=merge-duplicates", { resolution: "merge-duplicates" }],
  ["resolution=ignore-duplicates", { resolution: "ignore-duplicates" }],
  ["return=representation", { return: "representation" }],
  ["return=headers-only", { return: "headers-only" }],
  ["return=minimal", { return: "minimal" }],
  ["count=exact", { count: "exact" }],
  ["count=planned", { count: "planned" }],
  ["count=estimated", { count: "estimated" }],
  ["tx=commit", { tx: "commit" }],
  ["tx=rollback", { tx: "rollback" }],
  ["missing=default", { missing: "default" }],
  ["missing=null", { missing: "null" }],
  ["handling=strict", { handling: "strict" }],
  ["handling=lenient", { handling: "lenient" }],
]);

const TIMEZONE = "timezone=";
const MAX_AFFECTED = "max-affected=";

/** What a request without the header prefers. */
export const NO_PREFERENCES: Preferences = Object.freeze({
  resolution: undefined,
  return: undefined,
  count: undefined,
  tx: undefined,
  missing: undefined,
  handling: undefined,
  timezone: undefined,
  maxAffected: undefined,
  invalid: [],
});

/**
 * @param mayEndTransactions whether the configuration lets a client choose how its transaction ends
 * @throws RestError PGRST122: `handling=strict` with a preference that is not understood
 */
export function parsePreferences(header: string | undefined, mayEndTransactions: boolean): Preferences {
  if (header === undefined) return NO_PREFERENCES;
  const invalid: string[] = [];
  const found: Writable = { ...NO_PREFERENCES, invalid };
  for (const text of header.split(",", MAX_HEADER_ITEMS)) readPreference(text.trim(), found, invalid);
  if (!mayEndTransactions) found.tx = undefined;
  if (found.handling === "strict" && invalid.length > 0) throw badPreferences(invalid);
  return found;
}

function readPreference(text: string, found: Writable, invalid: string[]): void {
  const known = KNOWN.get(text);
  if (known !== undefined) setFirst(found, known);
  else if (text.startsWith(TIMEZONE)) found.timezone ??= text.slice(TIMEZONE.length);
  else if (text.startsWith(MAX_AFFECTED)) found.maxAffected ??= wholeNumber(text.slice(MAX_AFFECTED.length));
  else invalid.push(text);
}

function setFirst(
  found: Writable,
  { resolution, return: kind, count, tx, missing, handling }: Partial<Known>,
): void {
  found.resolution ??= resolution;
  found.return ??= kind;
  found.count ??= count;
  found.tx ??= tx;
  found.missing ??= missing;
  found.handling ??= handling;
}

function wholeNumber(text: string): number | undefined {
  return /^-?\d{1,15}$/.test(text) ? Number(text) : undefined;
}
