import { Secret } from "../../base/secret.ts";
import type { PostgresDoorConfig } from "../../config/schema.ts";
import type { FrontendMessage } from "../../protocol/frontend.ts";
import {
  decodePassword,
  decodeSaslInitialResponse,
  messageLength,
  splitMessage,
} from "../../protocol/frontend.ts";
import { decodeOauthResponse, OAUTHBEARER, oauthFailure } from "../../protocol/oauthbearer.ts";
import {
  authenticationCleartextPassword,
  authenticationSasl,
  authenticationSaslContinue,
} from "../../protocol/server-messages.ts";
import type { Wire } from "../../wire/wire.ts";
import { WireError } from "./errors.ts";
import type { Inbox } from "./inbox.ts";

/** The token that a client presented, and how it is told that it was not taken. */
export interface Presented {
  readonly token: Secret;
  /** What the mechanism wants said before the ErrorResponse. */
  refuse(): Promise<void>;
}

interface Asking {
  readonly wire: Wire;
  readonly inbox: Inbox;
  /** The largest body of a message, in bytes. */
  readonly limit: number;
}

/** Asks for the token as a cleartext password ("Start-up", AuthenticationCleartextPassword). */
export async function askPassword(asking: Asking): Promise<Presented> {
  asking.wire.write(authenticationCleartextPassword);
  const password = decodePassword((await takeAnswer(asking)).body);
  if (password === undefined) throw new WireError("wire/protocol", "a malformed password message");
  if (password === "") throw new WireError("wire/no-token", "an empty password");
  return { token: new Secret(password), refuse: async () => {} };
}

/** Asks for the token by SASL OAUTHBEARER (RFC 7628; PostgreSQL docs, "OAUTHBEARER Authentication"). */
export async function askOauth(asking: Asking, where: PostgresDoorConfig["oauth"]): Promise<Presented> {
  const { wire } = asking;
  wire.write(authenticationSasl([OAUTHBEARER]));
  const initial = decodeSaslInitialResponse((await takeAnswer(asking)).body);
  if (initial === undefined) throw new WireError("wire/protocol", "a malformed SASLInitialResponse");
  if (initial.mechanism !== OAUTHBEARER) {
    throw new WireError("wire/mechanism", `the mechanism ${JSON.stringify(initial.mechanism.slice(0, 40))}`);
  }
  const response = decodeOauthResponse(initial.response ?? Buffer.alloc(0));
  if (response.kind === "fault") throw new WireError("wire/protocol", `OAUTHBEARER: ${response.detail}`);
  const refuse = async () => {
    // RFC 7628 §3.2.3: the client answers the failure document with one separator, then the exchange fails.
    wire.write(authenticationSaslContinue(oauthFailure(where)));
    await takeAnswer(asking);
  };
  if (response.kind === "discovery") {
    await refuse();
    throw new WireError("wire/no-token", "the client asked where to get a token");
  }
  return { token: new Secret(response.token), refuse };
}

/** All answers during a login have one type ("Message Formats", PasswordMessage). */
const ANSWER = "p";

/** The client's next message. One of another type ends the login at its first byte, whatever it says of its length. */
async function takeAnswer({ inbox, limit }: Asking): Promise<FrontendMessage> {
  const lengthOf = (bytes: Buffer) => {
    const type = String.fromCharCode(bytes[0] ?? 0);
    if (bytes.length === 0 || type === ANSWER) return messageLength(bytes, limit);
    return { fault: `a message of type ${JSON.stringify(type)} instead of a password` };
  };
  return splitMessage(await inbox.take(lengthOf));
}
