import type { SealedRecord } from "./record.ts";
import { isFault, nodeOf, readRecord } from "./record.ts";

/** RFC 5424 §6.2.1: "notice", normal but significant. */
const SEVERITY = 5;
/** RFC 5424 §6: the longest HOSTNAME and MSGID. */
const MAX_HOSTNAME = 255;
const MAX_MESSAGE_ID = 32;

/**
 * A record as a syslog message, RFC 5424 §6: `<109>1 2026-11-24T08:00:00.000Z gw1 postern 4711 login.allowed.v1 - {…}`.
 * The message is the record as it is, so that it can be verified where it arrives.
 */
export function syslogMessage({ node, time, line }: SealedRecord, facility: number): string {
  const read = readRecord(line);
  const name = isFault(read) ? "" : read.event.event;
  const head = [
    `<${facility * 8 + SEVERITY}>1`,
    new Date(time).toISOString(),
    field(nodeOf(node), MAX_HOSTNAME),
    "postern",
    String(process.pid),
    field(name, MAX_MESSAGE_ID),
    "-",
  ];
  return `${head.join(" ")} ${line}`;
}

/** Printable US-ASCII without spaces; `-` stands for nothing. */
function field(text: string, most: number): string {
  return text.replaceAll(/[^\x21-\x7e]/g, "").slice(0, most) || "-";
}
