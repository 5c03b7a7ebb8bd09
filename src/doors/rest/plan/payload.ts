/** Which columns or arguments a body fills, and from what. */
import type { Catalog, Column, QualifiedName, Table } from "../catalog/types.ts";
import { noColumn } from "../refusals.ts";
import type { Payload, Preferences } from "../request/types.ts";

/** How SQL refers to the rows of a body: no relation's rows are called so (`Aliases`). */
export const PAYLOAD = "_payload";

/** A body in JSON, sent to the server as it came. */
export interface PayloadRows {
  readonly body: Buffer | readonly Buffer[];
  /** Whether it is one object or an array of objects; `either`: it was not looked at. */
  readonly shape: "object" | "array" | "either";
}

export interface PayloadColumn {
  readonly name: string;
  /** The type to read the value as, in the server's own words. */
  readonly type: string;
  /** A domain representation: the function that reads the value from JSON. */
  readonly parser: QualifiedName | null;
  /** What stands for a key that is missing, in the server's own words; null: null. */
  readonly missing: string | null;
}

const NO_ROWS: PayloadRows = { body: Buffer.from("[]"), shape: "array" };

/** The rows of a body. What is neither an object nor an array holds none. */
export function payloadRows(payload: Payload): PayloadRows {
  switch (payload.kind) {
    case "json":
      return payload.shape === "scalar" ? NO_ROWS : { body: payload.body, shape: payload.shape };
    case "unread-json":
      return { body: payload.body, shape: "either" };
    case "none":
    case "form":
    case "raw":
      throw new TypeError(`a body of kind ${payload.kind} has no rows`);
    default:
      return payload satisfies never;
  }
}

/** The names that a body has values for. */
export function payloadNames(payload: Payload): readonly string[] {
  switch (payload.kind) {
    case "json":
      return payload.keys;
    case "unread-json":
      return payload.columns;
    case "form":
      return payload.pairs.map(({ name }) => name);
    case "none":
    case "raw":
      return [];
    default:
      return payload satisfies never;
  }
}

/**
 * The columns of a relation that a body fills. Those of `columns` may be missing in an object.
 * @throws RestError PGRST204
 */
export function payloadColumns(
  { representations }: Catalog,
  table: Table,
  payload: Payload,
  missing: Preferences["missing"],
): PayloadColumn[] {
  const byDefault = payload.kind === "unread-json" && missing === "default";
  return payloadNames(payload).map((name) => {
    const column = table.columns.get(name);
    if (column === undefined) throw noColumn(table.name, name);
    const parser = representations.fromJson.get(column.nominalType) ?? null;
    const type = parser === null ? readType(column, byDefault) : "json";
    return { name, type, parser, missing: byDefault ? column.defaultExpression : null };
  });
}

/** Types whose names without a length mean a length of one. */
const ONE_WIDE: ReadonlySet<string> = new Set(["bit", "character"]);

/**
 * A domain is only checked when the value is written: where a default may stand for it, a missing value is none of the
 * domain's yet.
 */
function readType({ type, nominalType }: Column, byDefault: boolean): string {
  return byDefault && !ONE_WIDE.has(type) ? type : nominalType;
}
