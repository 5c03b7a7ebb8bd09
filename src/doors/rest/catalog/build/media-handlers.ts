import { Fields } from "../read/fields.ts";
import { ANY_MEDIA_TYPE, type MediaHandler, type MediaSource, type Routine } from "../types.ts";
import type { DataType, DataTypes } from "./data-types.ts";
import type { Relation } from "./relations.ts";

/** RFC 6838 §4.2: restricted names. */
const MEDIA_TYPE = /^[a-z0-9][a-z0-9!#$&^_.+-]{0,126}\/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}$/;

/** These say how PostgREST shapes its own JSON; a handler cannot take them over. */
const OWN = /^application\/vnd\.pgrst\.(?:plan|object|array)(?:\+|$)/;

/** pg_type.dat. */
const BYTEA = "17";

/** Aggregates whose result, or state, is a media type's domain. */
export function readAggregateHandlers(
  payloads: readonly string[],
  types: DataTypes,
  relations: ReadonlyMap<string, Relation>,
): readonly MediaHandler[] {
  return payloads.flatMap((payload) => {
    const row = Fields.parse(payload);
    const domain = [row.text(3), row.text(4)].map((oid) => types.get(oid)).find(isMediaType);
    const relation = row.textOrNull(2);
    const table = relation === null ? undefined : relations.get(relation)?.name;
    if (domain === undefined || (relation !== null && table === undefined)) return [];
    const handles: MediaSource = table === undefined ? { kind: "any-element" } : { kind: "table", table };
    return handler(domain, handles, { schema: row.text(0), name: row.text(1) });
  });
}

/** Functions that return one value of a media type's domain. */
export function routineHandlers(routines: Iterable<Routine>, types: DataTypes): readonly MediaHandler[] {
  const domains = new Map([...types.values()].filter(isMediaType).map((type) => [type.text, type]));
  const found: MediaHandler[] = [];
  const seen = new Set<string>();
  for (const { schema, name, returns } of routines) {
    if (returns.kind !== "scalar" || returns.setOf) continue;
    const domain = domains.get(returns.typeText);
    const key = JSON.stringify([schema, name, returns.typeText]);
    if (domain === undefined || seen.has(key)) continue;
    seen.add(key); // overloads
    found.push(...handler(domain, { kind: "routine", routine: { schema, name } }, { schema, name }));
  }
  return found;
}

function isMediaType(type: DataType | undefined): type is DataType {
  return type?.isDomain === true && mediaTypeOf(type.name) !== undefined;
}

function mediaTypeOf(name: string): MediaHandler["mediaType"] | undefined {
  if (name === "*/*") return ANY_MEDIA_TYPE;
  const lower = name.toLowerCase();
  return MEDIA_TYPE.test(lower) && !OWN.test(lower) ? lower : undefined;
}

function handler(
  domain: DataType,
  handles: MediaSource,
  name: MediaHandler["function"],
): readonly MediaHandler[] {
  const mediaType = mediaTypeOf(domain.name);
  if (mediaType === undefined) return [];
  return [
    {
      mediaType,
      handles,
      function: name,
      domain: { schema: domain.schema, name: domain.name },
      binary: domain.base.oid === BYTEA,
    },
  ];
}
