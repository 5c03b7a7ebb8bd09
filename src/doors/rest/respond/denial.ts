/** How a denied request is answered: PostgREST's codes and words for what access found wrong. */
import type { DenialCode, Denied } from "../../../access/admit.ts";
import type { PgrstCode } from "../errors.ts";
import { RestError } from "../errors.ts";

interface Said {
  readonly code: PgrstCode;
  readonly message: string;
  readonly details?: string;
}

const UNREADABLE: Said = { code: "PGRST301", message: "JWT could not be decoded" };
const NO_KEY: Said = {
  code: "PGRST301",
  message: "No suitable key or wrong key type",
  details: "None of the keys was able to decode the JWT",
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
  "identity/claims": { code: "PGRST303", message: "Parsing claims failed" },
  "identity/expired": { code: "PGRST303", message: "JWT expired" },
  "identity/not-yet-valid": { code: "PGRST303", message: "JWT not yet valid" },
  "identity/too-old": { code: "PGRST303", message: "JWT is too old" },
  "identity/audience": { code: "PGRST303", message: "JWT not in audience" },
};

/** What keeps the answer the same for each request, and is not the client's fault. */
const BUSY = [["Retry-After", "1"]] as const;

export function denialError({ code, spec }: Denied): RestError {
  if (code === "policy/anonymous")
    return RestError.of("PGRST302", {
      message: "Anonymous access is disabled",
      headers: [["WWW-Authenticate", "Bearer"]],
    });
  const said = OF_TOKENS[code];
  if (said !== undefined)
    return RestError.of(said.code, {
      ...said,
      headers: [["WWW-Authenticate", `Bearer error="invalid_token", error_description="${said.message}"`]],
    });
  const retry = spec.http === 429 || spec.http === 503;
  return RestError.raised(spec.sqlstate, spec.http, {
    message: spec.publicMessage,
    headers: retry ? BUSY : [],
  });
}
