import { UNCOUNTED_BYTES } from "../../../base/budget.ts";
import type { Exchange } from "../http/exchange.ts";
import { mustExist } from "../plan/find-call.ts";
import { exposedTable } from "../plan/read.ts";
import { readPayload } from "../request/payload/payload.ts";
import type { Payload } from "../request/types.ts";
import { callJob } from "./call.ts";
import { describeJob } from "./describe.ts";
import type { ActionContext, Planned } from "./job.ts";
import { answerOptions } from "./options.ts";
import { readJob } from "./read.ts";
import { writeJob } from "./write.ts";

/**
 * What a request comes down to. The body is read only for actions that take one, and when it is for something that the
 * catalog knows: nobody's memory is filled with a body for a table that there is not.
 * @throws RestError
 */
export function planAction(context: ActionContext): Planned | Promise<Planned> {
  const { action } = context.request;
  switch (action.kind) {
    case "read":
      return readJob(context, action.relation, action.headersOnly);
    case "insert":
    case "upsert":
    case "update":
      exposedTable(context.catalog, context.request.schema, action.relation);
      return payloadOf(context).then((payload) => writeJob(context, action, payload));
    case "delete":
      return writeJob(context, action, NO_PAYLOAD);
    case "call":
      if (action.method !== "POST") return callJob(context, action, NO_PAYLOAD);
      if (isLarge(context.exchange)) mustExist(context.catalog, context.request.schema, action.routine);
      return payloadOf(context).then((payload) => callJob(context, action, payload));
    case "describe":
      return describeJob(context, action.headersOnly);
    case "options":
      return { kind: "answer", reply: answerOptions(context, action.of) };
    default:
      return action satisfies never;
  }
}

const NO_PAYLOAD: Payload = { kind: "none" };

/**
 * Whether the body may be longer than costs nothing. Of a short one the names of the arguments are read, although there
 * is no such function, since PostgREST's error lists them.
 */
function isLarge({ headers }: Exchange): boolean {
  const length = headers.get("content-length");
  return headers.get("transfer-encoding") !== undefined || Number(length ?? 0) > UNCOUNTED_BYTES;
}

async function payloadOf({ request, exchange }: ActionContext): Promise<Payload> {
  const payload = await readPayload(request, await exchange.body(), (bytes) => exchange.bodyBecomes(bytes));
  if (request.contentType.kind === "csv") exchange.dropBody(); // it is JSON now
  return payload;
}
