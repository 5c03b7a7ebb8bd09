/** What of a schema a role may use: asked of the server as that role, in the request's own transaction. */
import type { Row } from "../../../../upstream/pool/pool.ts";
import type { Routine } from "../../catalog/types.ts";
import type { StatementText } from "../../sql/read.ts";

/** `openapi-mode`, less `disabled`. */
export type VisibilityMode = "follow-privileges" | "ignore-privileges";

export interface Visible {
  /** Names of relations; undefined: all. */
  readonly tables: ReadonlySet<string> | undefined;
  /** Functions by name and arguments; undefined: all. */
  readonly routines: ReadonlySet<string> | undefined;
  /** What types of arguments are called on the request's search_path, by their whole names: `api.mood` → `mood`. */
  readonly types: ReadonlyMap<string, string>;
  /** The comment of the schema. */
  readonly description: string | null;
}

/**
 * A relation counts that the role may do anything with, or with one of its columns; a function that it may call.
 * A function is told by its name and the names of its arguments, which is what a path of the description shows. The
 * types of arguments are called as this role finds them, which PostgREST does only in this mode and only for arguments.
 */
const FOLLOW = `
SELECT obj_description(n.oid, 'pg_namespace'),
  (SELECT json_agg(c.relname) FROM pg_class c
    WHERE c.relnamespace = n.oid AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
      AND (pg_has_role(c.relowner, 'USAGE')
        OR has_table_privilege(c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')
        OR has_any_column_privilege(c.oid, 'SELECT, INSERT, UPDATE, REFERENCES'))),
  (SELECT json_agg(json_build_array(p.proname, ARRAY(
      SELECT coalesce(p.proargnames[at], '')
      FROM generate_series(1, coalesce(array_length(p.proallargtypes, 1), p.pronargs)) AS at
      WHERE p.proargmodes IS NULL OR p.proargmodes[at] IN ('i', 'b', 'v') ORDER BY at)))
    FROM pg_proc p
    WHERE p.pronamespace = n.oid AND p.prokind = 'f' AND has_function_privilege(p.oid, 'EXECUTE')),
  (SELECT json_object_agg(quote_ident(tn.nspname) || '.' || format_type(t.oid, NULL), format_type(t.oid, NULL))
    FROM pg_type t JOIN pg_type e ON e.oid = CASE WHEN t.typcategory = 'A' AND t.typelem <> 0 THEN t.typelem ELSE t.oid END
      JOIN pg_namespace tn ON tn.oid = e.typnamespace
    WHERE tn.nspname <> 'pg_catalog' AND pg_type_is_visible(e.oid)
      AND t.oid IN (SELECT unnest(p.proargtypes) FROM pg_proc p WHERE p.pronamespace = n.oid AND p.prokind = 'f'))
FROM pg_namespace n WHERE n.nspname = $1`;

const IGNORE = "SELECT obj_description(oid, 'pg_namespace') FROM pg_namespace WHERE nspname = $1";

/** Asks for what `readVisible` reads. */
export function visibleStatement(schema: string, mode: VisibilityMode): StatementText {
  return { text: mode === "follow-privileges" ? FOLLOW : IGNORE, parameters: [schema], binary: false };
}

export function readVisible(rows: readonly Row[], mode: VisibilityMode): Visible {
  const [description, tables, routines, types] = rows[0] ?? [];
  const text = description?.toString("utf8") ?? null;
  if (mode === "ignore-privileges")
    return { tables: undefined, routines: undefined, types: new Map(), description: text };
  return {
    tables: new Set(listOf(tables).map(String)),
    routines: new Set(listOf(routines).map((one) => JSON.stringify(one))),
    types: namesOf(types),
    description: text,
  };
}

/** How a function is told in `Visible.routines`. */
export function signatureOf({ name, parameters }: Routine): string {
  return JSON.stringify([name, parameters.map((parameter) => parameter.name)]);
}

function namesOf(json: Buffer | null | undefined): ReadonlyMap<string, string> {
  const names: unknown = json == null ? {} : JSON.parse(json.toString("utf8"));
  return new Map(Object.entries(names ?? {}).map(([whole, short]) => [whole, String(short)]));
}

function listOf(json: Buffer | null | undefined): readonly unknown[] {
  const list: unknown = json == null ? [] : JSON.parse(json.toString("utf8"));
  return Array.isArray(list) ? list : [];
}
