/**
 * What the database is asked: one statement, hence one snapshot, whose rows are (section, payload). Each section has a
 * few columns of pg_catalog and leaves all reckoning to us, because the server's time is everybody's. `$1` are the
 * exposed schemas, `$2` the further schemas of the search path.
 *
 * Every name is qualified: the session's search_path may begin with a schema in which others create objects.
 */

/** server_version_num: has_parameter_privilege exists from 15 on. */
const PARAMETER_PRIVILEGES_SINCE = 150_000;

export const SECTION_NAMES = [
  "schema",
  "table",
  "constraint",
  "view",
  "type",
  "routine",
  "row-function",
  "aggregate",
  "cast",
  "role",
] as const;

export type SectionName = (typeof SECTION_NAMES)[number];

/** The statement for a server of this version. */
export function catalogStatement(version: number): string {
  const sections = Object.entries(SECTIONS)
    .map(([section, sql]) => `SELECT '${section}', payload FROM (${sql}) AS section`)
    .concat(`SELECT 'role', payload FROM (${roleSection(version)}) AS section`);
  return `${PRELUDE}\n${sections.join("\nUNION ALL\n")}`;
}

/**
 * Names are written out in full wherever PostgreSQL writes them by the search path (format_type, pg_get_expr), so the
 * path is emptied for this statement. `exposed` gives no row before that is done, and everything is joined to it.
 */
