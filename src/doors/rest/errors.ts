/**
 * What the REST door answers instead of what was asked for. The codes, their status and the texts are PostgREST's
 * (PostgREST documentation, "Errors"): clients tell errors apart by them, so they are part of the API and never change.
 */

/** Every code that is not PostgreSQL's own. A code is never reused: the gaps in the numbers are codes of the past. */
export type PgrstCode =
  | "PGRST000"
  | "PGRST001"
  | "PGRST002"
  | "PGRST003"
  | "PGRST100"
  | "PGRST101"
  | "PGRST102"
  | "PGRST103"
  | "PGRST105"
  | "PGRST106"
  | "PGRST107"
  | "PGRST108"
  | "PGRST111"
  | "PGRST112"
  | "PGRST114"
  | "PGRST115"
  | "PGRST116"
  | "PGRST117"
  | "PGRST118"
  | "PGRST120"
  | "PGRST121"
  | "PGRST122"
  | "PGRST123"
  | "PGRST124"
  | "PGRST125"
  | "PGRST126"
  | "PGRST127"
  | "PGRST128"
  | "PGRST200"
  | "PGRST201"
  | "PGRST202"
  | "PGRST203"
  | "PGRST204"
  | "PGRST205"
  | "PGRST300"
  | "PGRST301"
  | "PGRST302"
  | "PGRST303"
  | "PGRSTX00";

/** The HTTP status of each code. */
export const pgrstStatus: Readonly<Record<PgrstCode, number>> = {
  PGRST000: 503,
  PGRST001: 503,
  PGRST002: 503,
  PGRST003: 504,
  PGRST100: 400,
  PGRST101: 405,
  PGRST102: 400,
  PGRST103: 416,
  PGRST105: 405,
  PGRST106: 406,
  PGRST107: 406,
  PGRST108: 400,
  PGRST111: 500,
  PGRST112: 500,
  PGRST114: 400,
  PGRST115: 400,
  PGRST116: 406,
  PGRST117: 405,
  PGRST118: 400,
  PGRST120: 400,
  PGRST121: 500,
  PGRST122: 400,
  PGRST123: 400,
  PGRST124: 400,
  PGRST125: 404,
  PGRST126: 404,
  PGRST127: 400,
  PGRST128: 400,
  PGRST200: 400,
  PGRST201: 300,
  PGRST202: 404,
  PGRST203: 300,
  PGRST204: 400,
  PGRST205: 404,
  PGRST300: 500,
  PGRST301: 401,
  PGRST302: 401,
  PGRST303: 401,
  PGRSTX00: 500,
};

export type HeaderField = readonly [name: string, value: string];

/** Text mostly; PGRST201 lists the candidates as objects. */
export type ErrorDetails = string | readonly Readonly<Record<string, string>>[];

interface RestErrorParts {
  readonly message: string;
  /** What is said instead with minimal verbosity, where the message names what the request did not. */
  readonly minimalMessage?: string;
  readonly details?: ErrorDetails | undefined;
  readonly hint?: string | undefined;
  /** Sent beside the usual ones. */
  readonly headers?: readonly HeaderField[];
  /** The reason phrase of a status that HTTP does not know. */
  readonly statusText?: string | undefined;
  readonly cause?: unknown;
}

/** A request that is answered with an error body. */
export class RestError extends Error {
  /** A `PGRSTxxx`, a SQLSTATE, or what a function raised as one. */
  readonly code: string;
  readonly http: number;
  readonly minimalMessage: string;
  readonly details: ErrorDetails | undefined;
  readonly hint: string | undefined;
  readonly headers: readonly HeaderField[];
  readonly statusText: string | undefined;

  private constructor(code: string, http: number, parts: RestErrorParts) {
    super(parts.message, parts.cause === undefined ? undefined : { cause: parts.cause });
    this.name = "RestError";
    this.code = code;
    this.http = http;
    this.minimalMessage = parts.minimalMessage ?? parts.message;
    this.details = parts.details;
    this.hint = parts.hint;
    this.headers = parts.headers ?? [];
    this.statusText = parts.statusText;
  }

  /** One of our own; its status is in the table. */
  static of(code: PgrstCode, parts: RestErrorParts): RestError {
    return new RestError(code, pgrstStatus[code], parts);
  }

  /** One that the server or a function of the database raised. */
  static raised(code: string, http: number, parts: RestErrorParts): RestError {
    return new RestError(code, http, parts);
  }
}
