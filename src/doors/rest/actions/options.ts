/** OPTIONS of a resource. */
import type { Reply } from "../http/exchange.ts";
import { exposedTable } from "../plan/read.ts";
import { noFunction } from "../refusals.ts";
import type { OptionsTarget } from "../request/types.ts";
import { optionsReply, ROOT_METHODS, routineMethods, tableMethods } from "../respond/options.ts";
import type { ActionContext } from "./job.ts";

/** @throws RestError when there is no such relation or function */
export function answerOptions(context: ActionContext, of: OptionsTarget): Reply {
  return optionsReply(methodsOf(context, of), context.exchange.headers, context.settings.allowedOrigins);
}

function methodsOf({ catalog, request: { schema } }: ActionContext, of: OptionsTarget): string {
  switch (of.kind) {
    case "root":
      return ROOT_METHODS;
    case "relation":
      return tableMethods(exposedTable(catalog, schema, of.relation));
    case "routine": {
      const overloads = catalog.routines.get(schema)?.get(of.routine);
      if (overloads !== undefined) return routineMethods(overloads);
      throw noFunction({
        message: `Could not find the function ${schema}.${of.routine} in the schema cache`,
        details: `Searched for the function ${schema}.${of.routine} with any parameters, but no matches were found in the schema cache.`,
        hint: undefined,
      });
    }
    default:
      return of satisfies never;
  }
}
