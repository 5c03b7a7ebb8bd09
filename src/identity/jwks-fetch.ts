/** Fetches a JWK Set: from a URL, or from where OpenID Connect Discovery says it is. */
import { readFile } from "node:fs/promises";
import type { Clock } from "../base/clock.ts";
import { isLoopback } from "../config/checks/loopback.ts";
import type { IssuerConfig } from "../config/schema.ts";
import { type Answer, boundedGet, FetchError } from "../outbound/bounded-request.ts";
import { type JsonObject, parseJsonObject } from "./json.ts";
import type { Fetched, KeyFetch } from "./refreshed-source.ts";

/** Discovery documents change once in years; a failure to fetch the keys asks again at once. */
const REDISCOVER_MS = 60 * 60_000;

type FetchRules = IssuerConfig["fetch"];

/**
 * What is wrong with a URL that keys are fetched from, or undefined. The configuration's own URLs were checked before;
 * what a discovery document names was not. Whoever is on the path of plain http could choose the keys.
 */
function urlFault(url: URL): string | undefined {
  if (url.protocol === "https:" || (url.protocol === "http:" && isLoopback(url.hostname))) return undefined;
  return `keys are fetched with https only, not from ${url.protocol}//${url.host}`;
}

/** GETs documents by an issuer's rules for fetching. */
class Getter {
  readonly #rules: FetchRules;
  readonly #clock: Clock;
  /** The only host that the bearer token is sent to. */
  readonly #home: string;

  constructor(rules: FetchRules, home: URL, clock: Clock) {
    this.#rules = rules;
    this.#home = home.host;
    this.#clock = clock;
  }

  async get(url: URL, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<Answer> {
    const { caFile, bearerFile, refusePrivateNetworks } = this.#rules;
    const fault = urlFault(url);
    if (fault !== undefined) throw new FetchError(fault);
    // Read anew each time: both files are rotated while we run.
    const ca = caFile === undefined ? undefined : await readFile(caFile, "utf8");
    const sendBearer = bearerFile !== undefined && url.host === this.#home;
    const authorization = sendBearer
      ? { authorization: `Bearer ${(await readFile(bearerFile, "utf8")).trim()}` }
      : {};
    return boundedGet(url, {
      clock: this.#clock,
      ca,
      headers: { ...headers, ...authorization },
      refusePrivateNetworks,
      signal,
    });
  }
}

/** Fetches a JWK Set and remembers its entity tag (RFC 9110 §13.1.2). */
class Document {
  readonly #getter: Getter;
  #etag: { readonly url: string; readonly value: string } | undefined;

  constructor(getter: Getter) {
    this.#getter = getter;
  }

  async fetch(url: URL, signal: AbortSignal): Promise<Fetched> {
    const known = this.#etag?.url === url.href ? this.#etag.value : undefined;
    const headers = known === undefined ? {} : { "if-none-match": known };
    const answer = await this.#getter.get(url, headers, signal);
    const maxAgeMs = maxAgeOf(answer);
    if (answer.status === 304 && known !== undefined) return { kind: "unchanged", maxAgeMs };
    const document = objectIn(answer);
    const { etag } = answer.headers;
    this.#etag = etag === undefined ? undefined : { url: url.href, value: etag };
    return { kind: "document", document, maxAgeMs };
  }

  forget(): void {
    this.#etag = undefined;
  }
}

/** Fetches the JWK Set at a URL. */
export function fetchFromUrl(url: URL, rules: FetchRules, clock: Clock): KeyFetch {
  const document = new Document(new Getter(rules, url, clock));
  return {
    fetch: (signal) => document.fetch(url, signal),
    forget: () => document.forget(),
  };
}

/** Finds the JWK Set of an issuer (OpenID Connect Discovery 1.0 §4) and fetches it. */
export function fetchByDiscovery(issuer: string, rules: FetchRules, clock: Clock): KeyFetch {
  const getter = new Getter(rules, discoveryUrl(issuer), clock);
  const document = new Document(getter);
  let found: { readonly url: URL; readonly at: number } | undefined;
  return {
    async fetch(signal) {
      if (found === undefined || clock.now() - found.at >= REDISCOVER_MS)
        found = { url: await discover(issuer, getter, signal), at: clock.now() };
      return document.fetch(found.url, signal);
    },
    forget() {
      found = undefined;
      document.forget();
    },
  };
}

async function discover(issuer: string, getter: Getter, signal: AbortSignal): Promise<URL> {
  const { issuer: named, jwks_uri: uri } = objectIn(await getter.get(discoveryUrl(issuer), {}, signal));
  // §4.3: otherwise any host could speak for any issuer.
  if (named !== issuer)
    throw new FetchError("the discovery document is of another issuer (its `issuer` differs)");
  if (typeof uri !== "string" || !URL.canParse(uri))
    throw new FetchError("the discovery document has no usable `jwks_uri`");
  return new URL(uri);
}

/** §4.1: a `/` at the issuer's end is dropped before the path is appended. */
function discoveryUrl(issuer: string): URL {
  return new URL(`${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`);
}

function objectIn({ status, body }: Answer): JsonObject {
  if (status !== 200) throw new FetchError(`answered ${status}`);
  const parsed = parseJsonObject(body);
  if ("fault" in parsed) throw new FetchError(`the answer is ${parsed.fault}`);
  return parsed.value;
}

/** RFC 9111 §5.2.2: how long the answer may be used; `no-store` and `no-cache` mean as short as possible. */
function maxAgeOf({ headers }: Answer): number | undefined {
  const control = headers["cache-control"] ?? "";
  if (/(?:^|[\s,])no-(?:store|cache)\b/i.test(control)) return 0;
  const seconds = /(?:^|[\s,])max-age="?(\d{1,9})/i.exec(control)?.[1];
  if (seconds === undefined) return undefined;
  return Math.max(0, Number(seconds) - (Number(headers.age) || 0)) * 1000;
}
