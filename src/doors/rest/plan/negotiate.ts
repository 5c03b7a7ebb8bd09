/**
 * Which representation of what there is the client gets (RFC 9110 §12.1; "Resource Representation" and "Media Type
 * Handlers" in PostgREST's documentation): the first type of `Accept` for which there is a handler.
 */
import type { Catalog, MediaHandler, QualifiedName } from "../catalog/types.ts";
import { ANY_MEDIA_TYPE } from "../catalog/types.ts";
import { noMediaType } from "../refusals.ts";
import { mediaTypeName } from "../request/media-type.ts";
import type { MediaType, SelectItem } from "../request/types.ts";
import type { BuiltIn, Negotiated, Producer } from "./representation.ts";

export interface Resource {
  readonly catalog: Catalog;
  /** The function that is called; null for a relation. */
  readonly routine: QualifiedName | null;
  /** The relation whose rows there are; null for rows of no relation, and for a single value. */
  readonly table: QualifiedName | null;
  /** What aggregates of one relation take: its rows as they are. */
  readonly selectsAll: boolean;
  /** `db-plan-enabled` */
  readonly planEnabled: boolean;
}

/** The default select: no other gives rows of the relation's own type. */
export function selectsAll(select: readonly SelectItem[]): boolean {
  return select.length === 0 || (select.length === 1 && select[0]?.kind === "all");
}

/** @throws PGRST107 when nothing fits */
export function negotiate(resource: Resource, accept: readonly MediaType[]): Negotiated {
  const handlers = handlersOf(resource);
  for (const mediaType of accept) {
    const found =
      mediaType.kind === "plan" ? planOf(resource, handlers, mediaType) : answerOf(handlers, mediaType);
    if (found !== undefined) return found;
  }
  throw noMediaType(accept.map(mediaTypeName));
}

type Plan = Extract<MediaType, { kind: "plan" }>;

function planOf(resource: Resource, handlers: readonly MediaHandler[], plan: Plan): Negotiated | undefined {
  if (!resource.planEnabled) return undefined;
  const of = answerOf(handlers, plan.for);
  if (of === undefined) return undefined;
  const { format, options } = plan;
  return { producer: of.producer, mediaType: { ...plan, for: of.mediaType }, explain: { format, options } };
}

/** Handlers that may be used, the particular before the general. */
function handlersOf({ catalog, routine, table, selectsAll: all }: Resource): readonly MediaHandler[] {
  if (catalog.mediaHandlers.length === 0) return catalog.mediaHandlers;
  const own: MediaHandler[] = [];
  const general: MediaHandler[] = [];
  for (const handler of catalog.mediaHandlers) {
    const { handles } = handler;
    if (handles.kind === "any-element") general.push(handler);
    else if (handles.kind === "routine" && isSame(handles.routine, routine)) own.push(handler);
    else if (handles.kind === "table" && all && isSame(handles.table, table)) own.push(handler);
  }
  return [...own, ...general];
}

function isSame(one: QualifiedName, other: QualifiedName | null): boolean {
  return other !== null && one.name === other.name && one.schema === other.schema;
}

const OCTET_STREAM: MediaType = { kind: "octet-stream" };

/** A handler of any type goes before all others but the vendor types; it says itself which type it gives. */
function answerOf(handlers: readonly MediaHandler[], mediaType: MediaType): Negotiated | undefined {
  const vendor = vendorType(mediaType);
  if (vendor !== undefined) return builtIn(vendor, mediaType);
  const any = handlers.find((handler) => handler.mediaType === ANY_MEDIA_TYPE);
  if (any !== undefined) return { producer: producerOf(any), mediaType: OCTET_STREAM, explain: null };
  const asked: MediaType = mediaType.kind === "any" ? { kind: "json" } : mediaType;
  const name = asked.kind === "other" ? asked.essence : mediaTypeName(asked);
  const handler = handlers.find((each) => each.mediaType === name);
  if (handler !== undefined) return { producer: producerOf(handler), mediaType: asked, explain: null };
  const kind = BUILT_IN[asked.kind];
  return kind === null ? undefined : builtIn(kind, asked);
}

function vendorType(mediaType: MediaType): BuiltIn | undefined {
  if (mediaType.kind === "array-stripped") return "array-stripped";
  if (mediaType.kind !== "object") return undefined;
  return mediaType.stripped ? "object-stripped" : "object";
}

const BUILT_IN: Readonly<Record<MediaType["kind"], BuiltIn | null>> = {
  json: "array",
  csv: "csv",
  geojson: "geojson",
  any: "array",
  "array-stripped": "array-stripped",
  object: "object",
  text: null,
  xml: null,
  openapi: null,
  form: null,
  "octet-stream": null,
  plan: null,
  other: null,
};

function builtIn(kind: BuiltIn, mediaType: MediaType): Negotiated {
  return { producer: { kind: "built-in", builtIn: kind }, mediaType, explain: null };
}

function producerOf({ handles, function: called, binary }: MediaHandler): Producer {
  switch (handles.kind) {
    case "routine":
      return { kind: "routine", binary };
    case "table":
      return { kind: "aggregate", function: called, row: handles.table, binary };
    case "any-element":
      return { kind: "aggregate", function: called, row: null, binary };
    default:
      return handles satisfies never;
  }
}
