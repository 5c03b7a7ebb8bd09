import type { Event } from "../../base/event.ts";
import { redactText } from "../redact.ts";
import { canonicalJson } from "./canonical.ts";

type Statement = Extract<Event, { readonly event: "statement.v1" }>;

/** Statements whose texts in canonical form are kept: programs run the same few again and again. */
const MAX_KEPT = 1000;
/** Longer ones are seldom the same. */
const MAX_KEPT_LENGTH = 4096;
const kept = new Map<string, string>();

/**
 * The canonical form of a statement. There may be ten thousand a second, so its members are written out, in the order of
 * RFC 8785; a test holds it against the general way.
 */
export function statementText(event: Statement): string {
  const { bytes, cluster, door, parameters, session, sql } = event;
  const values = parameters === undefined ? "" : `"parameters":[${parameters.map(valueText).join(",")}],`;
  return `{"bytes":${bytes},"cluster":${canonicalJson(cluster)},"door":"${door}","event":"statement.v1",${values}"session":${canonicalJson(session)},"sql":${sqlText(sql)}}`;
}

function valueText(value: string | null): string {
  return value === null ? "null" : plainText(value);
}

function sqlText(sql: string): string {
  const known = kept.get(sql);
  if (known !== undefined) return known;
  const text = plainText(sql);
  if (sql.length > MAX_KEPT_LENGTH) return text;
  if (kept.size >= MAX_KEPT) kept.clear();
  kept.set(sql, text);
  return text;
}

function plainText(text: string): string {
  return canonicalJson(redactText(text.toWellFormed()));
}
