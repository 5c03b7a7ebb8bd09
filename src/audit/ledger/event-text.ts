import { hash } from "node:crypto";
import type { Event } from "../../base/event.ts";
import type { Notice } from "../../base/notice.ts";
import { redact } from "../redact.ts";
import type { AuditEvent } from "./audited.ts";
import type { Json } from "./canonical.ts";
import { canonicalJson } from "./canonical.ts";
import { statementText } from "./statement-text.ts";

/** The longest text within an event: a statement of more than that is a bulk load, and its beginning says which. */
const MAX_TEXT = 32 * 1024;
/** The most that one event may take: what clients send must not fill a disk with a few lines. */
const MAX_EVENT = 256 * 1024;
/** What is kept of each text of an event that is too large as a whole. */
const SHORT_TEXT = 512;

/** An event in canonical form, without secrets, well formed and bounded: what the ledger keeps of it. */
export function eventText(event: AuditEvent): string {
  if (event.event === "statement.v1" && isSmall(event)) return statementText(event);
  // What the ledger says of itself holds no secret, but a signature, which would be taken for one.
  return textOf(event.event.startsWith("ledger.") ? event : redact(event));
}

/** The same of an event that was committed with a notice: its id and when it was are with it. */
export function noticeText(event: Event, { id, time }: Pick<Notice, "id" | "time">): string {
  return textOf({ ...(redact(event) as object), eventId: id, eventTime: new Date(time).toISOString() });
}

function textOf(clean: unknown): string {
  const text = canonicalJson(bounded(clean, MAX_TEXT));
  if (text.length <= MAX_EVENT) return text;
  const kept = bounded(clean, SHORT_TEXT, true);
  return canonicalJson({ ...asMembers(kept), cutFrom: text.length, cutHash: hash("sha256", text) });
}

/** Whether no text has to be cut. */
function isSmall({ sql, parameters = [] }: Extract<AuditEvent, { event: "statement.v1" }>): boolean {
  let left = MAX_TEXT - sql.length;
  for (const value of parameters) left -= value?.length ?? 0;
  return left >= 0 && parameters.length <= MAX_SMALL;
}

/** Parameters of a statement that is written out. */
const MAX_SMALL = 100;

function asMembers(value: Json): { readonly [name: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as { readonly [name: string]: Json }) // no list, so it has members
    : {};
}

/** `value` as JSON whose texts are well formed and no longer than `most`. */
function bounded(value: unknown, most: number, withoutLists = false): Json {
  if (typeof value === "string") return cut(value.toWellFormed(), most);
  if (typeof value === "number") return Number.isFinite(value) ? value : String(value);
  if (typeof value === "boolean" || value === null) return value;
  if (Array.isArray(value))
    return withoutLists ? `[${value.length} values]` : value.map((item) => bounded(item ?? null, most));
  if (typeof value !== "object") return String(value);
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(
    members.map(([name, member]) => [name.toWellFormed(), bounded(member, most, withoutLists)]),
  );
}

function cut(text: string, most: number): string {
  if (text.length <= most) return text;
  return `${text.slice(0, most).toWellFormed()}… [${text.length - most} more]`;
}
