/**
 * The catalog: what PostgREST calls its schema cache. A frozen picture of the exposed part of a database, taken from
 * one snapshot of pg_catalog: tables, relationships, routines, media type handlers, domain representations and the
 * settings of roles. Plans are made from it and identifiers in SQL come from nowhere else. It decides no access:
 * PostgreSQL does, by the grants of the role. Nothing here is changed after it was loaded; a reload makes another.
 */

/** The name of a relation, routine, type or domain. Not quoted; names are as PostgreSQL stores them. */
export interface QualifiedName {
  readonly schema: string;
  readonly name: string;
}

export interface Catalog {
  /** The same for all catalogs that were made of the same answers. */
  readonly fingerprint: string;
  /** The exposed schemas, in the order in which they were configured; the first is the default. */
  readonly schemas: readonly string[];
  /** Schemas that are searched but not exposed. */
  readonly extraSearchPath: readonly string[];
  readonly server: Server;
  /**
   * Relations by schema, then by name: those of the exposed schemas, and those of other schemas that something
   * exposed needs (a routine that returns its row type, also a composite type on its own, the junction or base table of a relationship).
   */
  readonly tables: ReadonlyMap<string, ReadonlyMap<string, Table>>;
  /** What can be embedded, by the schema and name of the origin (`relationshipsOf`). */
  readonly relationships: ReadonlyMap<string, ReadonlyMap<string, readonly Relationship[]>>;
  /** Functions of the exposed schemas, by schema, then by name. Overloads in the order of their arguments' count. */
  readonly routines: ReadonlyMap<string, ReadonlyMap<string, readonly Routine[]>>;
  readonly mediaHandlers: readonly MediaHandler[];
  /** By the domain's type name, then by the other side of the cast (`representationOf`). */
  readonly representations: Representations;
  /** Settings to apply when a role is impersonated, by role. Only what the authenticator may set. */
  readonly roles: ReadonlyMap<string, RoleSettings>;
}

export interface Server {
  /** server_version_num, e.g. 180004. */
  readonly version: number;
  /** server_version, e.g. `18.4`. */
  readonly versionText: string;
}

/** What a relation is (pg_class.relkind). */
export type TableKind = "table" | "partitioned" | "foreign" | "view" | "materialized" | "composite";

export interface Table extends QualifiedName {
  readonly kind: TableKind;
  /** False for a relation that is only known because something exposed needs it. */
  readonly exposed: boolean;
  readonly description: string | null;
  /** In the order of the relation. */
  readonly columns: ReadonlyMap<string, Column>;
  /** The primary key's columns; for a view those columns that show its base table's whole key, else none. */
  readonly primaryKey: readonly string[];
  /** Whether the relation itself can take it (also a view through INSTEAD OF triggers); grants are not looked at. */
  readonly insertable: boolean;
  readonly updatable: boolean;
  readonly deletable: boolean;
  /** Functions of one argument that take this row: `SELECT t.name` works for them as for a column. */
  readonly computedFields: ReadonlyMap<string, ComputedField>;
}

export interface Column {
  readonly name: string;
  /** The type as PostgreSQL writes it, without a length; for a domain the type under it (`integer`, `app.mood`). */
  readonly type: string;
  /**
   * The type as declared, a domain by its own name, as a cast is written with: qualified, without a length, and as a
   * name that means no length either (`bpchar`, since `character` means one character). Representations go by it.
   */
  readonly nominalType: string;
  readonly nullable: boolean;
  /** Whether an INSERT may leave it out: it has a default, an identity or is generated. */
  readonly hasDefault: boolean;
  /**
   * The default as an SQL expression, also a domain's, or of an identity column the next number of its sequence; null
   * for none, and where PostgreSQL takes no value from a client.
   */
  readonly defaultExpression: string | null;
  /** Identity and generated columns: whether PostgreSQL makes the value. `always` takes no value from a client. */
  readonly generated: "no" | "identity-by-default" | "identity-always" | "stored" | "virtual";
  /** For char(n), varchar(n), bit(n); null when there is none. */
  readonly maxLength: number | null;
  /** Labels of an enum type (also under a domain), in order; else empty. */
  readonly enumValues: readonly string[];
  readonly description: string | null;
}

/** A function that takes a row of the table and gives one value (PostgreSQL: "Using Composite Types in Queries"). */
export interface ComputedField {
  readonly name: string;
  /** Where the function is. */
  readonly function: QualifiedName;
  readonly type: string;
}

/** Pairs of columns that are equal: the first of the origin, the second of the other side. */
export type ColumnPairs = readonly (readonly [string, string])[];

/** How many rows of the target there are for one row of the origin, and of the origin for one of the target. */
export type Cardinality = "many-to-one" | "one-to-many" | "one-to-one" | "many-to-many";

export type Relationship = ForeignKeyRelationship | JunctionRelationship | ComputedRelationship;

interface Related {
  readonly origin: QualifiedName;
  readonly target: QualifiedName;
  /** Origin and target are one relation. */
  readonly self: boolean;
  readonly originIsView: boolean;
  readonly targetIsView: boolean;
}

