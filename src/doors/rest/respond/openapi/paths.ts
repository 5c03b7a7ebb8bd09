/** `paths`: what can be done with tables, views and functions. */
import type { Routine, RoutineParameter, Table } from "../../catalog/types.ts";
import { describe } from "./description.ts";
import { rowFilter } from "./parameters.ts";
import { elementType, formatOf, parameterType, propertyType, typeName } from "./types.ts";

const JSON_TYPES = [
  "application/json",
  "application/vnd.pgrst.object+json;nulls=stripped",
  "application/vnd.pgrst.object+json",
];
/** What the API takes and gives in general. */
export const MEDIA_TYPES: readonly string[] = [...JSON_TYPES, "text/csv"];

const OK = { 200: { description: "OK" } };
const NO_CONTENT = { 204: { description: "No Content" } };

export const ROOT_PATH = {
  get: {
    tags: ["Introspection"],
    summary: "OpenAPI description (this document)",
    produces: ["application/openapi+json", "application/json"],
    responses: OK,
  },
};

const refs = (names: readonly string[]) => names.map((name) => ({ $ref: `#/parameters/${name}` }));

export function tablePath(table: Table): object {
  const { name, description, insertable, updatable, deletable } = table;
  const common = { tags: [name], ...describe(description) };
  const filters = [...table.columns.values()].map((column) => rowFilter(name, column));
  const rows = { type: "array", items: { $ref: `#/definitions/${name}` } };
  const get = {
    ...common,
    parameters: refs([...filters, "select", "order", "range", "rangeUnit", "offset", "limit", "preferCount"]),
    responses: { 200: { description: "OK", schema: rows }, 206: { description: "Partial Content" } },
  };
  if (!insertable && !updatable && !deletable) return { get };
  return {
    get,
    post: {
      ...common,
      parameters: refs([`body.${name}`, "select", "preferPost"]),
      responses: { 201: { description: "Created" } },
    },
    patch: {
      ...common,
      parameters: refs([...filters, `body.${name}`, "preferReturn"]),
      responses: NO_CONTENT,
    },
    delete: { ...common, parameters: refs([...filters, "preferReturn"]), responses: NO_CONTENT },
  };
}

/** @param types what types of arguments are called, where not by their whole names */
export function routinePath(routine: Routine, types: ReadonlyMap<string, string>): object {
  const { name, description, volatility } = routine;
  const parameters = routine.parameters.map((one) => ({ ...one, type: types.get(one.type) ?? one.type }));
  const common = {
    tags: [`(rpc) ${name}`],
    ...describe(description),
    produces: JSON_TYPES,
    responses: OK,
  };
  const post = {
    ...common,
    parameters: [
      { name: "args", required: true, in: "body", schema: argumentsSchema({ description, parameters }) },
      ...refs(["preferParams"]),
    ],
  };
  return volatility === "volatile"
    ? { post }
    : { get: { ...common, parameters: parameters.map(queryParameter) }, post };
}

function argumentsSchema({ description, parameters }: Pick<Routine, "description" | "parameters">): object {
  const required = parameters.filter((one) => one.required).map(({ name }) => name);
  return {
    ...(description === null ? {} : { description }),
    ...(required.length === 0 ? {} : { required }),
    properties: Object.fromEntries(parameters.map(({ name, type }) => [name, propertyType(type)])),
    type: "object",
  };
}

function queryParameter({ name, type, required, variadic }: RoutineParameter): object {
  const common = { name, required, in: "query" };
  if (!variadic) return { ...common, ...parameterType(type) };
  const element = elementType(type);
  const elementName = typeName(element);
  return {
    ...common,
    type: typeName(type) ?? "string",
    items: { ...(elementName === undefined ? {} : { type: elementName }), format: formatOf(element) },
    collectionFormat: "multi",
  };
}