const PRELUDE = `WITH RECURSIVE
path AS MATERIALIZED (SELECT pg_catalog.set_config('search_path', '', true) AS emptied),
searched AS MATERIALIZED (
  SELECT n.oid, n.nspname, n.nspname = ANY ($1::pg_catalog.text[]) AS is_exposed
  FROM pg_catalog.pg_namespace n
  WHERE (SELECT emptied FROM path) IS NOT NULL
    AND (n.nspname = ANY ($1::pg_catalog.text[]) OR n.nspname = ANY ($2::pg_catalog.text[]))
),
exposed AS MATERIALIZED (SELECT oid, nspname FROM searched WHERE is_exposed),
routine AS MATERIALIZED (
  SELECT p.*, e.nspname
  FROM exposed e
  JOIN pg_catalog.pg_proc p ON p.pronamespace = e.oid
  WHERE p.prokind = 'f'
    AND p.prorettype NOT IN ('pg_catalog.trigger'::pg_catalog.regtype::pg_catalog.oid, 'pg_catalog.event_trigger'::pg_catalog.regtype::pg_catalog.oid)
    AND CASE
      WHEN p.pronargs = 0 THEN true
      WHEN EXISTS (
        SELECT FROM pg_catalog.generate_series(1, pg_catalog.cardinality(coalesce(p.proallargtypes, p.proargtypes::pg_catalog.oid[]))) AS i
        WHERE coalesce(p.proargmodes[i], 'i') IN ('i', 'b', 'v') AND coalesce(p.proargnames[i], '') = ''
      ) THEN p.pronargs = 1 AND p.proargtypes[0] IN (
        'pg_catalog.json'::pg_catalog.regtype::pg_catalog.oid, 'pg_catalog.jsonb'::pg_catalog.regtype::pg_catalog.oid, 'pg_catalog.text'::pg_catalog.regtype::pg_catalog.oid,
        'pg_catalog.bytea'::pg_catalog.regtype::pg_catalog.oid, 'pg_catalog.xml'::pg_catalog.regtype::pg_catalog.oid)
      ELSE true
    END
),
relation AS MATERIALIZED (
  SELECT c.oid, e.nspname, c.relname, c.relkind, c.reltype, true AS is_exposed
  FROM exposed e
  JOIN pg_catalog.pg_class c ON c.relnamespace = e.oid
  WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm') AND NOT c.relispartition
  UNION ALL
  SELECT c.oid, n.nspname, c.relname, c.relkind, c.reltype, false
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm', 'c')
    AND NOT EXISTS (SELECT FROM exposed e WHERE e.oid = c.relnamespace AND c.relkind <> 'c' AND NOT c.relispartition)
    AND c.reltype IN (
      SELECT coalesce(nullif(t.typbasetype, 0::pg_catalog.oid), t.oid)
      FROM routine p JOIN pg_catalog.pg_type t ON t.oid = p.prorettype
    )
),
seen(oid) AS (
  SELECT oid FROM relation
  UNION
  SELECT d.refobjid
  FROM seen s
  JOIN pg_catalog.pg_rewrite r ON r.ev_class = s.oid AND r.ev_type = '1'
  JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass::pg_catalog.oid AND d.objid = r.oid
    AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid
),
row_function AS MATERIALIZED (
  SELECT p.oid, s.nspname, p.proname, c.oid AS relation, p.proretset, p.prorows, p.prorettype
  FROM searched s
  JOIN pg_catalog.pg_proc p ON p.pronamespace = s.oid
  JOIN relation c ON c.reltype = p.proargtypes[0]
  WHERE p.prokind = 'f' AND p.pronargs = 1 AND p.proallargtypes IS NULL
),
aggregate AS MATERIALIZED (
  SELECT s.nspname, p.proname, c.oid AS relation, p.prorettype, a.aggtranstype
  FROM searched s
  JOIN pg_catalog.pg_proc p ON p.pronamespace = s.oid
  JOIN pg_catalog.pg_aggregate a ON a.aggfnoid::pg_catalog.oid = p.oid AND a.aggkind = 'n'
  LEFT JOIN relation c ON c.reltype = p.proargtypes[0]
  WHERE p.prokind = 'a' AND p.pronargs = 1
    AND (c.oid IS NOT NULL OR p.proargtypes[0] = 'pg_catalog.anyelement'::pg_catalog.regtype::pg_catalog.oid)
),
conversion AS MATERIALIZED (
  SELECT k.castsource, k.casttarget, n.nspname, p.proname
  FROM pg_catalog.pg_cast k
  JOIN pg_catalog.pg_proc p ON p.oid = k.castfunc
  JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
  JOIN pg_catalog.pg_type s ON s.oid = k.castsource
  JOIN pg_catalog.pg_type t ON t.oid = k.casttarget
  WHERE k.castcontext = 'i' AND k.castmethod = 'f'
    AND ((s.typtype = 'd' AND t.oid IN ('pg_catalog.json'::pg_catalog.regtype::pg_catalog.oid, 'pg_catalog.text'::pg_catalog.regtype::pg_catalog.oid))
      OR (t.typtype = 'd' AND s.oid IN ('pg_catalog.json'::pg_catalog.regtype::pg_catalog.oid, 'pg_catalog.text'::pg_catalog.regtype::pg_catalog.oid)))
),
used_type(oid) AS MATERIALIZED (
  SELECT a.atttypid FROM relation c JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
  UNION SELECT pg_catalog.unnest(coalesce(proallargtypes, proargtypes::pg_catalog.oid[])) FROM routine
  UNION SELECT prorettype FROM routine
  UNION SELECT prorettype FROM row_function
  UNION SELECT prorettype FROM aggregate
  UNION SELECT aggtranstype FROM aggregate
  UNION SELECT castsource FROM conversion
  UNION SELECT casttarget FROM conversion
),
typed(oid, base, typmod, is_not_null, depth) AS (
  SELECT u.oid, u.oid, -1, false, 0 FROM used_type u WHERE u.oid <> 0::pg_catalog.oid
  UNION ALL
  SELECT d.oid, t.typbasetype, CASE WHEN d.typmod < 0 THEN t.typtypmod ELSE d.typmod END, d.is_not_null OR t.typnotnull, d.depth + 1
  FROM typed d JOIN pg_catalog.pg_type t ON t.oid = d.base
  WHERE t.typtype = 'd'
)`;

