import { errorReply } from "../error-reply.ts";
import type { HttpError } from "./errors.ts";
import type { Reply } from "./exchange.ts";

/** The answer to a request that could not be taken as it came: short, fixed, and the same shape as every error. */
export function refusal({ code, spec: { http, publicMessage } }: HttpError): Reply {
  return errorReply({ code, http, message: publicMessage }, "verbose");
}
