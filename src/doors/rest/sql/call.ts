/**
 * A function call as a FROM item, and the main statement over what it gives. The call stands in FROM itself wherever
 * that is possible, so that PostgreSQL can inline the function and push filters and limits into it.
 */
import { arrayLiteral } from "../../../base/sql-text.ts";
import type { CallPlan } from "../plan/call.ts";
import { VALUE } from "../plan/call.ts";
import type { TotalCount } from "../plan/count.ts";
import type { CallValues, TextArgument } from "../plan/find-call.ts";
import { PAYLOAD } from "../plan/payload.ts";
import type { Representation } from "../plan/representation.ts";
import type { ReadPlan } from "../plan/types.ts";
import type { PlanOption } from "../request/types.ts";
import { isBinary } from "./body.ts";
import type { Sql } from "./fragment.ts";
import { COMMA, EMPTY, identifier, join, parameter, qualified, render, serverText, sql } from "./fragment.ts";
import { payloadSql } from "./payload.ts";
import type { StatementText } from "./read.ts";
import { expectedRowsStatement, explainStatement, mainSql } from "./read.ts";

export interface CallStatement {
  readonly call: CallPlan;
  readonly plan: ReadPlan;
  readonly representation: Representation;
  readonly count: TotalCount;
}

const CALL = identifier("_call");
const ASIDE = identifier("_called");

/** The main statement of a call; its row is a `MainRow`. */
export function callStatement(parts: CallStatement): StatementText {
  const binary = isBinary(parts.representation);
  return withBytes(parts.call, { ...render(callSql(parts)), binary });
}

/** The execution plan of the same. */
export function explainCall(
  parts: CallStatement,
  format: "json" | "text",
  options: readonly PlanOption[],
): StatementText {
  return withBytes(parts.call, explainStatement(callSql(parts), format, options));
}

/** A body of bytes is the one argument, and the one Buffer among the parameters. */
function withBytes({ arguments: values }: CallPlan, statement: StatementText): StatementText {
  if (values.kind !== "whole" || values.type !== "bytea") return statement;
  return { ...statement, binaryParameters: [statement.parameters.findIndex(Buffer.isBuffer)] };
}

function callSql({ call, plan, representation, count }: CallStatement): Sql {
  const given = calledSql(call);
  if (call.aside === null) return mainSql({ plan, representation, count, given });
  const computed = call.aside.computed.map((name) => sql`, ${CALL}.${identifier(name)}`);
  const rows = sql`SELECT ${CALL}.*${join(computed, EMPTY)} FROM ${given} AS ${CALL}`;
  return mainSql({
    plan,
    representation,
    count,
    given: ASIDE,
    with: sql`WITH ${ASIDE} AS MATERIALIZED (${rows}) `,
  });
}

/** How many rows the planner expects; the function is not called. */
export function expectedOfCall({ call, plan }: Pick<CallStatement, "call" | "plan">): StatementText {
  return expectedRowsStatement(plan, calledSql(call));
}

/** What may be followed by `AS name`: the call is the last of the FROM items that it is made of. */
function calledSql({ routine, arguments: values, gives }: CallPlan): Sql {
  const call = sql`${qualified(routine.schema, routine.name)}(${argumentsSql(values)})`;
  return sql`${sourceSql(values)}${givenSql(call, gives)}`;
}

function givenSql(call: Sql, gives: CallPlan["gives"]): Sql {
  switch (gives) {
    case "columns":
      return call;
    case "value": // in FROM a function is called whether or not its value is wanted
      return sql`(SELECT ${CALL}.${CALL} AS ${identifier(VALUE)} FROM ${call} AS ${CALL})`;
    case "record": // in FROM its columns would have to be listed
      return sql`(SELECT ${call} AS ${identifier(VALUE)})`;
    default:
      return gives satisfies never;
  }
}

/** Where JSON members come from. Of several objects the first is the arguments. */
function sourceSql(values: CallValues): Sql {
  if (values.kind !== "json") return EMPTY;
  const { rows, columns } = values;
  return sql`${payloadSql({ rows, columns, alias: PAYLOAD, first: true })} CROSS JOIN LATERAL `;
}

function argumentsSql(values: CallValues): Sql {
  switch (values.kind) {
    case "texts":
      return join(values.values.map(textSql), COMMA);
    case "json":
      return join(
        values.columns.map(({ name, variadic }) => namedSql(name, variadic, qualified(PAYLOAD, name))),
        COMMA,
      );
    case "whole":
      return wholeSql(values.body, values.type);
    default:
      return values satisfies never;
  }
}

function textSql({ parameter: { name, castType, variadic }, values }: TextArgument): Sql {
  const text = variadic ? arrayLiteral(values) : (values[0] ?? "");
  return namedSql(name, variadic, sql`${parameter(text)}::${serverText(castType)}`);
}

/** "Calling Functions", named notation. */
function namedSql(name: string, variadic: boolean, value: Sql): Sql {
  return sql`${variadic ? sql`VARIADIC ` : EMPTY}${identifier(name)} => ${value}`;
}

/** Bytes are sent in binary format, in which jsonb is not the text: it is made of json. */
function wholeSql(body: Buffer | readonly Buffer[], type: string): Sql {
  const bytes = parameter(body);
  return type === "jsonb"
    ? sql`${bytes}::pg_catalog.json::pg_catalog.jsonb`
    : sql`${bytes}::${serverText(type)}`;
}
