import pg from "pg";

/** Object ids of PostgreSQL's types (pg_type.dat). */
const INT8 = 20;
const TIMESTAMPTZ = 1184;

/** A count or a sequence of ours; beyond 2^53 a number would be another one. */
function integer(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError("a number of the store is too large");
  return value;
}

/** Milliseconds since the epoch, as everywhere in Postern; `datestyle` is ISO and `timezone` UTC. */
function instant(text: string): number {
  const value = Date.parse(`${text.replace(" ", "T")}:00`);
  if (Number.isNaN(value)) throw new RangeError("a time of the store is none");
  return value;
}

/** How values of columns become values of ours: `bigint` a number, `timestamptz` milliseconds, the rest as the driver does. */
export const types: pg.CustomTypesConfig = {
  getTypeParser(oid: number, format?: "text" | "binary") {
    if (oid === INT8) return integer;
    if (oid === TIMESTAMPTZ) return instant;
    return pg.types.getTypeParser(oid, format ?? "text");
  },
};
