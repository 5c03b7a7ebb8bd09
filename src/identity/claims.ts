/**
 * Checks the claims of a token whose signature held (RFC 7519 §4.1, RFC 8725) and says who it is about.
 */
import type { Trace } from "../base/trace.ts";
import type { IssuerConfig } from "../config/schema.ts";
import type { Json } from "./identity.ts";
import type { JsonObject } from "./json.ts";
import { accept, type Refusable, refuse, shown, type UnverifiedToken } from "./jws.ts";

/** OIDC Core §2 allows 255 for `sub`; Kubernetes' service accounts need 330; URIs may be longer. */
const MAX_NAME_LENGTH = 1024;
/** Twice what the large identity providers put into one token before they send a link instead. */
const MAX_GROUPS = 1000;
/** A claim set with more members is no identity but a data transfer. */
const MAX_CLAIMS = 256;
/** The end of the year 9999: what dates can still be written as. A later time is a mistake of units or an attack. */
const MAX_NUMERIC_DATE = 253_402_300_799;
/** Names end up in logs and server settings; nothing in them may break a line or end a string. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const CONTROL = /[\u0000-\u001f\u007f]/;

interface Names {
  readonly subject: string;
  readonly username: string;
  readonly groups: readonly string[];
}

/** When a token may be used, milliseconds since the epoch. */
interface Span {
  readonly expiresAt: number;
  /** Not usable before this moment… */
  readonly from: number;
  /** …nor at or after this one: `exp`, or an earlier end by `maxTokenAge`. */
  readonly until: number;
}

/** Who a token is about, and when it may be used. */
export type CheckedClaims = Names & Span;

type Rules = Pick<
  IssuerConfig,
  | "audience"
  | "requireAudience"
  | "requireSubject"
  | "leeway"
  | "maxTokenAge"
  | "requiredType"
  | "usernameClaim"
  | "groupsClaim"
>;

/** Runs every check, in the order in which `explain` shows them. The first that fails decides. */
export function checkClaims(
  token: UnverifiedToken,
  rules: Rules,
  now: number,
  trace: Trace,
): Refusable<CheckedClaims> {
  const { claims } = token;
  const run = <T>(check: string, result: Refusable<T>, saw: (value: T) => string): Refusable<T> => {
    trace({ check, passed: result.ok, saw: result.ok ? saw(result.value) : result.detail });
    return result;
  };
  const type = run("type", checkType(token.type, rules.requiredType), (saw) => saw);
  if (!type.ok) return type;
  const times = run("time", checkTimes(claims, rules, now), (t) => `valid until ${isoTime(t.until)}`);
  if (!times.ok) return times;
  const audience = run("audience", checkAudience(claims["aud"], rules), (saw) => saw);
  if (!audience.ok) return audience;
  const names = run(
    "subject",
    checkNames(claims, rules),
    (n) => `${shown(n.subject)} is ${shown(n.username)}`,
  );
  if (!names.ok) return names;
  return accept({ ...names.value, ...times.value });
}

