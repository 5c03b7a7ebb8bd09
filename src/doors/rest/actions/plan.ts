import { notImplemented } from "../refusals.ts";
import type { ActionContext, Planned } from "./job.ts";
import { answerOptions } from "./options.ts";
import { readJob } from "./read.ts";

/**
 * What a request comes down to. The body is read only for actions that take one.
 * @throws RestError
 */
export function planAction(context: ActionContext): Planned | Promise<Planned> {
  const { action } = context.request;
  switch (action.kind) {
    case "read":
      return readJob(context, action.relation, action.headersOnly);
    case "options":
      return { kind: "answer", reply: answerOptions(context, action.of) };
    default:
      throw notImplemented(action.kind);
  }
}
