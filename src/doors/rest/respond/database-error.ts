/** What PostgreSQL's errors are over HTTP (PostgREST documentation, "Errors from PostgreSQL"). */
import { RestError } from "../errors.ts";
import { badRaise } from "../refusals.ts";

/** The fields of an ErrorResponse by their letters: C, M, D, H. */
type Fields = ReadonlyMap<string, string>;

/** Whole SQLSTATEs, asked first; 42501 depends on who asks. */
const STATES: Readonly<Record<string, number>> = {
  "21000": 400,
  "23503": 409,
  "23505": 409,
  "25006": 405,
  "42883": 404,
  "42P01": 404,
  "42P17": 500,
  "53400": 500,
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

/** PT402 → 402. */
const STATUS_STATE = /^PT([1-9]\d\d)$/;

/**
 * The answer to an error of the server.
 * @param authenticated whether the request came with a token: one without may get further with one
 */
export function databaseError(fields: Fields, authenticated: boolean): RestError {
  const code = fields.get("C") ?? "XX000";
  if (code === "PGRST") return raised(fields);
  const http = Number(STATUS_STATE.exec(code)?.[1] ?? statusOf(code, authenticated));
  return RestError.raised(code, http, {
    message: fields.get("M") ?? "",
    details: fields.get("D"),
    hint: fields.get("H"),
    headers: http === 401 ? [["WWW-Authenticate", "Bearer"]] : [],
  });
}

function statusOf(code: string, authenticated: boolean): number {
  if (code === "42501") return authenticated ? 403 : 401;
  return STATES[code] ?? CLASSES[code.slice(0, 2)] ?? 400;
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
    statusText: textOf(statusText),
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
  return Number.isInteger(value) && Number(value) >= 100 && Number(value) <= 999;
}

function headersOf(value: unknown): [string, string][] | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const fields = Object.entries(value);
  return fields.every(([, text]) => typeof text === "string") ? (fields as [string, string][]) : undefined;
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
