/** The server's side of SASL OAUTHBEARER (RFC 7628), as libpq 18 speaks it. */
import { decodeUtf8 } from "./bytes.ts";

export const OAUTHBEARER = "OAUTHBEARER";

/** What a client's first message holds. Without a token it asks where to get one (RFC 7628 §4.3). */
export type OauthResponse =
  | { readonly kind: "token"; readonly token: string }
  | { readonly kind: "discovery" }
  | { readonly kind: "fault"; readonly detail: string };

/** RFC 7628 §3.1: the separator of key-value pairs. */
const SEPARATOR = "\x01";
/** RFC 6750 §2.1: b64token. */
const B64_TOKEN = /^[A-Za-z0-9\-._~+/]+=*$/;
const KEY_VALUE = /^[A-Za-z]+=[\t\n\r\x20-\x7e]*$/;

/** Decodes the initial client response (RFC 7628 §3.1). No channel binding; an authzid is not accepted. */
export function decodeOauthResponse(response: Buffer): OauthResponse {
  const text = decodeUtf8(response);
  if (text === undefined) return fault("not UTF-8");
  const [header, ...pairs] = text.split(SEPARATOR);
  if (header !== "n,," && header !== "y,,") return fault("a GS2 header with channel binding or authzid");
  if (pairs.pop() !== "" || pairs.pop() !== "") return fault("no terminator");
  if (!pairs.every((pair) => KEY_VALUE.test(pair))) return fault("a malformed key-value pair");
  const auth = pairs.filter((pair) => pair.startsWith("auth="));
  if (auth.length !== 1) return fault("not exactly one auth value");
  const value = (auth[0] ?? "").slice("auth=".length);
  if (value === "") return { kind: "discovery" };
  const [scheme = "", token = "", ...more] = value.split(" ").filter((part) => part !== "");
  if (scheme.toLowerCase() !== "bearer" || more.length > 0 || !B64_TOKEN.test(token))
    return fault("not a bearer token");
  return { kind: "token", token };
}

/** The failure document (RFC 7628 §3.2.2) that tells a client where a token is to be had. */
export function oauthFailure(
  where: { openidConfiguration: string; scope?: string | undefined } | undefined,
): string {
  return JSON.stringify({
    status: "invalid_token",
    ...(where?.scope === undefined ? {} : { scope: where.scope }),
    ...(where === undefined ? {} : { "openid-configuration": where.openidConfiguration }),
  });
}

function fault(detail: string): OauthResponse {
  return { kind: "fault", detail };
}