/** A column is a text of its own within its table's, so that those that are alike are read and kept once. */
const SECTIONS: Readonly<Record<Exclude<SectionName, "role">, string>> = {
  schema: `SELECT nspname::pg_catalog.text AS payload FROM searched`,

  table: `SELECT pg_catalog.json_build_array(
    c.oid::pg_catalog.text, c.nspname, c.relname, c.relkind, c.is_exposed, d.description,
    CASE
      WHEN c.relkind IN ('r', 'p') THEN -1
      WHEN c.relkind IN ('v', 'f') AND c.is_exposed THEN pg_catalog.pg_relation_is_updatable(c.oid, true)
      ELSE 0
    END,
    (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(a.attnum, pg_catalog.json_build_array(
        a.attname, a.atttypid::pg_catalog.text, a.atttypmod, a.attnotnull, a.attidentity, a.attgenerated,
        CASE
          WHEN a.attgenerated <> '' THEN NULL
          WHEN a.attidentity <> '' THEN (
            SELECT pg_catalog.format('nextval(%L::regclass)', q.objid::pg_catalog.regclass)
            FROM pg_catalog.pg_depend q
            WHERE q.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid AND q.refobjid = a.attrelid AND q.refobjsubid = a.attnum
              AND q.classid = 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid AND q.deptype = 'i')
          WHEN a.atthasdef THEN (
            SELECT pg_catalog.pg_get_expr(f.adbin, f.adrelid) FROM pg_catalog.pg_attrdef f
            WHERE f.adrelid = a.attrelid AND f.adnum = a.attnum)
        END,
        (SELECT b.description FROM pg_catalog.pg_description b
         WHERE b.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid AND b.objoid = a.attrelid AND b.objsubid = a.attnum)
      )::pg_catalog.text) ORDER BY a.attnum)
     FROM pg_catalog.pg_attribute a
     WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)
  )::pg_catalog.text AS payload
  FROM relation c
  LEFT JOIN pg_catalog.pg_description d
    ON d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid AND d.objoid = c.oid AND d.objsubid = 0`,

  // Nothing here asks whether the other table is seen: without statistics, as right after a restore, the planner would
  // look through all that are for every key. PostgreSQL 18 has foreign keys over periods, which are no equality of columns and so nothing to join by. Before 18
  // the column's name is found one level further out.
  constraint: `SELECT pg_catalog.json_build_array(
    k.conname, k.contype, k.conrelid::pg_catalog.text, k.confrelid::pg_catalog.text, k.conkey, k.confkey
  )::pg_catalog.text AS payload
  FROM (SELECT false AS conperiod) AS before_18
  CROSS JOIN LATERAL (
    SELECT conname, contype, conrelid, confrelid, conkey, confkey, conparentid, conperiod AS is_period
    FROM pg_catalog.pg_constraint
  ) AS k
  WHERE k.conrelid IN (SELECT oid FROM seen)
    AND (k.contype IN ('p', 'u')
      OR (k.contype = 'f' AND k.conparentid = 0::pg_catalog.oid AND NOT k.is_period))`,

  view: `SELECT pg_catalog.concat(r.ev_class, ' ', r.ev_action::pg_catalog.text) AS payload
  FROM pg_catalog.pg_rewrite r
  WHERE r.ev_type = '1' AND r.is_instead AND r.ev_class IN (SELECT oid FROM seen)`,

  type: `SELECT pg_catalog.json_build_array(
    t.oid::pg_catalog.text, n.nspname, t.typname, pg_catalog.format_type(t.oid, NULL), pg_catalog.format_type(t.oid, -1), t.typtype,
    d.is_not_null,
    CASE WHEN t.typtype = 'd' THEN coalesce(pg_catalog.pg_get_expr(t.typdefaultbin, 0::pg_catalog.oid), t.typdefault) END,
    b.oid::pg_catalog.text, pg_catalog.format_type(b.oid, NULL), b.typtype, d.typmod, b.typrelid::pg_catalog.text,
    CASE WHEN b.typtype = 'e' THEN (
      SELECT pg_catalog.json_agg(l.enumlabel ORDER BY l.enumsortorder) FROM pg_catalog.pg_enum l WHERE l.enumtypid = b.oid)
    END,
    (SELECT pg_catalog.json_build_array(m.nspname, c.relname) FROM pg_catalog.pg_class c
     JOIN pg_catalog.pg_namespace m ON m.oid = c.relnamespace WHERE c.oid = b.typrelid)
  )::pg_catalog.text AS payload
  FROM typed d
  JOIN pg_catalog.pg_type t ON t.oid = d.oid
  JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
  JOIN pg_catalog.pg_type b ON b.oid = d.base
  WHERE b.typtype <> 'd' AND (SELECT emptied FROM path) IS NOT NULL`,

  routine: `SELECT pg_catalog.json_build_array(
    p.nspname, p.proname, d.description, p.proargnames, p.proargmodes,
    coalesce(p.proallargtypes, p.proargtypes::pg_catalog.oid[])::pg_catalog.text[],
    p.pronargs, p.pronargdefaults, p.proretset, p.prorettype::pg_catalog.text, p.provolatile, p.proconfig
  )::pg_catalog.text AS payload
  FROM routine p
  LEFT JOIN pg_catalog.pg_description d
    ON d.classoid = 'pg_catalog.pg_proc'::pg_catalog.regclass::pg_catalog.oid AND d.objoid = p.oid AND d.objsubid = 0`,

  "row-function": `SELECT pg_catalog.json_build_array(
    nspname, proname, relation::pg_catalog.text, proretset, prorows, prorettype::pg_catalog.text
  )::pg_catalog.text AS payload FROM row_function`,

  aggregate: `SELECT pg_catalog.json_build_array(
    nspname, proname, relation::pg_catalog.text, prorettype::pg_catalog.text, aggtranstype::pg_catalog.text
  )::pg_catalog.text AS payload FROM aggregate`,

  cast: `SELECT pg_catalog.json_build_array(
    castsource::pg_catalog.text, casttarget::pg_catalog.text, nspname, proname
  )::pg_catalog.text AS payload FROM conversion`,
};

