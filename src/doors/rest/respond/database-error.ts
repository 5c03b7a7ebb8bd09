/** What PostgreSQL's errors are over HTTP (PostgREST documentation, "Errors from PostgreSQL"). */
import type { HeaderField } from "../errors.ts";
import { RestError } from "../errors.ts";
import { RETRY_SOON, TOKEN_WANTED } from "../refusal-fields.ts";
import { badRaise } from "../refusals.ts";
import { isFraming, isHeader } from "./overrides.ts";

/** The fields of an ErrorResponse by their letters: C, M, D, H. */
type Fields = ReadonlyMap<string, string>;

/** Whole SQLSTATEs, asked first; some depend on who asks, or on what is said. */
const STATES: Readonly<Record<string, number>> = {
  "23503": 409,
  "23505": 409,
  "25006": 405,
  "42P01": 404,
  "42P17": 500,
  "53400": 500,
  "57P01": 503,
  P0001: 400,
};

/** Classes, the first two characters. What is in neither table is the client's doing: 400. */
const CLASSES: Readonly<Record<string, number>> = {
  "08": 503,
  "09": 500,
  "0L": 403,
  "0P": 403,
  "25": 500,
  "28": 403,
  "2D": 500,
  "38": 500,
  "39": 500,
  "3B": 500,
  "40": 500,
  "53": 503,
  "54": 500,
  "55": 500,
  "57": 500,
  "58": 500,
  F0: 500,
  HV: 500,
  P0: 500,
  XX: 500,
};

/** PT402 → 402. No interim answer: it would not be one. */
const STATUS_STATE = /^PT([2-9]\d\d)$/;

/**
 * The answer to an error of the server.
 * @param authenticated whether the request came with a token: one without may get further with one
 */
export function databaseError(fields: Fields, authenticated: boolean): RestError {
  const code = fields.get("C") ?? "XX000";
  if (code === "PGRST") return raised(fields);
  const message = fields.get("M") ?? "";
  const http = statusOf(code, message, authenticated);
  return RestError.raised(code, http, {
    message,
    details: fields.get("D"),
    hint: fields.get("H"),
    headers: headersFor(http),
    ...(code.startsWith("PT") ? { statusText: reasonOf(message) } : {}),
  });
}

function headersFor(http: number): readonly HeaderField[] {
  if (http === 401) return TOKEN_WANTED;
  return http === 503 ? RETRY_SOON : [];
}

function statusOf(code: string, message: string, authenticated: boolean): number {
  if (code.startsWith("PT")) return Number(STATUS_STATE.exec(code)?.[1] ?? 500);
  switch (code) {
    case "42501":
      return authenticated ? 403 : 401;
    // pg-safeupdate, which keeps clients from changing a whole table; of anything else the client is not to blame.
    case "21000":
      return message.endsWith("requires a WHERE clause") ? 400 : 500;
    // The role of a token that is none.
    case "22023":
      return /^role ".*" does not exist$/s.test(message) ? 401 : 400;
    // XML was asked for, and there is none of that row type.
    case "42883":
      return message.startsWith("function xmlagg(") ? 406 : 404;
    default:
      return STATES[code] ?? CLASSES[code.slice(0, 2)] ?? 400;
  }
}

/** `RAISE sqlstate 'PGRST'`: the message and the detail are JSON that say everything of the answer. */
function raised(fields: Fields): RestError {
  const message = fields.get("M");
  const told = objectOf(message);
  const { code, message: text, details, hint } = told ?? {};
  if (typeof code !== "string" || typeof text !== "string") return badRaise("MESSAGE", message);
  const detail = fields.get("D");
  if (detail === undefined) return badRaise("DETAIL", undefined);
  const { status, status_text: statusText, headers } = objectOf(detail) ?? {};
  const list = headersOf(headers);
  if (!isStatus(status) || list === undefined) return badRaise("DETAIL", detail);
  return RestError.raised(code, status, {
    message: text,
    details: textOf(details),
    hint: textOf(hint),
    headers: list,
    statusText: reasonOf(statusText),
  });
}

function objectOf(text: string | undefined): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text ?? "");
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return isObject ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function isStatus(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) >= 200 && Number(value) <= 999;
}

function headersOf(value: unknown): HeaderField[] | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const fields: [string, unknown][] = Object.entries(value);
  return fields.every(isHeader) ? fields.filter(([name]) => !isFraming(name)) : undefined;
}

/** What can stand in a status line (RFC 9112 §4). */
function reasonOf(value: unknown): string | undefined {
  return typeof value === "string" ? value.replace(/[^\t -~]/g, "?") : undefined;
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
