import { readPayload } from "../request/payload/payload.ts";
import type { Payload } from "../request/types.ts";
import { callJob } from "./call.ts";
import { describeJob } from "./describe.ts";
import type { ActionContext, Planned } from "./job.ts";
import { answerOptions } from "./options.ts";
import { readJob } from "./read.ts";
import { writeJob } from "./write.ts";

/**
 * What a request comes down to. The body is read only for actions that take one.
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
      return payloadOf(context).then((payload) => writeJob(context, action, payload));
    case "delete":
      return writeJob(context, action, NO_PAYLOAD);
    case "call":
      if (action.method !== "POST") return callJob(context, action, NO_PAYLOAD);
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

async function payloadOf({ request, exchange }: ActionContext): Promise<Payload> {
  const payload = await readPayload(request, await exchange.body());
  if (request.contentType.kind === "csv") exchange.dropBody(); // it is JSON now
  return payload;
}
