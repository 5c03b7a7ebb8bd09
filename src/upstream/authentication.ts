import { randomBytes } from "node:crypto";
import { messageOf } from "../base/error.ts";
import type { Secret } from "../base/secret.ts";
import type { ClusterConfig } from "../config/schema.ts";
import type { BackendMessage } from "../protocol/backend.ts";
import { type AuthenticationRequest, parseAuthentication } from "../protocol/backend-messages.ts";
import { passwordMessage, saslInitialResponse, saslResponse } from "../protocol/client-messages.ts";
import { type ChannelBinding, md5Response, ScramExchange } from "../protocol/scram.ts";
import type { Attempt } from "./attempt.ts";
import type { Channel } from "./channel.ts";
import { UpstreamError } from "./errors.ts";
import { expectMessage, parsed, unexpected } from "./expect.ts";
import type { ScramKeyCache } from "./scram-key-cache.ts";
import type { Protection } from "./transport.ts";

/** libpq's number of random bytes in a nonce. */
const NONCE_BYTES = 18;

export interface Authenticating {
  readonly channel: Channel;
  readonly attempt: Attempt;
  readonly protection: Protection;
  readonly channelBinding: ClusterConfig["tls"]["channelBinding"];
  readonly role: string;
  /** Undefined when we log in without a password. */
  readonly password: Secret | undefined;
  readonly keys: ScramKeyCache;
}

/**
 * Answers the server's authentication requests until it says AuthenticationOk (PostgreSQL docs, "Message Flow",
 * "Start-up"). The server is not trusted to choose a method that gives our secret away.
 * @param first the server's first message
 * @throws UpstreamRefused, UpstreamError
 */
export async function authenticate(login: Authenticating, first: BackendMessage): Promise<void> {
  if (first.type !== "R") throw unexpected(first);
  const request = parsed(parseAuthentication, first.body);
  switch (request.kind) {
    case "ok":
      requireNoBinding(login, "lets everybody in");
      return;
    case "cleartext":
      answerCleartext(login);
      break;
    case "md5":
      requireNoBinding(login, "asks for an MD5 password");
      login.channel.send(passwordMessage(md5Response(secretOf(login), login.role, request.salt)));
      break;
    case "sasl":
      await answerSasl(login, request.mechanisms);
      break;
    default:
      throw refuse(`the server wants authentication that is not supported: ${describe(request)}`);
  }
  const last = await nextRequest(login);
  if (last.kind !== "ok") throw refuse(`the server sent a second authentication request: ${describe(last)}`);
}

async function nextRequest({ channel, attempt }: Authenticating): Promise<AuthenticationRequest> {
  return await expectMessage(channel, attempt, "R", parseAuthentication);
}

/** A cleartext password reaches whoever is at the other end, so that end must have proved who it is. */
function answerCleartext(login: Authenticating): void {
  requireNoBinding(login, "asks for a cleartext password");
  const { protection, channel } = login;
  if (protection.kind !== "tls" || !protection.verified) {
    throw refuse(
      "the server wants a cleartext password, which is only sent over TLS with verify-ca or verify-full",
    );
  }
  channel.send(passwordMessage(secretOf(login)));
}

async function answerSasl(login: Authenticating, offered: readonly string[]): Promise<void> {
  const { channel, attempt, keys } = login;
  const binding = chooseBinding(login, offered);
  const mechanism = binding.kind === "end-point" ? "SCRAM-SHA-256-PLUS" : "SCRAM-SHA-256";
  if (!offered.includes(mechanism))
    throw refuse(`the server offers only SASL mechanisms that are not supported: ${offered.join(", ")}`);
  const password = secretOf(login);
  const exchange = new ScramExchange(binding, randomBytes(NONCE_BYTES).toString("base64"));
  channel.send(saslInitialResponse(mechanism, exchange.first()));
  const first = await saslData(login, "sasl-continue");
  const challenge = orRefuse(() => exchange.challenge(first));
  const derived = await attempt.wait(keys.get(password, challenge));
  channel.send(saslResponse(exchange.proof(first, challenge, derived)));
  const final = await saslData(login, "sasl-final");
  orRefuse(() => exchange.verify(final));
}

/** RFC 5802 §6: bind when both sides can; say so when only we can, so that the server notices a removed offer. */
function chooseBinding(login: Authenticating, offered: readonly string[]): ChannelBinding {
  const { protection, channelBinding } = login;
  const offersBinding = offered.includes("SCRAM-SHA-256-PLUS");
  if (protection.kind !== "tls" && offersBinding) {
    throw refuse("the server offers channel binding without TLS: somebody is in between");
  }
  const endPoint = protection.kind === "tls" ? protection.endPoint : undefined;
  if (channelBinding !== "disable" && endPoint !== undefined && offersBinding) {
    return { kind: "end-point", hash: endPoint };
  }
  requireNoBinding(login, "does not offer channel binding");
  return channelBinding !== "disable" && endPoint !== undefined ? { kind: "not-offered" } : { kind: "none" };
}

async function saslData(login: Authenticating, kind: "sasl-continue" | "sasl-final"): Promise<string> {
  const request = await nextRequest(login);
  if (request.kind !== kind) throw refuse(`the server sent ${describe(request)} where ${kind} belongs`);
  return request.data;
}

function requireNoBinding({ channelBinding }: Authenticating, what: string): void {
  if (channelBinding === "require") throw refuse(`channel binding is required, and the server ${what}`);
}

function secretOf({ password }: Authenticating): string {
  if (password === undefined) {
    throw refuse("the server wants a password, and the login method has none: check pg_hba.conf");
  }
  return password.reveal();
}

function orRefuse<T>(step: () => T): T {
  try {
    return step();
  } catch (error) {
    throw refuse(`the server sent ${messageOf(error)}`, error);
  }
}

function refuse(detail: string, cause?: unknown): UpstreamError {
  return new UpstreamError("upstream/authentication", detail, cause === undefined ? {} : { cause });
}

function describe(request: AuthenticationRequest): string {
  return request.kind === "unsupported" ? `method ${request.method}` : request.kind;
}
