import { Fields } from "../read/fields.ts";
import type { ComputedField, ComputedRelationship, QualifiedName } from "../types.ts";
import { ByName } from "./by-name.ts";
import type { DataTypes } from "./data-types.ts";
import type { Relation } from "./relations.ts";

/** Functions of one row: those that give rows relate two relations, the others are fields. */
export interface RowFunctions {
  readonly relationships: readonly ComputedRelationship[];
  readonly fields: ByName<Map<string, ComputedField>>;
}

interface Known {
  readonly types: DataTypes;
  /** By oid. */
  readonly relations: ReadonlyMap<string, Relation>;
  relationNamed(name: QualifiedName): Relation | undefined;
}

export function readRowFunctions(payloads: readonly string[], known: Known): RowFunctions {
  const relationships: ComputedRelationship[] = [];
  const fields = new ByName<Map<string, ComputedField>>();
  for (const payload of payloads) {
    const row = Fields.parse(payload);
    const origin = known.relations.get(row.text(2));
    const type = known.types.get(row.text(5));
    if (origin === undefined || type === undefined || !origin.table.exposed) continue;
    const name = { schema: row.text(0), name: row.text(1) };
    const target = type.base.relation === null ? undefined : known.relationNamed(type.base.relation);
    if (target?.table.exposed) relationships.push(computed(name, origin, target, row));
    else if (!row.flag(3))
      fields
        .getOrAdd(origin.table, () => new Map())
        .set(name.name, { name: name.name, function: name, type: type.text });
  }
  return { relationships, fields };
}

function computed(
  name: QualifiedName,
  origin: Relation,
  target: Relation,
  row: Fields,
): ComputedRelationship {
  const returnsSet = row.flag(3);
  return {
    kind: "computed",
    // ROWS says how many rows to expect; PostgreSQL assumes 1000 where a set is returned without it.
    cardinality: returnsSet && row.number(4) !== 1 ? "one-to-many" : "many-to-one",
    function: name,
    returnsSet,
    origin: origin.name,
    target: target.name,
    self: origin === target,
    originIsView: isView(origin),
    targetIsView: isView(target),
  };
}

function isView({ table }: Relation): boolean {
  return table.kind === "view" || table.kind === "materialized";
}
