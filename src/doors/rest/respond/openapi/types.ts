/** PostgreSQL's types as Swagger 2.0 has them ("Data Types"): what PostgREST says of each, since generators read it. */

export interface SwaggerType {
  readonly type?: "string" | "boolean" | "integer" | "number" | "array";
  readonly format?: string;
  readonly items?: Omit<SwaggerType, "format" | "items">;
}

const TYPES: ReadonlyMap<string, SwaggerType["type"]> = new Map([
  ["boolean", "boolean"],
  ["smallint", "integer"],
  ["integer", "integer"],
  ["bigint", "integer"],
  ["numeric", "number"],
  ["real", "number"],
  ["double precision", "number"],
]);
/** Swagger's own formats; any other type is its own format, which Swagger permits. */
const FORMATS: ReadonlyMap<string, string> = new Map([
  ["smallint", "int32"],
  ["integer", "int32"],
  ["bigint", "int64"],
]);

export function formatOf(type: string): string {
  return FORMATS.get(type) ?? type;
}

/** JSON may be anything, so it has no type. */
export function typeName(type: string): SwaggerType["type"] {
  if (type === "json" || type === "jsonb") return undefined;
  return TYPES.get(type) ?? (type.endsWith("[]") ? "array" : "string");
}

/** `integer[]` → `integer`. */
export function elementType(type: string): string {
  return type.endsWith("[]") ? type.slice(0, -2) : type;
}

/** A property of an object. */
export function propertyType(type: string): SwaggerType {
  const name = typeName(type);
  return {
    format: formatOf(type),
    ...(name === undefined ? {} : { type: name }),
    ...(name === "array" ? { items: typed(elementType(type)) } : {}),
  };
}

/** A parameter of a URL: arrays are written as literals, and there must be a type. */
export function parameterType(type: string): SwaggerType {
  const name = typeName(type) ?? "string";
  return { format: formatOf(type), type: name === "array" ? "string" : name };
}

function typed(type: string): SwaggerType {
  const name = typeName(type);
  return name === undefined ? {} : { type: name };
}
