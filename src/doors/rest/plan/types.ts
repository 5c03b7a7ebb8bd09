/**
 * What a read does, with every name found in the catalog: a tree of row sources, each with what it outputs, its
 * conditions, its order and what is embedded in it. `sql/read.ts` writes it down as SQL; nothing there decides or
 * looks up anything. Reads of relations, the representation of what a write returned and rows of functions are all
 * the same tree; only where the root's rows come from differs.
 */
import type { ColumnPairs, QualifiedName } from "../catalog/types.ts";
import type { AggregateFunction, JsonStep, Operation } from "../request/types.ts";

/** One level of the tree. */
export interface ReadPlan {
  /** How SQL refers to these rows: the relation's own name at the root, so that the server's messages read well. */
  readonly alias: string;
  readonly rows: RowSource;
  readonly outputs: readonly Output[];
  /** All must hold. */
  readonly where: readonly Condition[];
  readonly order: readonly OrderBy[];
  /** The smaller of what the client asked for and `db-max-rows`; null: all rows. */
  readonly limit: number | null;
  readonly offset: number;
  /** Some output is an aggregate, so the rows are grouped by all others. */
  readonly grouped: boolean;
  readonly embeds: readonly EmbedPlan[];
}

export type RowSource =
  | { readonly kind: "relation"; readonly relation: QualifiedName }
  /** The caller of `sql/read.ts` hands over a FROM item: what a write returned, or a function call. */
  | { readonly kind: "given" }
  /** A computed relationship: a function of the parent's row. */
  | {
      readonly kind: "computed";
      readonly function: QualifiedName;
      readonly origin: QualifiedName;
      readonly parentAlias: string;
      /** The parent's rows are of no named type: the columns that make up the row to cast. Null: they are. */
      readonly rowOf: readonly string[] | null;
    };

/** A column, or a step into one. */
export interface FieldPlan {
  readonly alias: string;
  readonly column: string;
  readonly path: readonly JsonStep[];
  /** The column is neither json nor jsonb, so that a path into it starts with to_jsonb. */
  readonly toJson: boolean;
}

export type Value =
  | {
      readonly kind: "field";
      readonly field: FieldPlan;
      /** A domain representation: the function that writes the value. */
      readonly formatter: QualifiedName | null;
    }
  /** What the subquery of an embed exports. */
  | { readonly kind: "export"; readonly alias: string; readonly column: string }
  /** The embed itself, as JSON. */
  | { readonly kind: "embed"; readonly embed: EmbedPlan };

export type Output =
  /** Every column. */
  | { readonly kind: "all" }
  | {
      readonly kind: "value";
      readonly name: string;
      readonly value: Value;
      /** A type as the client wrote it; `sql/cast.ts` lets nothing but a type's name into the text. */
      readonly cast: string | null;
      readonly aggregate: { readonly function: AggregateFunction; readonly cast: string | null } | null;
    }
  /** The number of rows. */
  | { readonly kind: "count"; readonly name: string; readonly cast: string | null };

export type Condition =
  | {
      readonly kind: "and" | "or";
      readonly negated: boolean;
      readonly conditions: readonly Condition[];
    }
  | Comparison
  /** Whether there is a row to embed. */
  | { readonly kind: "exists"; readonly embed: EmbedPlan; readonly negated: boolean };

export interface Comparison {
  readonly kind: "comparison";
  readonly field: FieldPlan;
  readonly negated: boolean;
  readonly operation: Operation;
  /** A domain representation: the function that reads a value. */
  readonly parser: QualifiedName | null;
  /** Full-text search in what is no tsvector. */
  readonly toTsvector: boolean;
}

export interface OrderBy {
  readonly value: Value;
  /** Steps into an exported value. */
  readonly path: readonly JsonStep[];
  readonly direction: "asc" | "desc" | undefined;
  readonly nulls: "first" | "last" | undefined;
}

/** How the rows of an embed belong to the parent's. */
export type JoinCondition =
  | { readonly kind: "columns"; readonly parentAlias: string; readonly pairs: ColumnPairs }
  | {
      readonly kind: "junction";
      readonly parentAlias: string;
      readonly junction: QualifiedName;
      readonly junctionAlias: string;
      /** (column of the parent, column of the junction). */
      readonly parentPairs: ColumnPairs;
      /** (column of the embedded rows, column of the junction). */
      readonly targetPairs: ColumnPairs;
    }
  /** The row source says it all. */
  | { readonly kind: "none" };

export interface EmbedPlan {
  /** The subquery's name. */
  readonly alias: string;
  readonly plan: ReadPlan;
  readonly join: JoinCondition;
  /** Parents without such a row are left out. */
  readonly inner: boolean;
  readonly toOne: boolean;
  readonly shape: EmbedShape;
  /** What the parent needs beside what is shown: values to order by. */
  readonly helpers: readonly Output[];
}

export type EmbedShape =
  /** To one: a JSON object, or null. */
  | "object"
  /** To many: a JSON array of objects. */
  | "array"
  /** To one: exported columns. */
  | "columns"
  /** To many: exported columns, each an array. */
  | "arrays"
  /** The same as one array of them: `sql/page.ts` makes it of the other. */
  | "packed"
  /** Nothing of it is shown: it filters or orders. */
  | "hidden";

/** The one row that every main statement of the REST door gives. */
export interface MainRow {
  /** All rows there are, where `Prefer: count` asked for it. */
  readonly totalCount: number | null;
  /** Rows in the body. */
  readonly pageTotal: number;
  readonly body: Buffer;
  /** The settings `response.headers` and `response.status` as functions of the database left them; null: untouched. */
  readonly responseHeaders: string | null;
  readonly responseStatus: string | null;
  /** Writes only: a JSON object of the new row's primary key, for `Location`. */
  readonly location: string | null;
  /** Writes only: how many rows were inserted, not updated. */
  readonly inserted: number | null;
}