/**
 * Settings of the roles that the login role can become. A setting that not everybody may set is only given when the
 * login role was granted it ("GRANT … ON PARAMETER", PostgreSQL 15): it would fail every transaction of the role.
 * A setting of this database goes before one of all databases.
 */
function roleSection(version: number): string {
  const granted =
    version >= PARAMETER_PRIVILEGES_SINCE
      ? "pg_catalog.has_parameter_privilege(session_user, g.name, 'SET')"
      : "false";
  return `SELECT pg_catalog.json_build_array(r.rolname, s.setting)::pg_catalog.text AS payload
  FROM pg_catalog.pg_db_role_setting o
  JOIN pg_catalog.pg_roles r ON r.oid = o.setrole
  CROSS JOIN LATERAL pg_catalog.unnest(o.setconfig) AS s(setting)
  LEFT JOIN pg_catalog.pg_settings g
    ON pg_catalog.lower(g.name) = pg_catalog.lower(pg_catalog.split_part(s.setting, '=', 1))
  WHERE o.setdatabase IN (0::pg_catalog.oid, (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()))
    AND pg_catalog.pg_has_role(session_user, r.oid, 'MEMBER')
    AND CASE
      WHEN g.name IS NULL THEN pg_catalog.strpos(s.setting, '.') BETWEEN 1 AND pg_catalog.strpos(s.setting, '=')
      WHEN g.context = 'user' THEN true
      WHEN g.context = 'superuser' THEN ${granted}
      ELSE false
    END
  ORDER BY r.rolname, o.setdatabase`;
}
