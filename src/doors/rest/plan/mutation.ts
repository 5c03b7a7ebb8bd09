/** What a write does, with every name found in the catalog. `sql/mutate.ts` writes it down as SQL. */
import type { QualifiedName } from "../catalog/types.ts";
import type { Resolution } from "../request/types.ts";
import type { PayloadColumn, PayloadRows } from "./payload.ts";
import type { Comparison, Condition } from "./types.ts";

export type MutatePlan = InsertPlan | UpdatePlan | DeletePlan;

export interface Target {
  readonly relation: QualifiedName;
  /** How conditions and RETURNING call the relation's rows. */
  readonly alias: string;
  readonly returning: Returning;
}

export interface InsertPlan extends Target {
  readonly kind: "insert";
  readonly columns: readonly PayloadColumn[];
  readonly rows: PayloadRows;
  readonly conflict: ConflictPlan | null;
  /** PUT: the first object alone, and only when it has the key that the URL names. */
  readonly only: readonly Comparison[] | null;
  /** What is returned is the primary key of the new row, for `Location`. */
  readonly location: boolean;
}

export interface ConflictPlan {
  readonly columns: readonly string[];
  readonly resolution: Resolution;
}

export interface UpdatePlan extends Target {
  readonly kind: "update";
  readonly columns: readonly PayloadColumn[];
  readonly rows: PayloadRows;
  readonly where: readonly Condition[];
}

export interface DeletePlan extends Target {
  readonly kind: "delete";
  readonly where: readonly Condition[];
}

/** What is known of the rows after they were written. */
export type Returning =
  /** How many they are. */
  { readonly kind: "nothing" } | { readonly kind: "columns"; readonly names: readonly string[] };
