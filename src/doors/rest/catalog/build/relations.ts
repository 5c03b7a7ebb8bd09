import { CatalogError } from "../errors.ts";
import { Fields } from "../read/fields.ts";
import type { Column, QualifiedName, Table, TableKind } from "../types.ts";
import { type DataTypes, maxLength } from "./data-types.ts";

/** A relation before its keys and computed fields are known, with the numbers that constraints go by. */
export interface Relation {
  readonly oid: string;
  /** One object for all relationships to share. */
  readonly name: QualifiedName;
  readonly table: Omit<Table, "primaryKey" | "computedFields">;
  /** Names of columns by pg_attribute.attnum. */
  readonly names: ReadonlyMap<number, string>;
}

/** pg_class.relkind. */
const KINDS: Readonly<Record<string, TableKind>> = {
  r: "table",
  p: "partitioned",
  f: "foreign",
  v: "view",
  m: "materialized",
  c: "composite",
};

/** pg_relation_is_updatable gives a bit for each CmdType of nodes.h. */
const UPDATE = 1 << 2;
const INSERT = 1 << 3;
const DELETE = 1 << 4;

/** Reads relations, and keeps columns that are alike once: most tables have the same few. */
export class RelationReader {
  readonly #types: DataTypes;
  readonly #columns = new Map<string, Column>();

  constructor(types: DataTypes) {
    this.#types = types;
  }

  read(payload: string): Relation {
    const row = Fields.parse(payload);
    const events = row.number(6);
    const names = new Map<number, string>();
    const columns = new Map<string, Column>();
    for (const numbered of row.rows(7)) {
      const column = this.#column(numbered.text(1));
      names.set(numbered.number(0), column.name);
      columns.set(column.name, column);
    }
    const name = { schema: row.text(1), name: row.text(2) };
    return {
      oid: row.text(0),
      name,
      names,
      table: {
        ...name,
        kind: kindOf(row.text(3)),
        exposed: row.flag(4),
        description: row.textOrNull(5),
        insertable: (events & INSERT) !== 0,
        updatable: (events & UPDATE) !== 0,
        deletable: (events & DELETE) !== 0,
        columns,
      },
    };
  }

  #column(text: string): Column {
    const known = this.#columns.get(text);
    if (known !== undefined) return known;
    const column = readColumn(Fields.parse(text), this.#types);
    this.#columns.set(text, column);
    return column;
  }
}

function kindOf(letter: string): TableKind {
  const kind = KINDS[letter];
  if (kind === undefined) throw new CatalogError("catalog/unreadable", `${letter} is no kind of relation`);
  return kind;
}

function readColumn(row: Fields, types: DataTypes): Column {
  const type = types.get(row.text(1));
  if (type === undefined)
    throw new CatalogError("catalog/unreadable", `the type of column ${row.text(0)} is not known`);
  const generated = generation(row.text(4), row.text(5));
  const ownDefault = row.textOrNull(6);
  const expression = ownDefault ?? type.defaultExpression;
  return {
    name: row.text(0),
    type: type.base.text,
    nominalType: type.castText,
    nullable: !(row.flag(3) || type.notNull),
    hasDefault: generated !== "no" || expression !== null,
    defaultExpression: generated === "no" || generated === "identity-by-default" ? expression : null,
    generated,
    maxLength: maxLength(type, row.number(2)),
    enumValues: type.base.enumValues,
    description: row.textOrNull(7),
  };
}

/** pg_attribute.attidentity and attgenerated. */
function generation(identity: string, generated: string): Column["generated"] {
  if (identity === "a") return "identity-always";
  if (identity === "d") return "identity-by-default";
  if (generated === "s") return "stored";
  return generated === "v" ? "virtual" : "no";
}
