/**
 * PostgREST's settings in the database: `ALTER ROLE authenticator SET pgrst.… = …`, and a function that sets them (its
 * documentation: "In-Database Configuration"). Whoever has a pool runs the query; what it gives is laid over the
 * configuration.
 */
import { quoteQualified } from "../../../base/sql-text.ts";
import type { Fault } from "../../errors.ts";
import type { Laid } from "../../load.ts";
import { configureDoor } from "./configuration.ts";
import { databaseNameOf, SETTING_NAMES, specOf } from "./settings.ts";
import type { DatabaseSetting } from "./values.ts";
import { gather } from "./values.ts";

export interface DatabaseQuery {
  readonly text: string;
  readonly parameters: readonly string[];
}

/**
 * The query for the settings of the role that is logged in: those for this database before those for all, and those
 * before what the function says. A row is a name, `pgrst.…`, and its value.
 */
export function databaseQuery(preConfig: string | undefined): DatabaseQuery {
  if (preConfig === undefined) return { text: query("", ""), parameters: [] };
  const names = SETTING_NAMES.filter((name) => specOf(name).inDatabase).map(databaseNameOf);
  return {
    text: query(
      `WITH called AS MATERIALIZED (SELECT ${quoteQualified(preConfig)}())`,
      `UNION ALL
       SELECT 2, name, pg_catalog.current_setting(name, true)
       FROM called, pg_catalog.unnest($1::pg_catalog.text[]) AS name`,
    ),
    parameters: [`{${names.join(",")}}`],
  };
}

function query(first: string, more: string): string {
  return `${first}
    SELECT DISTINCT ON (name) name, value
    FROM (
      SELECT CASE setdatabase WHEN 0 THEN 1 ELSE 0 END AS rank,
        pg_catalog.split_part(setting, '=', 1) AS name,
        pg_catalog.substr(setting, pg_catalog.strpos(setting, '=') + 1) AS value
      FROM pg_catalog.pg_db_role_setting, pg_catalog.unnest(setconfig) AS setting
      WHERE setrole = (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = SESSION_USER)
        AND setdatabase IN (
          0, (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
        )
      ${more}
    ) AS settings (rank, name, value)
    WHERE pg_catalog.starts_with(name, 'pgrst.') AND value <> ''
    ORDER BY name, rank`;
}

/**
 * What the database says of the REST door, to be laid over `postern.yaml`. Who may be whom, and whose tokens are
 * taken, is said in the file alone.
 */
export function layDatabase(settings: readonly DatabaseSetting[]): {
  readonly laid: readonly Laid[];
  readonly faults: readonly Fault[];
} {
  const { values, faults } = gather({ env: {}, file: undefined, database: settings });
  const door = configureDoor(values);
  const laid = door.laid.filter(({ where }) => where.startsWith("database "));
  return { laid, faults: [...faults, ...door.faults] };
}
