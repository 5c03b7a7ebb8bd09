/** POST, PUT, PATCH and DELETE of a relation. */
import { planMutate } from "../plan/mutate.ts";
import { negotiate, selectsAll } from "../plan/negotiate.ts";
import { dependsOnRows, faultOfRows } from "../plan/outcome.ts";
import { exposedTable } from "../plan/read.ts";
import { representationOf, rowOutputOf } from "../plan/representation.ts";
import type { Payload } from "../request/types.ts";
import { explainReply } from "../respond/explain.ts";
import type { WriteAction } from "../respond/written.ts";
import { writtenReply } from "../respond/written.ts";
import { mainRow } from "../sql/main-row.ts";
import { writeSql, writeStatement } from "../sql/mutate.ts";
import { explainStatement } from "../sql/read.ts";
import type { ActionContext, Job } from "./job.ts";

/** @throws RestError */
export function writeJob(context: ActionContext, action: WriteAction, payload: Payload): Job {
  const { request, catalog, settings } = context;
  const { query, schema, preferences } = request;
  const negotiated = negotiate(
    {
      catalog,
      routine: null,
      table: exposedTable(catalog, schema, action.relation),
      selectsAll: selectsAll(query.select),
      planEnabled: settings.planEnabled,
    },
    request.accept,
  );
  const { producer, explain } = negotiated;
  const output = rowOutputOf(producer);
  const { write, read, conflicts } = planMutate({ catalog, settings, request, payload, output });
  const counts = preferences.count === "exact" || preferences.count === "estimated";
  const parts = {
    write,
    read: read === null ? null : { plan: read.plan, representation: representationOf(producer, read.plan) },
    count: { kind: counts ? "page" : "none" },
  } as const;
  const asked = { request, negotiated, oneValue: false };
  return {
    kind: "job",
    readOnly: false,
    brief: false,
    isolation: null,
    routineSettings: [],
    statements: [
      explain === null
        ? writeStatement(parts)
        : explainStatement(writeSql(parts), explain.format, explain.options),
    ],
    check:
      explain !== null || !dependsOnRows(asked)
        ? undefined
        : (results) => {
            const fault = faultOfRows(asked, mainRow(results.at(-1)?.rows[0] ?? []));
            if (fault !== undefined) throw fault;
          },
    answersFirst: read !== null && explain === null,
    legacyNames: read?.legacyNames ?? [],
    reply: (results) => {
      const rows = results.at(-1)?.rows ?? [];
      if (explain !== null) return explainReply(request, negotiated, rows);
      return writtenReply({ request, action, negotiated, conflicts, row: mainRow(rows[0] ?? []) });
    },
  };
}
