/** What the rows of a read are turned into. Which one is `negotiate.ts`'s choice. */
import type { QualifiedName } from "../catalog/types.ts";
import type { MediaType, PlanOption } from "../request/types.ts";

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
  | { readonly kind: "built-in"; readonly mediaType: BuiltIn }
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
