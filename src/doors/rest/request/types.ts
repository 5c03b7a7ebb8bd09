/**
 * What a client of the REST door asks for, in the vocabulary of PostgREST's URL grammar and headers. Everything here
 * is what the client wrote: no name has been looked up in a catalog and no permission has been asked for, so a name in
 * these types is a wish until `plan/` finds it.
 *
 * Fields that may be absent are always present with the value `undefined`: objects of one type keep one shape, which
 * keeps the hot path fast and a missed case visible.
 */

/** One step into a JSON, composite or array value: `->key`, `->>key`, `->0`, `->-1`. */
export interface JsonStep {
  /** `->` gives JSON, `->>` gives text. */
  readonly arrow: "->" | "->>";
  /** A key, or an index: an optional minus sign and digits. */
  readonly kind: "key" | "index";
  readonly operand: string;
}

/** A column, and the way into its value. */
export interface Field {
  readonly name: string;
  readonly path: readonly JsonStep[];
}

export type AggregateFunction = "sum" | "avg" | "count" | "max" | "min";

export type JoinType = "left" | "inner";

/** `*`: every column. */
export interface SelectAll {
  readonly kind: "all";
}

/** `alias:column->path::cast.function()::cast` */
export interface SelectField {
  readonly kind: "field";
  readonly field: Field;
  readonly alias: string | undefined;
  /** The cast of the column, before an aggregate function sees it. */
  readonly cast: string | undefined;
  readonly aggregate: AggregateFunction | undefined;
  /** The cast of the aggregate's result. */
  readonly aggregateCast: string | undefined;
}

/** `alias:count()::cast`: the number of rows. */
export interface SelectCount {
  readonly kind: "count";
  readonly alias: string | undefined;
  readonly aggregateCast: string | undefined;
}

/** `alias:relation!hint!inner(…)` */
export interface SelectRelation {
  readonly kind: "relation";
  readonly relation: string;
  readonly alias: string | undefined;
  readonly hint: string | undefined;
  readonly join: JoinType | undefined;
  readonly select: readonly SelectItem[];
}

/** `...relation!hint!inner(…)` */
export interface SelectSpread {
  readonly kind: "spread";
  readonly relation: string;
  readonly hint: string | undefined;
  readonly join: JoinType | undefined;
  readonly select: readonly SelectItem[];
}

export type SelectItem = SelectAll | SelectField | SelectCount | SelectRelation | SelectSpread;

/** Operators that take `(any)` and `(all)`. */
export type QuantifiedOperator = "eq" | "gt" | "gte" | "lt" | "lte" | "like" | "ilike" | "match" | "imatch";

export type SimpleOperator = "neq" | "cs" | "cd" | "ov" | "sl" | "sr" | "nxr" | "nxl" | "adj";

export type FtsOperator = "fts" | "plfts" | "phfts" | "wfts";

export type IsValue = "null" | "not_null" | "true" | "false" | "unknown";

export type Operation =
  | {
      readonly kind: "quantified";
      readonly operator: QuantifiedOperator;
      readonly quantifier: "any" | "all" | undefined;
      /** As sent: for `like` and `ilike`, `*` still stands for `%`; with a quantifier, an array literal. */
      readonly value: string;
    }
  | { readonly kind: "simple"; readonly operator: SimpleOperator; readonly value: string }
  | { readonly kind: "in"; readonly values: readonly string[] }
  | { readonly kind: "is"; readonly value: IsValue }
  | { readonly kind: "isdistinct"; readonly value: string }
  | {
      readonly kind: "fts";
      readonly operator: FtsOperator;
      readonly language: string | undefined;
      readonly value: string;
    };

/** `field=not.operator.value`. With `is` and no JSON path, the field may also name an embedded relation. */
export interface Filter {
  readonly kind: "filter";
  readonly field: Field;
  readonly negated: boolean;
  readonly operation: Operation;
}

/** `and=(…)`, `not.or=(…)` and the same inside of each other. */
export interface LogicGroup {
  readonly kind: "and" | "or";
  readonly negated: boolean;
  /** At least one. */
  readonly children: readonly LogicTree[];
}

export type LogicTree = Filter | LogicGroup;

/** `field.desc.nullslast`, or `relation(field).asc` */
export interface OrderTerm {
  /** The embedded to-one relation whose field orders the rows; `undefined` for a field of the rows themselves. */
  readonly relation: string | undefined;
  readonly field: Field;
  readonly direction: "asc" | "desc" | undefined;
  readonly nulls: "first" | "last" | undefined;
}

/** Rows `offset` … `offset + limit - 1`; with no limit, all that follow. */
export interface Range {
  readonly offset: number;
  readonly limit: number | undefined;
}

/** What a parameter says, and of which embedded relation: `a.b.order=id` has the path `["a", "b"]`, `order=id` has `[]`. */
export interface Placed<T> {
  readonly path: readonly string[];
  readonly item: T;
}

/** The query string, parsed. */
export interface Query {
  /** `[{ kind: "all" }]` when there is no `select`; empty when `select=` is empty. */
  readonly select: readonly SelectItem[];
  readonly filters: readonly Placed<Filter>[];
  readonly logic: readonly Placed<LogicGroup>[];
  readonly order: readonly Placed<readonly OrderTerm[]>[];
  /** `limit` and `offset` of embedded relations; those of the request itself are `ApiRequest.range`. */
  readonly ranges: readonly Placed<Range>[];
  readonly onConflict: readonly string[] | undefined;
  readonly columns: readonly string[] | undefined;
  /** Arguments of a function called with GET or HEAD: the parameters that are no filters, in order, with repeats. */
  readonly arguments: readonly Parameter[];
  /** Every parameter, decoded, in the order sent. */
  readonly parameters: readonly Parameter[];
}

