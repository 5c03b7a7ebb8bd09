/** The body of a request, by its `Content-Type` and by what the action does with it. */
import { isUtf8 } from "node:buffer";
import { badBody } from "../../refusals.ts";
import { MAX_FORM } from "../limits.ts";
import { mediaTypeName } from "../media-type.ts";
import { splitParameters } from "../parameters.ts";
import type { ApiRequest, Payload } from "../types.ts";
import { CsvReader } from "./csv.ts";
import { JsonScan } from "./json-scan.ts";
import { type MakeRoom, runSliced } from "./slices.ts";

const NONE: Payload = { kind: "none" };
/** A function without arguments may be called with no body at all. */
const NO_ARGUMENTS: Payload = { kind: "json", body: Buffer.from("{}"), shape: "object", keys: [], rows: 1 };

const NOTHING_MADE: MakeRoom = () => undefined;

/** Whether the action of this request has a use for a body. */
function takesBody({ action }: ApiRequest): boolean {
  switch (action.kind) {
    case "insert":
    case "upsert":
    case "update":
      return true;
    case "call":
      return action.method === "POST";
    default:
      return false;
  }
}

/**
 * Reads what can be read without building values: a small body at once, a large one in slices.
 * @param makeRoom for what is made of the body and stands beside it
 * @throws RestError PGRST102
 */
export function readPayload(
  request: ApiRequest,
  body: Buffer,
  makeRoom: MakeRoom,
): Payload | Promise<Payload> {
  if (!takesBody(request)) return NONE;
  const call = request.action.kind === "call";
  switch (request.contentType.kind) {
    case "json":
      return readJson(request, body, call);
    case "csv":
      return readCsv(body, makeRoom);
    case "form":
      return call ? { kind: "form", pairs: readForm(body) } : formAsObject(readForm(body));
    case "text":
    case "xml":
    case "octet-stream":
      if (call) return { kind: "raw", body };
      break;
    default:
  }
  throw badBody(`Content-Type not acceptable: ${mediaTypeName(request.contentType)}`);
}

function readJson({ action, query }: ApiRequest, body: Buffer, call: boolean): Payload | Promise<Payload> {
  // PUT names all columns in its body, so there `columns` means nothing.
  if (query.columns !== undefined && action.kind !== "upsert")
    return { kind: "unread-json", body, columns: query.columns };
  if (call && body.length === 0) return NO_ARGUMENTS;
  const found = runSliced(new JsonScan(body), body.length, NOTHING_MADE);
  return found instanceof Promise
    ? found.then((keys) => ({ kind: "json", body, ...keys }))
    : { kind: "json", body, ...found };
}

function readCsv(body: Buffer, makeRoom: MakeRoom): Payload | Promise<Payload> {
  const found = runSliced(new CsvReader(body), body.length, makeRoom);
  return found instanceof Promise
    ? found.then((rows) => ({ kind: "json", ...rows }))
    : { kind: "json", ...found };
}

function readForm(body: Buffer): { readonly name: string; readonly value: string }[] {
  if (body.length > MAX_FORM) throw badBody(`Form of more than ${MAX_FORM} bytes; send JSON instead`);
  if (!isUtf8(body)) throw badBody("Invalid form: not UTF-8");
  return splitParameters(body.toString("latin1")).map(({ name, value }) => ({ name, value: value ?? "" }));
}

/** One row, whose values are all text. Of a repeated name the last counts. */
function formAsObject(pairs: readonly { readonly name: string; readonly value: string }[]): Payload {
  const object = new Map(pairs.map(({ name, value }) => [name, value]));
  const members = Array.from(object, ([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`);
  const body = Buffer.from(`{${members.join(",")}}`);
  return { kind: "json", body, shape: "object", keys: [...object.keys()], rows: 1 };
}
