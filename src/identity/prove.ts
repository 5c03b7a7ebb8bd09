/**
 * The steps from a token's text to a proof, each of which can refuse: issuer, keys, signature, claims. The verifier
 * calls them in this order; each is told only what the one before it has established.
 */
import type { Trace } from "../base/trace.ts";
import { verifySignature } from "./algorithm.ts";
import { type CheckedClaims, checkClaims } from "./claims.ts";
import { type ProvedIdentity, sealIdentity } from "./identity.ts";
import type { Issuer } from "./issuer.ts";
import { accept, type Refusable, refuse, shown, type UnverifiedToken } from "./jws.ts";
import type { VerificationKey } from "./key.ts";

/** Signatures tried for one token: bounds what a stranger's token costs when its issuer has many keys. */
const MAX_CANDIDATES = 16;
/** Longer than any URL that names an issuer. */
const MAX_ISSUER_LENGTH = 2048;

/** A key that may have signed a token, and whose it is. */
export interface Candidate {
  readonly issuer: Issuer;
  readonly key: VerificationKey;
}

/** What a token proved, and for how long its text may stand for it. */
export interface Proved {
  readonly identity: ProvedIdentity;
  readonly span: Pick<CheckedClaims, "from" | "until">;
}

/** Writes the outcome of one check into the trace and passes it on. */
export function traced<T>(
  check: string,
  result: Refusable<T>,
  trace: Trace,
  saw: (value: T) => string,
): Refusable<T> {
  trace({ check, passed: result.ok, saw: result.ok ? saw(result.value) : result.detail });
  return result;
}

/**
 * The issuers that may vouch for a token, by its `iss`: those configured with exactly that `issuer`. A token without
 * `iss`, or with one that no configured issuer has, is left to the issuers configured without `issuer`: they take any
 * token that their keys signed, whatever it calls itself (so does jwt-postgresql-proxy), but vouch only under their
 * configured name.
 */
export function chooseIssuers(
  all: readonly Issuer[],
  token: UnverifiedToken,
  permitted: readonly string[] | undefined,
): Refusable<readonly Issuer[]> {
  const { iss } = token.claims;
  if (iss !== undefined && (typeof iss !== "string" || iss === "" || iss.length > MAX_ISSUER_LENGTH))
    return refuse("identity/claims", `\`iss\` is not a string of 1 to ${MAX_ISSUER_LENGTH} characters`);
  const named = all.filter(({ config }) => iss !== undefined && config.issuer === iss);
  const eligible = named.length > 0 ? named : all.filter(({ config }) => config.issuer === undefined);
  const chosen = eligible.filter(({ name }) => permitted === undefined || permitted.includes(name));
  if (chosen.length > 0) return accept(chosen);
  if (eligible.length > 0)
    return refuse("identity/issuer", `iss is ${shown(iss)}; the cluster does not trust that issuer`);
  return refuse("identity/issuer", `iss is ${shown(iss)}, which no configured issuer has`);
}

/** The keys that could have signed the token; looks for new ones at their source when there are none. */
export function findCandidates(
  issuers: readonly Issuer[],
  token: UnverifiedToken,
): Refusable<readonly Candidate[]> | Promise<Refusable<readonly Candidate[]>> {
  const found = candidatesAmong(issuers, token);
  if (found.length > 0) return bounded(found);
  const searches = issuers.flatMap((issuer) => issuer.seek(token.kid) ?? []);
  if (searches.length === 0) return noCandidate(issuers, token);
  return Promise.all(searches).then(() => {
    const late = candidatesAmong(issuers, token);
    return late.length > 0 ? bounded(late) : noCandidate(issuers, token);
  });
}

function candidatesAmong(issuers: readonly Issuer[], { algorithm, kid }: UnverifiedToken): Candidate[] {
  return issuers.flatMap((issuer) => issuer.candidates(algorithm, kid).map((key) => ({ issuer, key })));
}

function bounded(found: readonly Candidate[]): Refusable<readonly Candidate[]> {
  if (found.length <= MAX_CANDIDATES) return accept(found);
  return refuse(
    "identity/no-key",
    `${found.length} keys could have signed it; \`kid\` must leave at most ${MAX_CANDIDATES}`,
  );
}

/** Why no key fits. Having no keys at all is our trouble and not the token's. */
function noCandidate(issuers: readonly Issuer[], { algorithm, kid }: UnverifiedToken) {
  const without = issuers.find((issuer) => issuer.keys.length === 0);
  if (without !== undefined)
    return refuse("identity/keys-unavailable", `no keys of ${without.name} are loaded`);
  if (issuers.some((issuer) => issuer.knows(kid)))
    return refuse("identity/algorithm", `no key of the issuer may be used with ${algorithm}`);
  return refuse("identity/no-key", `no key of the issuer has the kid ${shown(kid)}`);
}

/** The key that signed the token (RFC 7515 §5.2). */
export function findSigner(token: UnverifiedToken, candidates: readonly Candidate[]): Refusable<Candidate> {
  const { algorithm, signingInput, signature } = token;
  const signer = candidates.find(({ key }) => verifySignature(algorithm, key.key, signingInput, signature));
  return signer === undefined
    ? refuse("identity/signature", "the signature is not of any key that could have made it")
    : accept(signer);
}

/** Checks the claims of a token whose signature held, and seals the identity. */
export function prove(
  token: UnverifiedToken,
  { issuer, key }: Candidate,
  now: number,
  trace: Trace,
): Refusable<Proved> {
  const checked = checkClaims(token, issuer.config, now, trace);
  if (!checked.ok) return checked;
  const { subject, username, groups, expiresAt, from, until } = checked.value;
  const identity = sealIdentity({
    issuer: issuer.identifier,
    subject,
    username,
    groups,
    claims: token.claims,
    expiresAt,
    takenUntil: until,
    proof: { issuer: issuer.name, keyThumbprint: key.thumbprint, algorithm: token.algorithm },
  });
  return accept({ identity, span: { from, until } });
}
