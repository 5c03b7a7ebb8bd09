/**
 * Every error of the REST door by what went wrong. The texts are PostgREST's, which clients compare; what a text is
 * about is always what the request itself named, and hints, which may name more, are handed in. The one message of
 * PostgREST's that names more has a shorter form for who wants nothing told.
 */
import type { ErrorDetails, HeaderField } from "./errors.ts";
import { RestError } from "./errors.ts";
import { RETRY_SOON } from "./refusal-fields.ts";

const { of } = RestError;

// --- The connection to the database -----------------------------------------------------------------------------

export const databaseUnreachable = (details?: string) =>
  of("PGRST000", { message: "Database connection error.", details, headers: RETRY_SOON });

export const connectionLost = (details?: string) =>
  of("PGRST001", {
    message: "Database client error. Retrying the connection.",
    details,
    headers: RETRY_SOON,
  });

export const noSchemaCache = () =>
  of("PGRST002", {
    message: "Could not query the database for the schema cache. Retrying.",
    headers: RETRY_SOON,
  });

export const poolTimeout = () =>
  of("PGRST003", { message: "Timed out acquiring connection from connection pool.", headers: RETRY_SOON });

// --- The request ------------------------------------------------------------------------------------------------

/** A query parameter that cannot be read; both texts say where and what. */
export const badQuery = (message: string, details?: string) => of("PGRST100", { message, details });

export const rpcMethod = (method: string) =>
  of("PGRST101", { message: `Cannot use the ${method} method on RPC` });

/** `X-Postern-Role`, which PostgREST does not have: its nearest code is that of a query that cannot be read. */
export const badRole = () =>
  of("PGRST100", {
    message: "X-Postern-Role is no role",
    details: "It is empty, has a NUL or is longer than 63 bytes",
  });

export const badBody = (message: string) => of("PGRST102", { message });

export const negativeLimit = () => badRange("Limit should be greater than or equal to zero.");

export const reversedRange = () =>
  badRange("The lower boundary must be lower than or equal to the upper boundary in the Range header.");

export const offsetOutOfBounds = (offset: string, total: string) =>
  badRange(`An offset of ${offset} was requested, but there are only ${total} rows.`, [
    ["Content-Range", `*/${total}`], // RFC 9110 §15.5.17
  ]);

const badRange = (details: string, headers: readonly HeaderField[] = []) =>
  of("PGRST103", { message: "Requested range not satisfiable", details, headers });

export const putFilters = () =>
  of("PGRST105", {
    message: "Filters must include all and only primary key columns with 'eq' operators",
  });

/** @param exposed the schemas of `db-schemas` */
export const hiddenSchema = (schema: string, exposed: readonly string[]) =>
  of("PGRST106", {
    message: `Invalid schema: ${schema}`,
    hint: `Only the following schemas are exposed: ${exposed.join(", ")}`,
  });

export const noMediaType = (wanted: readonly string[]) =>
  of("PGRST107", { message: `None of these media types are available: ${wanted.join(", ")}` });

/** @param aliased when it is embedded under another name: the target's own name and the alias */
export const notEmbedded = (resource: string, aliased?: { readonly name: string; readonly alias: string }) =>
  of("PGRST108", {
    message: `'${resource}' is not an embedded resource in this request`,
    ...(aliased === undefined
      ? { hint: `Verify that '${resource}' is included in the 'select' query parameter.` }
      : {
          details: "Target names are not allowed in filters if they have an alias",
          hint: `Change '${aliased.name}' to '${aliased.alias}' in filters, orders or limits.`,
        }),
  });

export const badResponseHeaders = () =>
  of("PGRST111", {
    message:
      "response.headers guc must be a JSON array composed of objects with a single key and a string value",
  });

export const badResponseStatus = () =>
  of("PGRST112", { message: "response.status guc must be a valid status code" });

export const putLimit = () =>
  of("PGRST114", { message: "limit/offset querystring parameters are not allowed for PUT" });

export const putKeyMismatch = () =>
  of("PGRST115", { message: "Payload values do not match URL in primary key column(s)" });

export const notSingular = (rows: number) =>
  of("PGRST116", {
    message: "Cannot coerce the result to a single JSON object",
    details: `The result contains ${rows} rows`,
  });

export const unsupportedMethod = (method: string) =>
  of("PGRST117", { message: `Unsupported HTTP method: ${method}` });

