/** How a denied request is answered: PostgREST's codes and words for what access found wrong. */
import type { DenialCode, Denied } from "../../../access/denied.ts";
import type { PgrstCode } from "../errors.ts";
import { RestError } from "../errors.ts";
import { invalidToken, RETRY_SOON, TOKEN_WANTED } from "../refusal-fields.ts";

interface Said {
  readonly code: PgrstCode;
  readonly message: string;
  readonly details?: string;
  readonly hint?: string;
}

const UNREADABLE: Said = { code: "PGRST301", message: "JWT couldn't be decoded" };
const NO_KEY: Said = {
  code: "PGRST301",
  message: "No suitable key or wrong key type",
  details: "None of the keys was able to decode the JWT",
};
const CLAIMS: Said = { code: "PGRST303", message: "Parsing claims failed" };

/** PostgREST takes tokens that never end, and its tutorial makes one. */
const ENDLESS: Said = {
  ...CLAIMS,
  message: "The JWT has no 'exp' claim",
  hint: "Every token must end: add 'exp', the Unix time in seconds at which it does, where tokens are issued.",
};

/** Denials that are about the token itself. A check that failed is named as far as its bearer may know. */
const OF_TOKENS: Partial<Record<DenialCode, Said>> = {
  "identity/malformed": UNREADABLE,
  "identity/too-large": UNREADABLE,
  "identity/header": UNREADABLE,
  "identity/type": UNREADABLE,
  "identity/algorithm": NO_KEY,
  "identity/issuer": NO_KEY,
  "identity/no-key": NO_KEY,
  "identity/signature": NO_KEY,
  "identity/claims": CLAIMS,
  "identity/expired": { code: "PGRST303", message: "JWT expired" },
  "identity/not-yet-valid": { code: "PGRST303", message: "JWT not yet valid" },
  "identity/too-old": { code: "PGRST303", message: "JWT is too old" },
  "identity/audience": { code: "PGRST303", message: "JWT not in audience" },
};

/** @param token as it came; what is wrong with its form is told to who sent it */
export function denialError({ code, spec }: Denied, token: string | undefined): RestError {
  if (code === "policy/anonymous")
    return RestError.of("PGRST302", {
      message: "Anonymous access is disabled",
      headers: TOKEN_WANTED,
    });
  const said = token === undefined ? OF_TOKENS[code] : (faultOf(code, token) ?? OF_TOKENS[code]);
  if (said !== undefined)
    return RestError.of(said.code, {
      ...said,
      headers: invalidToken(said.message),
    });
  const retry = spec.http === 429 || spec.http === 503;
  return RestError.raised(spec.sqlstate, spec.http, {
    message: spec.publicMessage,
    headers: retry ? RETRY_SOON : [],
  });
}

/** What can be seen in the token itself, and its sender knows already. */
function faultOf(code: DenialCode, token: string): Said | undefined {
  if (token === "") return { ...UNREADABLE, message: "Empty JWT is sent in Authorization header" };
  const parts = token.split(".");
  if (code === "identity/malformed" && parts.length !== 3)
    return { ...UNREADABLE, message: `Expected 3 parts in JWT; got ${parts.length}` };
  if (code === "identity/not-yet-valid") return fromFuture(parts[1] ?? "");
  return code === "identity/claims" ? claimFault(parts[1] ?? "") : undefined;
}

/** Which of the two times is the later one, and so the reason. */
function fromFuture(payload: string): Said | undefined {
  const { iat, nbf } = claimsIn(payload);
  const issued = typeof iat === "number" && !(typeof nbf === "number" && nbf >= iat);
  return issued ? { code: "PGRST303", message: "JWT issued at future" } : undefined;
}

/** The claim that is missing, or whose shape is wrong. Decides nothing: that was done, by who reads claims strictly. */
function claimFault(payload: string): Said | undefined {
  const { aud, ...others } = claimsIn(payload);
  if (others["exp"] === undefined) return ENDLESS;
  for (const name of ["exp", "nbf", "iat"])
    if (others[name] !== undefined && typeof others[name] !== "number")
      return { ...CLAIMS, message: `The JWT '${name}' claim must be a number` };
  const list = Array.isArray(aud) ? aud : [aud ?? ""];
  return list.every((one) => typeof one === "string")
    ? undefined
    : { ...CLAIMS, message: "The JWT 'aud' claim must be a string or an array of strings" };
}

function claimsIn(payload: string): Readonly<Record<string, unknown>> {
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, "base64url").toString("utf8"));
    return typeof claims === "object" && claims !== null ? { ...claims } : {};
  } catch {
    return {};
  }
}
