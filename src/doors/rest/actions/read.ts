/** GET and HEAD of a relation. */
import { planCount, totalOf } from "../plan/count.ts";
import { negotiate, selectsAll } from "../plan/negotiate.ts";
import { isPointRead } from "../plan/point-read.ts";
import { exposedTable, planRead } from "../plan/read.ts";
import { representationOf, rowOutputOf } from "../plan/representation.ts";
import { notSingular } from "../refusals.ts";
import { explainReply } from "../respond/explain.ts";
import { rowsReply } from "../respond/rows.ts";
import { expectedRows, mainRow } from "../sql/main-row.ts";
import { expectedRowsStatement, explainStatement, mainSql, readStatement } from "../sql/read.ts";
import type { ActionContext, Job } from "./job.ts";

export function readJob(context: ActionContext, relation: string, headersOnly: boolean): Job {
  const { request, catalog, settings } = context;
  const { schema, query, range, preferences } = request;
  const table = exposedTable(catalog, schema, relation);
  const negotiated = negotiate(
    {
      catalog,
      routine: null,
      table,
      selectsAll: selectsAll(query.select),
      planEnabled: settings.planEnabled,
    },
    request.accept,
  );
  const { producer, explain } = negotiated;
  const planned = planRead({
    catalog,
    settings,
    schema,
    root: { kind: "relation", relation },
    query,
    range,
    output: rowOutputOf(producer),
  });
  const { plan } = planned;
  const count = planCount(preferences.count, plan, settings.maxRows);
  const representation = headersOnly ? ({ kind: "none" } as const) : representationOf(producer, plan);
  const parts = { plan, representation, count: count.total };
  const main =
    explain === null
      ? readStatement(parts)
      : explainStatement(mainSql(parts), explain.format, explain.options);
  const statements = count.expects && explain === null ? [expectedRowsStatement(plan), main] : [main];
  return {
    kind: "job",
    readOnly: true,
    brief: explain === null && representation.kind !== "handler" && isPointRead(table, plan),
    isolation: null,
    routineSettings: [],
    statements,
    check: undefined,
    answersFirst: false,
    legacyNames: planned.legacyNames,
    reply: (results) => {
      const result = results.at(-1);
      if (explain !== null) return explainReply(request, negotiated, result?.rows ?? []);
      const row = mainRow(result?.rows[0] ?? []);
      const [first] = results;
      const expected = count.expects ? expectedRows(first?.rows[0]?.[0] ?? Buffer.alloc(0)) : null;
      const total = totalOf(preferences.count, row, expected, {
        offset: plan.offset,
        maxRows: settings.maxRows,
      });
      // Of HEAD too, which has no body to be singular.
      if (negotiated.mediaType.kind === "object" && row.pageTotal !== 1) throw notSingular(row.pageTotal);
      return rowsReply({
        request,
        relation,
        negotiated,
        row,
        offset: plan.offset,
        total,
      });
    },
  };
}
