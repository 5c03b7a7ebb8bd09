import type { BackendMessage } from "../protocol/backend.ts";
import { type ErrorFields, parseErrorFields } from "../protocol/backend-messages.ts";
import { ProtocolFault } from "../protocol/fault.ts";
import { errorResponse } from "../protocol/server-messages.ts";
import type { Attempt } from "./attempt.ts";
import type { Channel } from "./channel.ts";
import { UpstreamError, UpstreamRefused } from "./errors.ts";

/**
 * The next message, which must be of `type`.
 * @throws UpstreamRefused when it is an ErrorResponse instead; UpstreamError when it is anything else
 */
export async function expectMessage<T>(
  channel: Channel,
  attempt: Attempt,
  type: string,
  parse: (body: Buffer) => T,
): Promise<T> {
  const message = await nextMessage(channel, attempt);
  if (message.type !== type) throw unexpected(message);
  return parsed(parse, message.body);
}

/** The next message; an ErrorResponse is thrown as UpstreamRefused. */
export async function nextMessage(channel: Channel, attempt: Attempt): Promise<BackendMessage> {
  const message = await attempt.wait(channel.receive());
  if (message.type === "E") throw refused(message);
  return message;
}

/** Parses what came from the server; what it broke is its fault. */
export function parsed<T>(parse: (body: Buffer) => T, body: Buffer): T {
  try {
    return parse(body);
  } catch (error) {
    if (!(error instanceof ProtocolFault)) throw error;
    throw new UpstreamError("upstream/protocol", `the server sent ${error.message}`, { cause: error });
  }
}

export function unexpected({ type }: BackendMessage): UpstreamError {
  return new UpstreamError(
    "upstream/protocol",
    `the server sent a message of type ${JSON.stringify(type)} where none belongs`,
  );
}

/** Five characters, digits and upper-case letters ("PostgreSQL Error Codes"). */
const SQLSTATE = /^[0-9A-Z]{5}$/;

/** An ErrorResponse as it is passed on: unchanged, unless it lacks what every client relies on. */
function refused({ body, raw }: BackendMessage): UpstreamRefused {
  const fields = parsed(parseErrorFields, body);
  const text = fields.get("M") ?? "the server refused the login and did not say why";
  const detail = `${fields.get("C") ?? "no SQLSTATE"}: ${text}`;
  if (SQLSTATE.test(fields.get("C") ?? "") && fields.has("M") && fields.has("S")) {
    return new UpstreamRefused(detail, Buffer.from(raw), fields);
  }
  const sqlstate = "08004"; // sqlserver_rejected_establishment_of_sqlconnection
  const whole: ErrorFields = new Map([...fields, ["C", sqlstate], ["M", text]]);
  return new UpstreamRefused(detail, errorResponse({ severity: "FATAL", sqlstate, message: text }), whole);
}