export interface Parameter {
  readonly name: string;
  /** `undefined` for a parameter without `=`. */
  readonly value: string | undefined;
}

export type Resolution = "merge-duplicates" | "ignore-duplicates";
export type Return = "representation" | "headers-only" | "minimal";
export type Count = "exact" | "planned" | "estimated";
export type TransactionEnd = "commit" | "rollback";

/** `Prefer` (RFC 7240). A preference that was not sent, or not understood, is `undefined`. */
export interface Preferences {
  readonly resolution: Resolution | undefined;
  readonly return: Return | undefined;
  readonly count: Count | undefined;
  /** Only where the configuration lets clients choose (`db-tx-end`). */
  readonly tx: TransactionEnd | undefined;
  readonly missing: "default" | "null" | undefined;
  readonly handling: "strict" | "lenient" | undefined;
  readonly timezone: string | undefined;
  readonly maxAffected: number | undefined;
  /** What was not understood, as sent. With `handling=strict` the request has been refused already (PGRST122). */
  readonly invalid: readonly string[];
}

export type PlanOption = "analyze" | "verbose" | "settings" | "buffers" | "wal";

export type MediaType =
  | { readonly kind: "json" }
  | { readonly kind: "geojson" }
  | { readonly kind: "csv" }
  | { readonly kind: "text" }
  | { readonly kind: "xml" }
  | { readonly kind: "openapi" }
  | { readonly kind: "form" }
  | { readonly kind: "octet-stream" }
  /** A wildcard, or no `Accept` header. */
  | { readonly kind: "any" }
  /** `application/vnd.pgrst.array+json;nulls=stripped` (without the parameter it is `json`). */
  | { readonly kind: "array-stripped" }
  /** `application/vnd.pgrst.object+json`, with `nulls=stripped` or without. */
  | { readonly kind: "object"; readonly stripped: boolean }
  | {
      readonly kind: "plan";
      readonly for: MediaType;
      readonly format: "json" | "text";
      readonly options: readonly PlanOption[];
    }
  /** Anything else; a media type handler of the database may know it. */
  | {
      readonly kind: "other";
      /** Type and subtype in lower case, without parameters. */
      readonly essence: string;
      /** As it was sent, parameters and all. */
      readonly sent: string;
    };

/** What the method asks of the resource in the path. */
export type Action =
  | { readonly kind: "read"; readonly relation: string; readonly headersOnly: boolean }
  | { readonly kind: "insert"; readonly relation: string }
  /** PUT: one row, named by its primary key. */
  | { readonly kind: "upsert"; readonly relation: string }
  | { readonly kind: "update"; readonly relation: string }
  | { readonly kind: "delete"; readonly relation: string }
  | { readonly kind: "call"; readonly routine: string; readonly method: "GET" | "HEAD" | "POST" }
  /** The description of the API (OpenAPI). */
  | { readonly kind: "describe"; readonly headersOnly: boolean }
  | { readonly kind: "options"; readonly of: OptionsTarget };

export type OptionsTarget =
  | { readonly kind: "relation"; readonly relation: string }
  | { readonly kind: "routine"; readonly routine: string }
  | { readonly kind: "root" };

/** A request without its body, which is read only once this is known to make sense. */
export interface ApiRequest {
  readonly action: Action;
  readonly method: string;
  /** The path as sent, still percent-encoded: for headers and `request.path` only, never for a decision. */
  readonly path: string;
  /** One of the exposed schemas: the one the profile header asks for, or the first. */
  readonly schema: string;
  /** Whether the answer names the schema in `Content-Profile`: it was asked for, or there is more than one to choose. */
  readonly schemaNegotiated: boolean;
  readonly query: Query;
  /** The rows asked for by `limit` and `offset` together with the `Range` header. */
  readonly range: Range;
  readonly preferences: Preferences;
  /** By falling quality; `[{ kind: "any" }]` without an `Accept` header. */
  readonly accept: readonly MediaType[];
  /** `json` without a `Content-Type` header. */
  readonly contentType: MediaType;
}

/** A request's body, told apart by what can be done with it. Values in it were not read. */
export type Payload =
  /** The action takes none. */
  | { readonly kind: "none" }
  /**
   * JSON (or CSV or a form turned into JSON) whose keys are known: one object, or an array of objects that all have
   * exactly `keys`. A scalar (a string, a number, …) has no keys: where rows are wanted it stands for none.
   */
  | {
      readonly kind: "json";
      /** In pieces when it was made from CSV, so that it need not be put together. */
      readonly body: Buffer | readonly Buffer[];
      readonly shape: "object" | "array" | "scalar";
      /** How many objects there are. */
      readonly rows: number;
      /** Each once, in the order of the first object. */
      readonly keys: readonly string[];
    }
  /** JSON that was not looked at, because `columns` says which keys count. PostgreSQL finds its faults. */
  | { readonly kind: "unread-json"; readonly body: Buffer; readonly columns: readonly string[] }
  /** A form posted to a function: a repeated name is a variadic argument. */
  | { readonly kind: "form"; readonly pairs: readonly { readonly name: string; readonly value: string }[] }
  /** A function's single unnamed argument: text, XML or bytes. */
  | { readonly kind: "raw"; readonly body: Buffer };
