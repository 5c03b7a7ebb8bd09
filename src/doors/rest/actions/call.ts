/** GET, HEAD and POST of a function. */
import { planCall, returnedTable } from "../plan/call.ts";
import { callRepresentation } from "../plan/call-representation.ts";
import { totalOf } from "../plan/count.ts";
import { findCall, returnsSet } from "../plan/find-call.ts";
import { negotiate, selectsAll } from "../plan/negotiate.ts";
import { dependsOnRows, faultOfRows } from "../plan/outcome.ts";
import { rowOutputOf } from "../plan/representation.ts";
import type { Action, Payload } from "../request/types.ts";
import { calledReply } from "../respond/called.ts";
import { explainReply } from "../respond/explain.ts";
import { callStatement, expectedOfCall, explainCall } from "../sql/call.ts";
import { expectedRows, mainRow } from "../sql/main-row.ts";
import type { ActionContext, Job } from "./job.ts";

type CallAction = Extract<Action, { kind: "call" }>;

/** @throws RestError */
export function callJob(context: ActionContext, { method }: CallAction, payload: Payload): Job {
  const { request, catalog, settings } = context;
  const { query, preferences } = request;
  const call = { catalog, settings, request, payload };
  const found = findCall(call);
  const { routine } = found;
  const negotiated = negotiate(
    {
      catalog,
      routine,
      table: returnedTable(catalog, routine),
      selectsAll: selectsAll(query.select),
      planEnabled: settings.planEnabled,
    },
    request.accept,
  );
  const { producer, explain } = negotiated;
  const planned = planCall(call, found, rowOutputOf(producer));
  const { plan } = planned.read;
  const { returns } = routine;
  const bodiless = returns.kind === "void" || method === "HEAD";
  const parts = {
    call: planned.call,
    plan,
    representation: bodiless
      ? ({ kind: "none" } as const)
      : callRepresentation(producer, { call: planned.call, returns, plan }),
    count: planned.count.total,
  };
  // A function that says that it changes nothing is held to it (PostgREST documentation, "Access Mode").
  const readOnly = method !== "POST" || routine.volatility !== "volatile";
  const expects = planned.count.expects && explain === null;
  const main = explain === null ? callStatement(parts) : explainCall(parts, explain.format, explain.options);
  const asked = { request, negotiated, oneValue: !returnsSet(returns) };
  return {
    kind: "job",
    readOnly,
    brief: false,
    isolation: routine.isolation,
    routineSettings: routine.settings,
    statements: expects ? [expectedOfCall(parts), main] : [main],
    check:
      explain !== null || !dependsOnRows(asked)
        ? undefined
        : (results) => {
            const fault = faultOfRows(asked, mainRow(results.at(-1)?.rows[0] ?? []));
            if (fault !== undefined) throw fault;
          },
    answersFirst: !readOnly && !bodiless && explain === null,
    legacyNames: planned.read.legacyNames,
    reply: (results) => {
      const rows = results.at(-1)?.rows ?? [];
      if (explain !== null) return explainReply(request, negotiated, rows);
      const row = mainRow(rows[0] ?? []);
      const expected = expects ? expectedRows(results[0]?.rows[0]?.[0] ?? Buffer.alloc(0)) : null;
      const range = { offset: plan.offset, maxRows: settings.maxRows };
      const total = totalOf(preferences.count, row, expected, range);
      return calledReply({ request, negotiated, returns, row, offset: plan.offset, total });
    },
  };
}
