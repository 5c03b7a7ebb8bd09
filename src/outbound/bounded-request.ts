/**
 * One HTTP request with every bound that a look-up needs on which logins wait: time to connect, time in total, size of
 * the answer, no redirect, and, where wanted, no private address. It knows nothing of keys or of people.
 */
import { lookup as lookUp } from "node:dns";
import {
  type ClientRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request as requestHttp,
} from "node:http";
import { request as requestHttps } from "node:https";
import { isIP, type LookupFunction } from "node:net";
import type { Clock } from "../base/clock.ts";
import { isPrivateAddress } from "./networks.ts";

/** A host that does not answer a SYN in 2 s is down; waiting longer only holds up logins. */
const CONNECT_TIMEOUT_MS = 2000;
/** From the first look-up to the last byte. A login may be waiting for it. */
const TOTAL_TIMEOUT_MS = 5000;
/** Key sets and discovery documents are a few kB, and what an API says of somebody is less. */
const MAX_BODY_BYTES = 64 * 1024;

export interface RequestOptions {
  readonly clock: Clock;
  /** Trusted instead of the system's CAs. */
  readonly ca: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly refusePrivateNetworks: boolean;
  /** Calls the request off. */
  readonly signal: AbortSignal;
  /** From the first look-up to the last byte; 5 s by default. */
  readonly timeoutMs?: number;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Why there is no answer, in words for the log. */
export class FetchError extends Error {}

/** GETs a URL. Rejects with an Error whose message says which bound or step failed. */
export async function boundedGet(url: URL, options: RequestOptions): Promise<Answer> {
  return boundedRequest(url, options, undefined);
}

/** POSTs a JSON text to a URL. Rejects as boundedGet does. */
export async function boundedPost(url: URL, body: string, options: RequestOptions): Promise<Answer> {
  return boundedRequest(url, options, body);
}

async function boundedRequest(url: URL, options: RequestOptions, body: string | undefined): Promise<Answer> {
  // An address in the URL itself is never looked up.
  const literal = hostOf(url);
  if (options.refusePrivateNetworks && isIP(literal) !== 0 && isPrivateAddress(literal))
    throw new FetchError(`${literal} is a private address`);
  return new Promise((resolve, reject) => new Exchange(url, options, body, resolve, reject));
}

class Exchange {
  readonly #request: ClientRequest;
  readonly #options: RequestOptions;
  readonly #resolve: (answer: Answer) => void;
  readonly #reject: (error: Error) => void;
  readonly #timers: (() => void)[];
  readonly #abort = () => this.#fail("called off");
  #settled = false;

  constructor(
    url: URL,
    options: RequestOptions,
    body: string | undefined,
    resolve: (answer: Answer) => void,
    reject: (error: Error) => void,
  ) {
    this.#options = options;
    this.#resolve = resolve;
    this.#reject = reject;
    const { clock, signal, timeoutMs = TOTAL_TIMEOUT_MS } = options;
    const callOffConnect = clock.after(CONNECT_TIMEOUT_MS, () =>
      this.#fail(`no connection within ${CONNECT_TIMEOUT_MS} ms`),
    );
    const callOffTotal = clock.after(timeoutMs, () => this.#fail(`no whole answer within ${timeoutMs} ms`));
    this.#timers = [callOffConnect, callOffTotal];
    signal.addEventListener("abort", this.#abort);
    this.#request = send(url, options, body, (response) => this.#read(response));
    this.#request.on("error", (error) => this.#fail(error.message));
    this.#request.on("socket", (socket) => {
      const connected = () => {
        callOffConnect();
        // The look-up was checked already; this also covers a runtime that went around it.
        const { remoteAddress } = socket;
        if (options.refusePrivateNetworks && (remoteAddress === undefined || isPrivateAddress(remoteAddress)))
          this.#fail(`connected to the private address ${remoteAddress}`);
      };
      socket.once(url.protocol === "https:" ? "secureConnect" : "connect", connected);
    });
    if (signal.aborted) this.#abort();
  }

  #read(response: IncomingMessage): void {
    const status = response.statusCode ?? 0;
    if (status >= 300 && status < 400 && status !== 304)
      this.#fail(`answered ${status}; redirects are not followed`);
    const chunks: Buffer[] = [];
    let length = 0;
    response.on("data", (chunk: Buffer) => {
      length += chunk.length;
      if (length > MAX_BODY_BYTES) this.#fail(`the answer is larger than ${MAX_BODY_BYTES} bytes`);
      else chunks.push(chunk);
    });
    response.on("error", (error) => this.#fail(error.message));
    response.on("close", () => this.#fail("the answer was cut off"));
    response.on("end", () => {
      if (!response.complete) this.#fail("the answer was cut off");
      this.#settle(() => this.#resolve({ status, headers: response.headers, body: Buffer.concat(chunks) }));
    });
  }

  #fail(why: string): void {
    this.#settle(() => {
      this.#reject(new FetchError(why));
      this.#request?.destroy();
    });
  }

  #settle(how: () => void): void {
    if (this.#settled) return;
    this.#settled = true;
    for (const callOff of this.#timers) callOff();
    this.#options.signal.removeEventListener("abort", this.#abort);
    how();
  }
}

function send(
  url: URL,
  options: RequestOptions,
  body: string | undefined,
  onResponse: (response: IncomingMessage) => void,
): ClientRequest {
  const { ca, headers, refusePrivateNetworks } = options;
  const request = url.protocol === "https:" ? requestHttps : requestHttp;
  const sent = request(
    {
      method: body === undefined ? "GET" : "POST",
      hostname: hostOf(url),
      port: url.port || undefined,
      path: `${url.pathname}${url.search}`,
      headers: { accept: "application/json", connection: "close", ...contentOf(body), ...headers },
      // A connection of its own: none is kept between requests, and no pool is shared with another host's.
      agent: false,
      ...(ca === undefined ? {} : { ca }),
      ...(refusePrivateNetworks ? { lookup: lookUpPublic } : {}),
    },
    onResponse,
  );
  sent.end(body);
  return sent;
}

function contentOf(body: string | undefined) {
  if (body === undefined) return {};
  return { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
}

/** The host as sockets want it: IPv6 addresses without their brackets. */
function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, "");
}

/**
 * Resolves a name to public addresses only. The socket connects to what this returns and asks nobody again, so a
 * name that resolves differently the second time (DNS rebinding) gains nothing.
 */
const lookUpPublic: LookupFunction = (hostname, options, callback) => {
  lookUp(hostname, { ...options, all: true }, (error, addresses) => {
    if (error !== null) return callback(error, []);
    const refused = addresses.find(({ address }) => isPrivateAddress(address));
    if (refused !== undefined)
      return callback(new FetchError(`${hostname} resolves to the private address ${refused.address}`), []);
    const [first] = addresses;
    if (options.all === true || first === undefined) return callback(null, addresses);
    return callback(null, first.address, first.family);
  });
};
