/**
 * What functions of the database say of the answer, by the settings `response.headers` and `response.status`
 * (PostgREST documentation, "Response Headers" and "Response Status Code").
 */
import type { HeaderField } from "../errors.ts";
import type { Reply } from "../http/exchange.ts";
import type { MainRow } from "../plan/types.ts";
import { badResponseHeaders, badResponseStatus } from "../refusals.ts";

/** RFC 9110 §5.6.2. */
const NAME = /^[\w!#$%&'*+.^`|~-]+$/;
/** A line break in a value would begin another header, or another answer. */
const UNSAFE_VALUE = /[^\t -~\u0080-\uffff]/;
/** How the body is framed is for the server alone to say: anything else would let an answer be split in two. */
const FRAMING: ReadonlySet<string> = new Set([
  "content-length",
  "transfer-encoding",
  "connection",
  "trailer",
]);

/**
 * The answer with what the database wanted otherwise: its headers take the place of ours with the same name.
 * @throws RestError PGRST111, PGRST112
 */
export function overridden(
  reply: Reply,
  { responseHeaders, responseStatus }: Pick<MainRow, "responseHeaders" | "responseStatus">,
): Reply {
  const status =
    responseStatus === null || responseStatus === "" ? reply.status : parseStatus(responseStatus);
  if (responseHeaders === null || responseHeaders === "")
    return status === reply.status ? reply : { ...reply, status };
  return { ...reply, status, headers: merged(reply.headers, parseHeaders(responseHeaders)) };
}

function parseStatus(text: string): number {
  if (!/^[1-9]\d\d$/.test(text)) throw badResponseStatus();
  const status = Number(text);
  if (status < 200) throw badResponseStatus(); // an interim answer is none
  return status;
}

function parseHeaders(text: string): HeaderField[] {
  const list = parseJson(text);
  if (!Array.isArray(list)) throw badResponseHeaders();
  return list.map(headerOf).filter(([name]) => !isFraming(name));
}

function headerOf(one: unknown): HeaderField {
  const fields = typeof one === "object" && one !== null && !Array.isArray(one) ? Object.entries(one) : [];
  const [name, value]: [string, unknown] = fields[0] ?? ["", undefined];
  const field: [string, unknown] = [name, value];
  if (fields.length !== 1 || !isHeader(field)) throw badResponseHeaders();
  return field;
}

/** Whether it can be sent as a header without breaking out of its line. */
export function isHeader(field: [name: string, value: unknown]): field is [name: string, value: string] {
  const [name, value] = field;
  return typeof value === "string" && NAME.test(name) && !UNSAFE_VALUE.test(value);
}

/** Whether it says how the body is framed. */
export function isFraming(name: string): boolean {
  return FRAMING.has(name.toLowerCase());
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw badResponseHeaders();
  }
}

function merged(ours: readonly HeaderField[], theirs: readonly HeaderField[]): HeaderField[] {
  const taken = new Set(theirs.map(([name]) => name.toLowerCase()));
  return [...ours.filter(([name]) => !taken.has(name.toLowerCase())), ...theirs];
}
