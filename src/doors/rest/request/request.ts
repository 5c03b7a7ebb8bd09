/**
 * The head of an HTTP request → what it asks for. All of the client's text is decoded and read here, once; what comes
 * out is typed and bounded, but still only a wish. The order of the checks is PostgREST's: path, method, schema,
 * query, ranges, so that a request with several faults is told of the same one.
 */
import {
  badPath,
  hiddenSchema,
  openApiDisabled,
  putLimit,
  rpcMethod,
  unsupportedMethod,
} from "../refusals.ts";
import { parseAccept } from "./accept.ts";
import { decode } from "./decode.ts";
import { parseMediaType } from "./media-type.ts";
import { parsePreferences } from "./preferences.ts";
import { parseQuery } from "./query.ts";
import { ALL_ROWS, intersect, parseRangeHeader } from "./ranges.ts";
import type { Action, ApiRequest, MediaType, Range } from "./types.ts";

/** What is read of an exchange. */
export interface RequestHead {
  readonly method: string;
  /** Path and query as sent. */
  readonly target: string;
  readonly headers: { get(name: string): string | undefined };
}

/** What the configuration says about requests. */
export interface RequestSettings {
  /** At least one. */
  readonly schemas: readonly string[];
  /** The function that answers at the root (`db-root-spec`). */
  readonly rootRoutine: string | undefined;
  /** Whether the API describes itself (`openapi-mode`). */
  readonly described: boolean;
  /** Whether `Prefer: tx=` counts (`db-tx-end`). */
  readonly clientEndsTransactions: boolean;
}

type Resource =
  | { readonly kind: "root" }
  | { readonly kind: "relation"; readonly relation: string }
  | { readonly kind: "routine"; readonly routine: string };

const JSON_BODY: MediaType = { kind: "json" };

/** @throws RestError */
export function parseRequest(head: RequestHead, settings: RequestSettings): ApiRequest {
  const { method, target, headers } = head;
  const question = target.indexOf("?");
  const path = question < 0 ? target : target.slice(0, question);
  const preferences = parsePreferences(headers.get("prefer"), settings.clientEndsTransactions);
  const resource = parsePath(path, settings);
  const profile = headers.get(isWrite(method) ? "content-profile" : "accept-profile");
  const schema = chooseSchema(profile, settings.schemas);
  const action = chooseAction(resource, method);
  const { query, range } = parseQuery(
    question < 0 ? "" : target.slice(question + 1),
    action.kind === "call" && action.method !== "POST" ? "argument" : "mistake",
  );
  const contentType = headers.get("content-type");
  return {
    action,
    method,
    path,
    schema,
    schemaNegotiated: profile !== undefined || settings.schemas.length > 1,
    query,
    range: chooseRange(action, method, range, headers.get("range")),
    preferences,
    accept: parseAccept(headers.get("accept")),
    contentType: contentType === undefined ? JSON_BODY : parseMediaType(contentType),
  };
}

/** Split first and decoded afterwards, so that an escaped slash is part of a name (RFC 3986 §2.2). */
function parsePath(path: string, settings: RequestSettings): Resource {
  const [empty, ...segments] = path.split("/", 4);
  if (empty !== "") throw badPath();
  const names = segments.map(decodeSegment);
  const [first = "", second] = names;
  if (names.length === 1 && first === "") return rootResource(settings);
  if (names.length === 1) return { kind: "relation", relation: first };
  if (names.length === 2 && first === "rpc" && second) return { kind: "routine", routine: second };
  throw badPath();
}

function decodeSegment(segment: string): string {
  const name = decode(segment, "path");
  if (name === undefined) throw badPath();
  return name;
}

function rootResource({ described, rootRoutine }: RequestSettings): Resource {
  if (!described) throw openApiDisabled();
  if (rootRoutine === undefined) return { kind: "root" };
  // Functions are called in the schema of the request, so a schema in front of the name says nothing.
  return { kind: "routine", routine: rootRoutine.slice(rootRoutine.lastIndexOf(".") + 1) };
}

function chooseSchema(profile: string | undefined, schemas: readonly string[]): string {
  const [first = ""] = schemas;
  if (profile === undefined) return first;
  // A header's bytes arrive as characters of the same number (RFC 9110 §5.5); names are UTF-8.
  const schema = schemas.includes(profile) ? profile : Buffer.from(profile, "latin1").toString("utf8");
  if (schemas.includes(schema)) return schema;
  throw hiddenSchema(profile, schemas);
}

function isWrite(method: string): boolean {
  return method === "POST" || method === "PATCH" || method === "PUT" || method === "DELETE";
}

function chooseAction(resource: Resource, method: string): Action {
  if (method === "OPTIONS") return { kind: "options", of: resource };
  switch (resource.kind) {
    case "routine":
      if (method !== "GET" && method !== "HEAD" && method !== "POST") throw rpcMethod(method);
      return { kind: "call", routine: resource.routine, method };
    case "relation":
      return relationAction(resource.relation, method);
    case "root":
      if (method !== "GET" && method !== "HEAD") throw unsupportedMethod(method);
      return { kind: "describe", headersOnly: method === "HEAD" };
    default:
      return resource satisfies never;
  }
}

function relationAction(relation: string, method: string): Action {
  switch (method) {
    case "GET":
    case "HEAD":
      return { kind: "read", relation, headersOnly: method === "HEAD" };
    case "POST":
      return { kind: "insert", relation };
    case "PUT":
      return { kind: "upsert", relation };
    case "PATCH":
      return { kind: "update", relation };
    case "DELETE":
      return { kind: "delete", relation };
    default:
      throw unsupportedMethod(method);
  }
}

/** The header means something with GET only (RFC 9110 §14.2); PUT is of one row and takes neither it nor a limit. */
function chooseRange(action: Action, method: string, range: Range, header: string | undefined): Range {
  if (action.kind === "upsert" && (range.offset !== 0 || range.limit !== undefined)) throw putLimit();
  return intersect(method === "GET" ? parseRangeHeader(header) : ALL_ROWS, range);
}
