import { hash } from "node:crypto";
import type { AuditEvent } from "./audited.ts";
import type { Json } from "./canonical.ts";
import { canonicalJson } from "./canonical.ts";
import { eventText } from "./event-text.ts";

/** The format of records. */
const VERSION = 1;

/** What the first record of a chain has in the place of the hash of the one before. */
export const NOTHING_BEFORE = "0".repeat(64);

/** An event as it is read back: of a kind that may be newer than this program. */
export type RecordedEvent = { readonly event: string; readonly [field: string]: Json | undefined };

/** One record of the ledger: an event, its place in its node's chain, and the seal over both. */
export interface LedgerRecord {
  readonly v: 1;
  /** The chain: the name of the node, `/`, and an id that was drawn when the chain began. */
  readonly node: string;
  /** 1, 2, 3, … without a gap. The order of things: times are only what the clock showed. */
  readonly seq: number;
  /** ISO 8601 with milliseconds. */
  readonly time: string;
  /** The hash of the record before, hex; zeros in the first. */
  readonly prev: string;
  readonly event: RecordedEvent;
  /** SHA-256 over the canonical JSON (RFC 8785) of all the others, hex. */
  readonly hash: string;
}

/** Where a chain stands. */
export interface Tail {
  readonly node: string;
  readonly seq: number;
  readonly hash: string;
  /** Milliseconds since the epoch. */
  readonly time: number;
}

/** A record as it is stored: what is hashed, and the line that says so. */
export interface SealedRecord extends Tail {
  readonly prev: string;
  /** Canonical JSON, without a line's end. */
  readonly line: string;
  /** The notice that it is the record of: a sink in the store takes it from there in the same transaction. */
  readonly notice?: string;
}

/** The tail of a chain that has no record yet. */
export function emptyChain(node: string): Tail {
  return { node, seq: 0, hash: NOTHING_BEFORE, time: 0 };
}

/** Puts an event, as canonical text, behind the tail of a chain. */
export function sealText(text: string, time: number, after: Tail): SealedRecord {
  const { node, hash: prev } = after;
  const seq = after.seq + 1;
  // Written out, because the members' order is known and the event's text is there already.
  const rest = `"node":${canonicalJson(node)},"prev":"${prev}","seq":${seq},"time":"${isoTime(time)}","v":${VERSION}}`;
  const digest = hash("sha256", `{"event":${text},${rest}`);
  return { node, seq, time, prev, hash: digest, line: `{"event":${text},"hash":"${digest}",${rest}` };
}

export function sealEvent(event: AuditEvent, time: number, after: Tail): SealedRecord {
  return sealText(eventText(event), time, after);
}

let lastMs = Number.NaN;
let lastTime = "";

/** Events that come together have the same time. */
function isoTime(ms: number): string {
  if (ms !== lastMs) lastTime = new Date(ms).toISOString();
  lastMs = ms;
  return lastTime;
}

/** A new chain's name: no two are alike, so that records of one can never pass for those of another. */
export function newChain(name: string): string {
  return `${name}/${crypto.randomUUID().replaceAll("-", "").slice(0, 16)}`;
}

/** The node's own name, without the chain's id. */
export function nodeOf(chain: string): string {
  return chain.slice(0, chain.lastIndexOf("/"));
}

/** The notice that a record's line is of, if it is of one. In a text of the event the quotes would be escaped. */
export function noticeIn(line: string): string | undefined {
  return /"eventId":"(evt_[0-9a-f]{32})"/.exec(line)?.[1];
}

/** A line that is no record, or not the record that its hash is of. */
export interface NoRecord {
  readonly fault: string;
  /** What can still be read of its place, for a message. */
  readonly seq: number | undefined;
  readonly node: string | undefined;
}

/** Longer lines are not looked at; records are bounded by event-text.ts. */
const MAX_LINE_CHARACTERS = 1024 * 1024;

/** Reads a line back. The record is whole and unedited as far as its own hash can tell. */
export function readRecord(line: string): LedgerRecord | NoRecord {
  if (line.length > MAX_LINE_CHARACTERS) return noRecord("is too long to be a record", undefined);
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return noRecord("is not JSON", undefined);
  }
  if (!isRecord(value)) return noRecord("does not have the members of a record", value);
  const { hash: claimed, ...sealed } = value;
  const text = textOf(value);
  // Another spelling of the same value could show other readers something else, as a member that is there twice does.
  if (text !== line) return noRecord("is not written in canonical form", value);
  if (hash("sha256", canonicalJson(sealed)) !== claimed)
    return noRecord("was edited: its hash is that of another content", value);
  return value;
}

function textOf(value: LedgerRecord): string | undefined {
  try {
    return canonicalJson({ ...value });
  } catch {
    return undefined;
  }
}

export function isFault(read: LedgerRecord | NoRecord): read is NoRecord {
  return "fault" in read;
}

function noRecord(fault: string, value: unknown): NoRecord {
  const { seq, node } = (typeof value === "object" && value !== null ? value : {}) as Record<string, unknown>;
  return {
    fault,
    seq: typeof seq === "number" ? seq : undefined,
    node: typeof node === "string" ? node : undefined,
  };
}

const HASH = /^[0-9a-f]{64}$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
/** The members of a record; nothing else may stand beside them. */
const MEMBERS = "event,hash,node,prev,seq,time,v";

function isRecord(value: unknown): value is LedgerRecord {
  if (typeof value !== "object" || value === null) return false;
  if (Object.keys(value).sort().join() !== MEMBERS) return false;
  const { v, node, seq, time, prev, event, hash: digest } = value as Record<string, unknown>;
  return (
    v === VERSION &&
    typeof node === "string" &&
    node.includes("/") &&
    typeof seq === "number" &&
    Number.isSafeInteger(seq) &&
    seq > 0 &&
    matches(time, TIME) &&
    matches(prev, HASH) &&
    matches(digest, HASH) &&
    typeof event === "object" &&
    event !== null &&
    "event" in event &&
    typeof event.event === "string"
  );
}

function matches(value: unknown, form: RegExp): boolean {
  return typeof value === "string" && form.test(value);
}
