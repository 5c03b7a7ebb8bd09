import type { Exchange } from "../http/exchange.ts";
import { notImplemented } from "../refusals.ts";
import type { ActionContext, Job } from "./job.ts";
import { readJob } from "./read.ts";

/**
 * What a request comes down to. The body is read only for actions that take one.
 * @throws RestError
 */
export function planJob(context: ActionContext, _exchange: Exchange): Job | Promise<Job> {
  const { action } = context.request;
  switch (action.kind) {
    case "read":
      return readJob(context, action.relation, action.headersOnly);
    default:
      throw notImplemented(action.kind);
  }
}
