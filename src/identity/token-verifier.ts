/** The verifier of signed tokens: runs the steps of prove.ts, remembers what they proved, and owns the issuers. */
import type { Clock } from "../base/clock.ts";
import type { Observe } from "../base/event.ts";
import type { Secret } from "../base/secret.ts";
import { noTrace, type Trace } from "../base/trace.ts";
import type { IssuerConfig } from "../config/schema.ts";
import { EitherVerifier } from "./either-verifier.ts";
import type { Proof } from "./identity.ts";
import { Issuer } from "./issuer.ts";
import { parseCompact, type Refusable } from "./jws.ts";
import { openSources } from "./key-sources.ts";
import { PersonalTokenVerifier, type PersonalTokenVerifierParts } from "./personal-tokens/verifier.ts";
import { chooseIssuers, findCandidates, findSigner, type Proved, prove, traced } from "./prove.ts";
import { SharedSources } from "./shared-sources.ts";
import { TokenCache } from "./token-cache.ts";
import type { Verified, Verifier } from "./verifier.ts";

export interface VerifierParts {
  readonly clock: Clock;
  readonly observe: Observe;
  /** Where sources of keys are shared with the verifier of the configuration before; with nobody by default. */
  readonly shared?: SharedSources;
  /** How many proved tokens are remembered. */
  readonly cachedTokens?: number;
  /** Where personal access tokens are found, the key of their hashes, and how long groups count; without it there are none. */
  readonly personalTokens?: Pick<PersonalTokenVerifierParts, "tokens" | "key" | "groupsMaxAge"> | undefined;
}

/** Enough for every live token of a large fleet. */
const DEFAULT_CACHED_TOKENS = 10_000;

/**
 * Makes the verifier for the configured issuers. Keys in the configuration itself serve at once; those in files and
 * at URLs after `start`.
 * @throws IdentityConfigError when an issuer's configuration cannot be used; it names every fault
 */
export function createVerifier(issuers: readonly IssuerConfig[], parts: VerifierParts): Verifier {
  const signed = new TokenVerifier(issuers, parts);
  const { personalTokens, clock } = parts;
  return personalTokens === undefined
    ? signed
    : new EitherVerifier(signed, new PersonalTokenVerifier({ ...personalTokens, clock, issuers }));
}

const CLOSED: Verified = {
  kind: "refused",
  code: "identity/keys-unavailable",
  detail: "the issuers' configuration changed in the meantime",
};

class TokenVerifier implements Verifier {
  readonly #clock: Clock;
  readonly #issuers: readonly Issuer[];
  readonly #cache: TokenCache;
  readonly #listeners = new Set<() => void>();
  #closed = false;

  constructor(configs: readonly IssuerConfig[], parts: VerifierParts) {
    this.#clock = parts.clock;
    this.#cache = new TokenCache(parts.cachedTokens ?? DEFAULT_CACHED_TOKENS);
    const { shared = new SharedSources() } = parts;
    const opened = openSources(configs, { ...parts, shared, changed: () => this.#keysChanged() });
    this.#issuers = opened.map(({ config, sources }) => new Issuer(config, sources));
  }

  async verify(token: Secret, issuers: readonly string[] | undefined, trace: Trace): Promise<Verified> {
    const text = token.reveal();
    const key = TokenCache.key(text);
    // Whoever asks for the working gets the whole of it.
    const known = trace === noTrace ? this.#cache.get(key, this.#clock.now()) : undefined;
    if (known !== undefined && (issuers === undefined || issuers.includes(known.proof.issuer)))
      return { kind: "identity", identity: known };
    const result = await this.#prove(text, issuers, trace);
    if (this.#closed) return CLOSED; // a reload came while keys were fetched; what it took away must not count
    if (!result.ok) return { kind: "refused", code: result.code, detail: result.detail };
    const { identity, span } = result.value;
    // Nothing ran since the keys were looked up, so no key can have gone in between.
    this.#cache.set(key, { identity, ...span, length: text.length });
    return { kind: "identity", identity };
  }

  trusts({ issuer, keyThumbprint, algorithm }: Proof): boolean {
    return this.#issuers.some(
      (candidate) => candidate.name === issuer && candidate.trusts(keyThumbprint, algorithm),
    );
  }

  onKeysChanged(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async start(): Promise<readonly string[]> {
    return (await Promise.all(this.#issuers.map((issuer) => issuer.start()))).flat();
  }

  ready(): boolean {
    return this.#issuers.every((issuer) => issuer.keys.length > 0);
  }

  close(): void {
    this.#closed = true;
    for (const issuer of this.#issuers) issuer.close();
    this.#listeners.clear();
    this.#cache.clear();
  }

  /** What was proved with the keys of before must not outlive them. */
  #keysChanged(): void {
    this.#cache.clear();
    for (const listener of [...this.#listeners]) listener();
  }

  async #prove(
    text: string,
    permitted: readonly string[] | undefined,
    trace: Trace,
  ): Promise<Refusable<Proved>> {
    const parsed = traced("format", parseCompact(text), trace, (t) => `a signed token, ${t.algorithm}`);
    if (!parsed.ok) return parsed;
    const token = parsed.value;
    const issuers = traced("issuer", chooseIssuers(this.#issuers, token, permitted), trace, (chosen) =>
      chosen.map(({ name }) => name).join(", "),
    );
    if (!issuers.ok) return issuers;
    const found = findCandidates(issuers.value, token);
    const candidates = traced("key", found instanceof Promise ? await found : found, trace, (keys) =>
      keys.length === 1 ? "one key fits" : `${keys.length} keys fit`,
    );
    if (!candidates.ok) return candidates;
    const signer = traced(
      "signature",
      findSigner(token, candidates.value),
      trace,
      ({ issuer, key }) => `made with ${issuer.name}'s key ${key.kid ?? key.thumbprint}`,
    );
    if (!signer.ok) return signer;
    return prove(token, signer.value, this.#clock.now(), trace);
  }
}
