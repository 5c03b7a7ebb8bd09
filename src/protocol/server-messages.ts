/** What a server says while a client logs in, and when it ends a session ("Message Formats"). */
import { int32, message } from "./bytes.ts";

export const authenticationOk = message("R", int32(0));
export const authenticationCleartextPassword = message("R", int32(3));

/** AuthenticationSASL: the mechanisms offered, best first. */
export function authenticationSasl(mechanisms: readonly string[]): Buffer {
  return message("R", int32(10), mechanisms.map((name) => `${name}\0`).join(""), "\0");
}

export function authenticationSaslContinue(data: string): Buffer {
  return message("R", int32(11), data);
}

/** NegotiateProtocolVersion: the newest minor version that is spoken, and the options that are not known. */
export function negotiateProtocolVersion(minor: number, unknownOptions: readonly string[]): Buffer {
  const names = unknownOptions.map((name) => `${name}\0`).join("");
  return message("v", int32((3 << 16) | minor), int32(unknownOptions.length), names);
}

export function backendKeyData(processId: number, key: Uint8Array): Buffer {
  return message("K", int32(processId), key);
}

export const readyForQueryIdle = message("Z", "I");

export interface Report {
  readonly severity: "FATAL" | "ERROR" | "WARNING" | "NOTICE";
  /** Five characters; "PostgreSQL Error Codes". */
  readonly sqlstate: string;
  readonly message: string;
}

/** ErrorResponse with the fields that every server since 9.6 sends ("Error and Notice Message Fields"). */
export function errorResponse(report: Report): Buffer {
  return message("E", fields(report));
}

/** NoticeResponse: it may come at any time ("Asynchronous Operations"). */
export function noticeResponse(report: Report): Buffer {
  return message("N", fields(report));
}

function fields({ severity, sqlstate, message: text }: Report): string {
  return `S${severity}\0V${severity}\0C${sqlstate}\0M${withoutNul(text)}\0\0`;
}

function withoutNul(text: string): string {
  return text.replaceAll("\0", "");
}