/** Along one foreign key, in one of its two directions. */
export interface ForeignKeyRelationship extends Related {
  readonly kind: "foreign-key";
  readonly cardinality: "many-to-one" | "one-to-many" | "one-to-one";
  readonly constraint: string;
  /** (column of the origin, column of the target). */
  readonly columns: ColumnPairs;
  /** Whether the origin is the side that has the foreign key. */
  readonly holdsKey: boolean;
}

/** Through a junction: a relation whose primary key contains foreign keys to both. */
export interface JunctionRelationship extends Related {
  readonly kind: "junction";
  readonly cardinality: "many-to-many";
  readonly junction: QualifiedName;
  /** The junction's foreign key to the origin, and the pairs (column of the origin, column of the junction). */
  readonly originConstraint: string;
  readonly originColumns: ColumnPairs;
  /** The junction's foreign key to the target, and the pairs (column of the target, column of the junction). */
  readonly targetConstraint: string;
  readonly targetColumns: ColumnPairs;
}

/** By a function that takes the origin's row and returns rows of the target. */
export interface ComputedRelationship extends Related {
  readonly kind: "computed";
  /** To one when the function is declared ROWS 1 or returns no set. */
  readonly cardinality: "many-to-one" | "one-to-many";
  readonly function: QualifiedName;
  /** Whether it is declared RETURNS SETOF. */
  readonly returnsSet: boolean;
}

export interface Routine extends QualifiedName {
  readonly description: string | null;
  /** Input arguments (IN, INOUT, VARIADIC), in order. An unnamed one has the name "". */
  readonly parameters: readonly RoutineParameter[];
  readonly variadic: boolean;
  readonly returns: RoutineReturn;
  readonly volatility: "volatile" | "stable" | "immutable";
  /** default_transaction_isolation of its SET clauses, e.g. `serializable`. */
  readonly isolation: IsolationLevel | null;
  /** The other SET clauses, those that db-hoisted-tx-settings names: applied to the transaction. */
  readonly settings: readonly Setting[];
}

export interface RoutineParameter {
  readonly name: string;
  /** As PostgreSQL writes it, without a length; of a VARIADIC parameter the array type. */
  readonly type: string;
  /** The name to write a cast with: as `Column.nominalType`, it means no length (`bpchar` for `character`). */
  readonly castType: string;
  /** Has no default. */
  readonly required: boolean;
  readonly variadic: boolean;
}

export type RoutineReturn =
  | { readonly kind: "void" }
  /** A value of a type that is no row: `integer`, `json`, a domain, an array. */
  | {
      readonly kind: "scalar";
      readonly setOf: boolean;
      readonly type: QualifiedName;
      /** As PostgreSQL writes it, e.g. `integer`. */
      readonly typeText: string;
    }
  /** Rows of a table, a view or a composite type. */
  | {
      readonly kind: "composite";
      readonly setOf: boolean;
      readonly type: QualifiedName;
      /** Declared as a domain over the composite type: its value must be unpacked before it has columns. */
      readonly alias: boolean;
    }
  /** RETURNS TABLE (…) or OUT parameters: rows whose columns are named by the function itself. */
  | { readonly kind: "columns"; readonly setOf: boolean; readonly columns: readonly ReturnColumn[] }
  /** RETURNS record: rows whose columns nobody knows before the call. */
  | { readonly kind: "record"; readonly setOf: boolean };

export interface ReturnColumn {
  readonly name: string;
  readonly type: string;
}

export type IsolationLevel = "read uncommitted" | "read committed" | "repeatable read" | "serializable";

/** A run-time parameter and its value. */
export type Setting = readonly [name: string, value: string];

/** What turns rows into a body of a media type (PostgREST: "Media Type Handlers"). */
export interface MediaHandler {
  /** In lower case, without parameters, e.g. `application/vnd.twkb`; or any media type. */
  readonly mediaType: string | typeof ANY_MEDIA_TYPE;
  readonly handles: MediaSource;
  /** The aggregate to run over the rows, or the function whose result is the body. */
  readonly function: QualifiedName;
  /** The domain named like the media type. */
  readonly domain: QualifiedName;
  /** The media type's domain is over bytea, so that the body is bytes. */
  readonly binary: boolean;
}

export type MediaSource =
  /** An aggregate over rows of this relation. */
  | { readonly kind: "table"; readonly table: QualifiedName }
  /** An aggregate over rows of any relation (it takes anyelement). */
  | { readonly kind: "any-element" }
  /** The routine returns the body itself. */
  | { readonly kind: "routine"; readonly routine: QualifiedName };

/** What the domain with a star on both sides of the slash stands for: a handler of every media type. */
export const ANY_MEDIA_TYPE = Symbol("any media type");

/** Functions behind casts between a domain and json or text (PostgREST: "Domain Representations"). */
export interface Representations {
  /** domain → json: how a column is written in an answer. */
  readonly toJson: ReadonlyMap<string, QualifiedName>;
  /** domain → text: how a column is written in CSV and plain text. */
  readonly toText: ReadonlyMap<string, QualifiedName>;
  /** json → domain: how a value of a JSON body is read. */
  readonly fromJson: ReadonlyMap<string, QualifiedName>;
  /** text → domain: how a filter's value is read. */
  readonly fromText: ReadonlyMap<string, QualifiedName>;
}

export interface RoleSettings {
  /** default_transaction_isolation of the role. */
  readonly isolation: IsolationLevel | null;
  readonly settings: readonly Setting[];
}
