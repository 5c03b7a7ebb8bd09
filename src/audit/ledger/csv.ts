import type { Json } from "./canonical.ts";
import { canonicalJson } from "./canonical.ts";
import type { LedgerRecord } from "./record.ts";

/** The columns of an export; whatever else an event holds is in the last. */
const COLUMNS = [
  "seq",
  "time",
  "node",
  "event",
  "actor",
  "session",
  "door",
  "address",
  "cluster",
  "database",
  "role",
  "code",
  "fields",
] as const;

/** RFC 4180 ends lines so. */
const END = "\r\n";

export const csvHead = `${COLUMNS.join(",")}${END}`;

/** A record as a line of CSV, RFC 4180. */
export function csvLine({ seq, time, node, event }: LedgerRecord): string {
  const {
    event: name,
    actor,
    subject,
    session,
    request,
    door,
    peer,
    cluster,
    database,
    role,
    code,
    ...rest
  } = event;
  const who = actor ?? subject;
  const { address } = membersOf(peer);
  const cells = [
    seq,
    time,
    node,
    name,
    who,
    session ?? request,
    door,
    address,
    cluster,
    database,
    role,
    code,
  ];
  return `${[...cells, canonicalJson(rest)].map(cell).join(",")}${END}`;
}

function membersOf(value: Json | undefined): { readonly [name: string]: Json | undefined } {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as { readonly [name: string]: Json | undefined }) // no list, so it has members
    : {};
}

/** What spreadsheets take for a formula; clients choose some of these texts. */
const FORMULA = /^[=+\-@\t\r]/;

function cell(value: Json | undefined): string {
  if (value === undefined || value === null) return "";
  const plain = typeof value === "string" ? value : canonicalJson(value);
  const text = typeof value === "string" && FORMULA.test(plain) ? `'${plain}` : plain;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
