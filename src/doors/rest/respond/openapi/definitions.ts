/** `definitions`: the rows of tables and views as objects. */
import { relationshipsOf } from "../../catalog/find/relationship.ts";
import type { Catalog, Column, ForeignKeyRelationship, Table } from "../../catalog/types.ts";
import { propertyType, typeName } from "./types.ts";

/** The definition of a table's rows. */
export function tableDefinition(catalog: Catalog, table: Table): object {
  const columns = [...table.columns.values()];
  const required = columns.filter(({ nullable }) => !nullable).map(({ name }) => name);
  const keys = foreignKeys(catalog, table);
  return {
    ...(table.description === null ? {} : { description: table.description }),
    ...(required.length === 0 ? {} : { required }),
    properties: Object.fromEntries(
      columns.map((column) => [column.name, property(column, table, keys.get(column.name))]),
    ),
    type: "object",
  };
}

function property(column: Column, table: Table, key: ForeignKeyRelationship | undefined): object {
  const description = note(column, table.primaryKey.includes(column.name), key);
  const standard = defaultOf(column);
  return {
    ...(standard === undefined ? {} : { default: standard }),
    ...(description === null ? {} : { description }),
    ...(column.enumValues.length === 0 ? {} : { enum: column.enumValues }),
    ...(column.maxLength === null ? {} : { maxLength: column.maxLength }),
    ...propertyType(column.type),
  };
}

/** The comment, and what generators look for: marks of primary and foreign keys. */
function note(
  { description }: Column,
  isKey: boolean,
  key: ForeignKeyRelationship | undefined,
): string | null {
  const lines: string[] = [];
  if (isKey) lines.push("This is a Primary Key.<pk/>");
  if (key !== undefined) {
    const [table, column] = [key.target.name, key.columns[0]?.[1] ?? ""];
    lines.push(`This is a Foreign Key to \`${table}.${column}\`.<fk table='${table}' column='${column}'/>`);
  }
  if (lines.length === 0) return description;
  const notes = ["Note:", ...lines].join("\n");
  return description === null ? notes : `${description}\n\n${notes}`;
}

/** Foreign keys of one column, by that column; those to tables before those to views that show one. */
function foreignKeys(catalog: Catalog, table: Table): ReadonlyMap<string, ForeignKeyRelationship> {
  const keys = new Map<string, ForeignKeyRelationship>();
  for (const relationship of relationshipsOf(catalog, table)) {
    if (relationship.kind !== "foreign-key" || !relationship.holdsKey) continue;
    const [pair, ...others] = relationship.columns;
    if (pair === undefined || others.length > 0) continue;
    const before = keys.get(pair[0]);
    if (before === undefined || (before.targetIsView && !relationship.targetIsView))
      keys.set(pair[0], relationship);
  }
  return keys;
}

/** The default as a JSON value; an expression is shown as it is where the value is text, and not at all elsewhere. */
function defaultOf({ defaultExpression, type }: Column): unknown {
  if (defaultExpression === null) return undefined;
  if (typeName(type) !== "string") return parsed(defaultExpression);
  const cast = `::${type}`;
  return defaultExpression.endsWith(cast)
    ? defaultExpression.slice(0, -cast.length).replace(/^'+|'+$/g, "")
    : defaultExpression;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