export const orderNotToOne = (origin: string, target: string) =>
  of("PGRST118", {
    message: `A related order on '${target}' is not possible`,
    details: `'${origin}' and '${target}' do not form a many-to-one or one-to-one relationship`,
  });

export const embedFilter = (target: string) =>
  of("PGRST120", {
    message: `Bad operator on the '${target}' embedded resource`,
    details: "Only is null or not is null filters are allowed on embedded resources",
  });

/** A function raised SQLSTATE 'PGRST', and not as the documentation says. */
export const badRaise = (part: "MESSAGE" | "DETAIL", text: string | undefined) =>
  of("PGRST121", {
    message: `Could not parse JSON in the "RAISE SQLSTATE 'PGRST'" error`,
    details:
      text === undefined
        ? "DETAIL is missing in the RAISE statement"
        : `Invalid JSON value for ${part}: '${text}'`,
    hint:
      part === "MESSAGE"
        ? "MESSAGE must be a JSON object with obligatory keys: 'code', 'message' and optional keys: 'details', 'hint'."
        : "DETAIL must be a JSON object with obligatory keys: 'status', 'headers' and optional key: 'status_text'.",
  });

export const badPreferences = (preferences: readonly string[]) =>
  of("PGRST122", {
    message: "Invalid preferences given with handling=strict",
    details: `Invalid preferences: ${preferences.join(", ")}`,
  });

export const aggregatesDisabled = () =>
  of("PGRST123", { message: "Use of aggregate functions is not allowed" });

export const maxAffectedExceeded = (rows: number) =>
  of("PGRST124", {
    message: "Query result exceeds max-affected preference constraint",
    details: `The query affects ${rows} rows`,
  });

export const badPath = () => of("PGRST125", { message: "Invalid path specified in request URL" });

export const openApiDisabled = () => of("PGRST126", { message: "Root endpoint metadata is disabled" });

export const notImplemented = (details: string) =>
  of("PGRST127", { message: "Feature not implemented", details });

export const maxAffectedNeedsSet = () =>
  of("PGRST128", {
    message: "Function must return SETOF or TABLE when max-affected preference is used with handling=strict",
  });

// --- The token --------------------------------------------------------------------------------------------------

export const noSecret = () => of("PGRST300", { message: "Server lacks JWT secret" });

// --- The schema cache -------------------------------------------------------------------------------------------

interface NoRelationship {
  readonly parent: string;
  readonly child: string;
  /** What followed the `!`. */
  readonly using: string | undefined;
  readonly schema: string;
  readonly hint: string | undefined;
}

export const noRelationship = ({ parent, child, using, schema, hint }: NoRelationship) =>
  of("PGRST200", {
    message: `Could not find a relationship between '${parent}' and '${child}' in the schema cache`,
    details: `Searched for a foreign key relationship between '${parent}' and '${child}'${
      using === undefined ? "" : ` using the hint '${using}'`
    } in the schema '${schema}', but no matches were found.`,
    hint,
  });

/** @param choices how each candidate is embedded, as `'films!directors_fkey'` */
export const ambiguousRelationship = (
  parent: string,
  child: string,
  candidates: ErrorDetails,
  choices: readonly string[],
) =>
  of("PGRST201", {
    message: `Could not embed because more than one relationship was found for '${parent}' and '${child}'`,
    details: candidates,
    hint: `Try changing '${child}' to one of the following: ${choices.join(", ")}. Find the desired relationship in the 'details' key.`,
  });

/** What was asked for and what was searched depends on the body's type: the texts are the planner's. */
export const noFunction = (parts: {
  readonly message: string;
  readonly details: string | undefined;
  readonly hint: string | undefined;
}) => of("PGRST202", parts);

/** @param candidates each as `schema.name(argument => type, …)` */
export const ambiguousFunction = (candidates: readonly string[]) =>
  of("PGRST203", {
    message: `Could not choose the best candidate function between: ${candidates.join(", ")}`,
    minimalMessage: "Could not choose the best candidate function",
    hint: "Try renaming the parameters or the function itself in the database so function overloading can be resolved",
  });

export const noColumn = (relation: string, column: string) =>
  of("PGRST204", {
    message: `Could not find the '${column}' column of '${relation}' in the schema cache`,
  });

/** @param similar a table with much the same name */
export const noTable = (schema: string, name: string, similar: string | undefined) =>
  of("PGRST205", {
    message: `Could not find the table '${schema}.${name}' in the schema cache`,
    hint: similar === undefined ? undefined : `Perhaps you meant the table '${schema}.${similar}'`,
  });
