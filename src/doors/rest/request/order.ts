/** `order=name.desc.nullslast,relation(column).asc` */
import { Cursor } from "./cursor.ts";
import { MAX_ITEMS } from "./limits.ts";
import type { OrderTerm } from "./types.ts";

const FIRST = '"asc", "desc", "nullsfirst" or "nullslast"';
const NULLS = '"nullsfirst" or "nullslast"';

export function parseOrder(text: string): readonly OrderTerm[] {
  const cursor = new Cursor("order", text);
  const terms: OrderTerm[] = [];
  do {
    if (terms.length === MAX_ITEMS) throw cursor.faultAt(cursor.at, `more than ${MAX_ITEMS} terms`);
    terms.push(parseTerm(cursor));
  } while (cursor.takes(","));
  cursor.end('"," or end of input');
  return terms;
}

function parseTerm(cursor: Cursor): OrderTerm {
  const { field, relation } = parseTarget(cursor);
  const direction = parseDirection(cursor);
  const nulls = parseNulls(cursor, direction === undefined);
  cursor.spaces();
  if (cursor.done || cursor.text[cursor.at] === ",") return { relation, field, direction, nulls };
  const more = nulls === undefined ? "delimiter (.), " : "";
  throw cursor.fault(`${more}"," or end of input`, cursor.at, "'");
}

function parseTarget(cursor: Cursor): Pick<OrderTerm, "relation" | "field"> {
  const field = cursor.field();
  if (field.path.length > 0 || !cursor.takes("(")) return { relation: undefined, field };
  const inner = cursor.field();
  cursor.expect(")");
  return { relation: field.name, field: inner };
}

function parseDirection(cursor: Cursor): OrderTerm["direction"] {
  for (const direction of ["asc", "desc"] as const) if (cursor.takesText(`.${direction}`)) return direction;
  return undefined;
}

function parseNulls(cursor: Cursor, mayHaveDirection: boolean): OrderTerm["nulls"] {
  if (cursor.text[cursor.at] !== ".") return undefined;
  for (const nulls of ["first", "last"] as const) if (cursor.takesText(`.nulls${nulls}`)) return nulls;
  throw cursor.fault(mayHaveDirection ? FIRST : NULLS, cursor.at + 1);
}