/** RFC 7515 §4.1.9: a media type, case-insensitive, `application/` may be left out. RFC 8725 §3.11: explicit typing. */
function checkType(type: string | undefined, required: string | undefined): Refusable<string> {
  if (required === undefined) return accept("no type is required");
  const short = (text: string) => text.toLowerCase().replace(/^application\//, "");
  if (type === undefined || short(type) !== short(required))
    return refuse("identity/type", `typ is ${shown(type)}, ${shown(required)} is required`);
  return accept(`typ is ${shown(type)}`);
}

/** RFC 7519 §4.1.4–6. `exp` is required and gets no leeway: the right ends when the issuer says so. */
function checkTimes(claims: JsonObject, rules: Rules, now: number): Refusable<Span> {
  for (const name of ["exp", "nbf", "iat"])
    if (claims[name] !== undefined && !isNumericDate(claims[name]))
      return refuse("identity/claims", `\`${name}\` is not a number of seconds between 1970 and 9999`);
  const { exp, nbf = 0, iat = 0 } = claims as { exp?: number; nbf?: number; iat?: number }; // checked above
  if (exp === undefined) return refuse("identity/claims", "there is no `exp`; every token must end");
  const expiresAt = exp * 1000;
  if (now >= expiresAt) return refuse("identity/expired", `expired at ${isoTime(expiresAt)}`);
  const from = Math.max(nbf, iat) * 1000 - rules.leeway;
  if (now < from) return refuse("identity/not-yet-valid", `not valid before ${isoTime(from)}`);
  if (rules.maxTokenAge === undefined) return accept({ expiresAt, from, until: expiresAt });
  if (claims["iat"] === undefined)
    return refuse("identity/claims", "there is no `iat`, which maxTokenAge needs");
  const oldAt = iat * 1000 + rules.maxTokenAge + rules.leeway;
  if (now >= oldAt) return refuse("identity/too-old", `issued at ${isoTime(iat * 1000)}, too long ago`);
  return accept({ expiresAt, from, until: Math.min(expiresAt, oldAt) });
}

/** RFC 7519 §2, within what a date can hold. */
export function isNumericDate(value: Json | undefined): value is number {
  return typeof value === "number" && value >= 0 && value <= MAX_NUMERIC_DATE;
}

function isoTime(at: number): string {
  return new Date(at).toISOString();
}

/** RFC 7519 §4.1.3. Without a configured audience only the shape is checked. */
function checkAudience(aud: Json | undefined, rules: Rules): Refusable<string> {
  const { audience: accepted, requireAudience } = rules;
  if (!requireAudience && (aud === undefined || aud === null)) return accept("it is for no audience");
  const values = aud === undefined ? [] : Array.isArray(aud) ? aud : [aud];
  if (!values.every((value) => typeof value === "string"))
    return refuse("identity/claims", "`aud` is neither a string nor a list of strings");
  if (accepted === undefined) return accept("no audience is required");
  if (!requireAudience && values.length === 0) return accept("it is for no audience");
  if (!values.some((value) => accepted.includes(value)))
    return refuse("identity/audience", `aud is ${shown(aud)}, none of ${shown(accepted)}`);
  return accept(`aud is ${shown(aud)}`);
}

/** Who it is. A name that is missing or misshapen refuses the token: nothing is put in its place. */
function checkNames(claims: JsonObject, rules: Rules): Refusable<Names> {
  if (Object.keys(claims).length > MAX_CLAIMS)
    return refuse("identity/claims", `more than ${MAX_CLAIMS} claims`);
  const missing = rules.requireSubject ? undefined : NOBODY;
  const subject = nameOr(claims["sub"], missing?.subject);
  if (subject === undefined) return refuse("identity/claims", `\`sub\` ${NAME_RULE}`);
  const [found, ...others] = rules.usernameClaim.select(claims);
  const username = nameOr(found, missing?.username);
  if (username === undefined || others.length > 0)
    return refuse("identity/claims", `${rules.usernameClaim} (usernameClaim) ${NAME_RULE}`);
  // As Kubernetes has it: an address that its holder did not confirm names nobody.
  if (rules.usernameClaim.text === "$.email" && claims["email_verified"] === false)
    return refuse("identity/claims", "`email` is the username, but `email_verified` is false");
  const groups = groupsOf(claims, rules.groupsClaim);
  if (groups === undefined)
    return refuse(
      "identity/claims",
      `${rules.groupsClaim} (groupsClaim) is not a list of at most ${MAX_GROUPS} names`,
    );
  return accept({ subject, username, groups });
}

/** Who bears a token without `sub`, where it may be left out. No token can say this subject of somebody. */
const NOBODY = { subject: "", username: "(unnamed)" };

const NAME_RULE = `is not a string of 1 to ${MAX_NAME_LENGTH} characters without control characters`;

/** Whether a value can be a name: a string that is not empty, not longer, and has no control characters. */
export function isName(value: unknown, maxLength: number): value is string {
  return typeof value === "string" && value !== "" && value.length <= maxLength && !CONTROL.test(value);
}

/** A name, or what stands for one that is missing; undefined when it is something else. */
function nameOr(value: unknown, missing: string | undefined): string | undefined {
  if (value === undefined || value === null) return missing;
  return isName(value, MAX_NAME_LENGTH) ? value : undefined;
}

/** The groups: none when the claim is absent, one when it is a string. */
function groupsOf(claims: JsonObject, path: Rules["groupsClaim"]): readonly string[] | undefined {
  const found = path?.select(claims) ?? [];
  const values: readonly unknown[] = found.length === 1 && Array.isArray(found[0]) ? found[0] : found;
  return values.length <= MAX_GROUPS && values.every((value) => isName(value, MAX_NAME_LENGTH))
    ? values
    : undefined;
}
