/** What a server answers to statements ("Message Formats"): rows, command tags, notifications. */
import { ProtocolFault } from "./fault.ts";
import type { TransactionStatus } from "./message-flow.ts";

/**
 * The columns of a DataRow whose body lies from `start` to `end`; null is NULL. Nothing is copied: whoever keeps a
 * column keeps the memory that it came in.
 */
export function sliceDataRow(bytes: Buffer, start: number, end: number): (Buffer | null)[] {
  const count = columnCount(bytes, start, end);
  const columns: (Buffer | null)[] = [];
  let at = start + 2;
  for (let column = 0; column < count; column++) {
    const length = columnLength(bytes, at, end);
    at += 4;
    columns.push(length === -1 ? null : bytes.subarray(at, at + length));
    if (length > 0) at += length;
  }
  if (at !== end) throw new ProtocolFault("bytes after a row");
  return columns;
}

/** Sees that a DataRow is one, when nobody wants its columns. */
export function checkDataRow(bytes: Buffer, start: number, end: number): void {
  const count = columnCount(bytes, start, end);
  let at = start + 2;
  for (let column = 0; column < count; column++) at += 4 + Math.max(0, columnLength(bytes, at, end));
  if (at !== end) throw new ProtocolFault("bytes after a row");
}

function columnCount(bytes: Buffer, start: number, end: number): number {
  if (end - start < 2) throw new ProtocolFault("a row without a column count");
  return bytes.readUInt16BE(start);
}

/** The length word of a column, -1 for NULL, whose value lies before `end`. */
function columnLength(bytes: Buffer, at: number, end: number): number {
  if (at + 4 > end) throw new ProtocolFault("a row that ends early");
  const length = bytes.readInt32BE(at);
  if (length < -1 || length > end - at - 4) throw new ProtocolFault(`a column of ${length} bytes`);
  return length;
}

/** The tag of a CommandComplete, such as `SELECT 1`. */
export function commandTag(bytes: Buffer, start: number, end: number): string {
  checkCommandTag(bytes, start, end);
  return bytes.toString("latin1", start, end - 1);
}

/** Sees that a CommandComplete is one, when nobody wants its tag. */
export function checkCommandTag(bytes: Buffer, start: number, end: number): void {
  if (bytes.indexOf(0, start) !== end - 1) throw new ProtocolFault("a command tag that is not one string");
}

/** The status of a ReadyForQuery. */
export function readyStatus(bytes: Buffer, start: number, end: number): TransactionStatus {
  const status = end - start === 1 ? String.fromCharCode(bytes[start] ?? 0) : "";
  if (status !== "I" && status !== "T" && status !== "E") throw new ProtocolFault("a transaction status");
  return status;
}

export interface Notification {
  readonly processId: number;
  readonly channel: string;
  readonly payload: string;
}

/** Parses the body of a NotificationResponse. */
export function parseNotification(body: Buffer): Notification {
  if (body.length < 6) throw new ProtocolFault("a notification that ends early");
  const channelEnd = body.indexOf(0, 4);
  const payloadEnd = channelEnd < 0 ? -1 : body.indexOf(0, channelEnd + 1);
  if (payloadEnd !== body.length - 1) throw new ProtocolFault("a notification that is not two strings");
  return {
    processId: body.readInt32BE(0),
    channel: body.toString("utf8", 4, channelEnd),
    payload: body.toString("utf8", channelEnd + 1, payloadEnd),
  };
}
