/** Conditions, with every value a parameter. */
import { arrayLiteral } from "../../../base/sql-text.ts";
import type { QualifiedName } from "../catalog/types.ts";
import type { Comparison, Condition, EmbedPlan } from "../plan/types.ts";
import type {
  FtsOperator,
  IsValue,
  Operation,
  QuantifiedOperator,
  SimpleOperator,
} from "../request/types.ts";
import { callSql, fieldSql } from "./field.ts";
import type { Sql } from "./fragment.ts";
import { AND, join, OR, parameter, sql } from "./fragment.ts";

/** Writes "there is a row to embed". */
export type WriteExists = (embed: EmbedPlan) => Sql;

export function conditionSql(condition: Condition, exists: WriteExists): Sql {
  switch (condition.kind) {
    case "comparison":
      return negate(condition.negated, comparisonSql(condition));
    case "exists":
      return negate(condition.negated, exists(condition.embed));
    case "and":
    case "or": {
      const parts = condition.conditions.map((each) => conditionSql(each, exists));
      return negate(condition.negated, sql`(${join(parts, condition.kind === "and" ? AND : OR)})`);
    }
    default:
      return condition satisfies never;
  }
}

function negate(negated: boolean, condition: Sql): Sql {
  return negated ? sql`NOT (${condition})` : condition;
}

/** Operators of the chapters "Functions and Operators". They are found by search_path: extensions bring their own. */
const OPERATORS: Readonly<Record<QuantifiedOperator | SimpleOperator, Sql>> = {
  eq: sql` = `,
  neq: sql` <> `,
  gt: sql` > `,
  gte: sql` >= `,
  lt: sql` < `,
  lte: sql` <= `,
  like: sql` LIKE `,
  ilike: sql` ILIKE `,
  match: sql` ~ `,
  imatch: sql` ~* `,
  cs: sql` @> `,
  cd: sql` <@ `,
  ov: sql` && `,
  sl: sql` << `,
  sr: sql` >> `,
  nxr: sql` &< `,
  nxl: sql` &> `,
  adj: sql` -|- `,
};

const IS: Readonly<Record<IsValue, Sql>> = {
  null: sql` IS NULL`,
  not_null: sql` IS NOT NULL`,
  true: sql` IS TRUE`,
  false: sql` IS FALSE`,
  unknown: sql` IS UNKNOWN`,
};

const TO_TSQUERY: Readonly<Record<FtsOperator, Sql>> = {
  fts: sql`pg_catalog.to_tsquery`,
  plfts: sql`pg_catalog.plainto_tsquery`,
  phfts: sql`pg_catalog.phraseto_tsquery`,
  wfts: sql`pg_catalog.websearch_to_tsquery`,
};

function comparisonSql({ field, operation, parser, toTsvector }: Comparison): Sql {
  const left = fieldSql(field);
  switch (operation.kind) {
    case "quantified":
      return quantifiedSql(left, operation, parser);
    case "simple":
      return sql`${left}${OPERATORS[operation.operator]}${valueSql(operation.value, parser)}`;
    case "in":
      return sql`${left} = ANY (${listSql(arrayLiteral(listed(operation.values)), parser)})`;
    case "is":
      return sql`${left}${IS[operation.value]}`;
    case "isdistinct":
      return sql`${left} IS DISTINCT FROM ${valueSql(operation.value, parser)}`;
    case "fts":
      return ftsSql(left, operation, toTsvector);
    default:
      return operation satisfies never;
  }
}

type Of<Kind extends Operation["kind"]> = Extract<Operation, { kind: Kind }>;

function quantifiedSql(left: Sql, operation: Of<"quantified">, parser: QualifiedName | null): Sql {
  const { operator, quantifier } = operation;
  const isPattern = operator === "like" || operator === "ilike";
  const value = isPattern ? operation.value.replaceAll("*", "%") : operation.value;
  const symbol = OPERATORS[operator];
  switch (quantifier) {
    case undefined:
      return sql`${left}${symbol}${valueSql(value, parser)}`;
    case "any":
      return sql`${left}${symbol}ANY (${listSql(value, parser)})`;
    case "all":
      return sql`${left}${symbol}ALL (${listSql(value, parser)})`;
    default:
      return quantifier satisfies never;
  }
}

/** The server takes the type of the value from the other side, unless a domain's own function reads it. */
function valueSql(value: string, parser: QualifiedName | null): Sql {
  return parser === null ? parameter(value) : callSql(parser, sql`${parameter(value)}::text`);
}

function listSql(literal: string, parser: QualifiedName | null): Sql {
  if (parser === null) return parameter(literal);
  return sql`ARRAY(SELECT ${callSql(parser, sql`v`)} FROM pg_catalog.unnest(${parameter(literal)}::text[]) AS v)`;
}

/** `in.()` is written with one empty value, and means none. */
function listed(values: readonly string[]): readonly string[] {
  return values.length === 1 && values[0] === "" ? [] : values;
}

/** The language is a value too; as regconfig it is a constant to the planner, which can so use an index. */
function ftsSql(left: Sql, { operator, language, value }: Of<"fts">, toTsvector: boolean): Sql {
  const config = language === undefined ? sql`` : sql`${parameter(language)}::regconfig, `;
  const document = toTsvector ? sql`pg_catalog.to_tsvector(${config}${left})` : left;
  return sql`${document} @@ ${TO_TSQUERY[operator]}(${config}${parameter(value)})`;
}
