/** What the rows of a read are turned into. */
import type { QualifiedName } from "../catalog/types.ts";
import type { MediaType, PlanOption } from "../request/types.ts";
import type { ReadPlan } from "./types.ts";

export type Representation =
  /** No body: HEAD, or a write that returns nothing. */
  | { readonly kind: "none" }
  /** A JSON array of objects. */
  | { readonly kind: "array"; readonly stripped: boolean }
  /** One JSON object; it is the answer's business that there is exactly one row. */
  | { readonly kind: "object"; readonly stripped: boolean }
  /** Null: nobody knows the columns before there are rows. */
  | { readonly kind: "csv"; readonly header: readonly string[] | null }
  /** A GeoJSON FeatureCollection, by PostGIS. */
  | { readonly kind: "geojson" }
  /** What a function returns that gives no row, or no more than one: the value itself, or a JSON array of values. */
  | { readonly kind: "value"; readonly column: string; readonly many: boolean; readonly stripped: boolean }
  /** The body that a function returned. */
  | { readonly kind: "raw"; readonly column: string; readonly binary: boolean }
  /** An aggregate of the database. */
  | {
      readonly kind: "handler";
      readonly function: QualifiedName;
      /** The row type that it takes; null when it takes any. */
      readonly row: QualifiedName | null;
      readonly binary: boolean;
    };

/** What was agreed on from `Accept` and what there is. */
export interface Negotiated {
  /** Who makes the body. */
  readonly producer: Producer;
  /** For `Content-Type`. */
  readonly mediaType: MediaType;
  /** The answer is the statement's plan instead (`application/vnd.pgrst.plan`). */
  readonly explain: Explain | null;
}

export type Producer =
  /** Postern itself, from rows. */
  | { readonly kind: "built-in"; readonly builtIn: BuiltIn }
  /** An aggregate over rows. */
  | {
      readonly kind: "aggregate";
      readonly function: QualifiedName;
      readonly row: QualifiedName | null;
      readonly binary: boolean;
    }
  /** The function that is called returns the body itself. */
  | { readonly kind: "routine"; readonly binary: boolean };

export type BuiltIn = "array" | "array-stripped" | "object" | "object-stripped" | "csv" | "geojson";

export interface Explain {
  readonly format: "json" | "text";
  readonly options: readonly PlanOption[];
}

/** How columns are written for a producer: which domain representations apply (`ReadRequest.output`). */
export type RowOutput = "json" | "csv" | "raw";

export function rowOutputOf(producer: Producer): RowOutput {
  if (producer.kind !== "built-in") return "raw";
  return producer.builtIn === "csv" ? "csv" : "json";
}

/** @param plan of the rows, whose names are CSV's header */
export function representationOf(producer: Producer, plan: ReadPlan): Representation {
  switch (producer.kind) {
    case "aggregate":
      return { ...producer, kind: "handler" };
    case "routine":
      throw new TypeError("a function that returns the body itself has no rows to represent");
    case "built-in":
      return builtInOf(producer.builtIn, plan);
    default:
      return producer satisfies never;
  }
}

function builtInOf(builtIn: BuiltIn, plan: ReadPlan): Representation {
  switch (builtIn) {
    case "array":
    case "array-stripped":
      return { kind: "array", stripped: builtIn === "array-stripped" };
    case "object":
    case "object-stripped":
      return { kind: "object", stripped: builtIn === "object-stripped" };
    case "csv":
      return { kind: "csv", header: headerOf(plan) };
    case "geojson":
      return { kind: "geojson" };
    default:
      return builtIn satisfies never;
  }
}

function headerOf({ outputs }: ReadPlan): string[] | null {
  const names: string[] = [];
  for (const output of outputs) {
    if (output.kind === "all") return null;
    names.push(output.name);
  }
  return names;
}
