/**
 * The control API's client. It sends one token to one place, follows nothing, and takes only so much for so long; what
 * comes back as a problem (RFC 9457) becomes a failure that a person can read.
 */
import type { ClientRequest, IncomingMessage } from "node:http";
import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { messageOf } from "../base/error.ts";
import { Failure } from "./failure.ts";
import { problemFailure } from "./problem.ts";
import type { Place } from "./server.ts";

/** Longer than the store may take for all that a request needs of it; a person would have given up. */
const DEADLINE_MS = 30_000;

/** More than ten thousand bindings have; what is longer was not meant for a terminal. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

const ROOT = "/api/v1";

type Method = "GET" | "POST" | "PUT" | "DELETE";

/** The API of one Postern, for the bearer of one token. The types of answers are the control door's own. */
export interface Api {
  get<T>(path: string): Promise<T>;
  post<T>(path: string, body: object): Promise<T>;
  put<T>(path: string, body: object): Promise<T>;
  delete<T>(path: string): Promise<T>;
  /** Undefined where there is nothing at the path. */
  find<T>(path: string): Promise<T | undefined>;
}

interface Answer {
  readonly status: number;
  readonly mediaType: string;
  readonly text: string;
}

export function createApi(place: Place, token: string): Api {
  const ask = async (method: Method, path: string, body?: object) => {
    try {
      return await exchange(place, token, { method, path: `${ROOT}${path}`, body });
    } catch (error) {
      throw error instanceof Failure ? error : unreachable(place, error);
    }
  };
  // The door's routes check their answers against the same schema that these types are made of.
  const done = async <T>(method: Method, path: string, body?: object) =>
    contentOf(place, await ask(method, path, body)) as T;
  return {
    get: (path) => done("GET", path),
    post: (path, body) => done("POST", path, body),
    put: (path, body) => done("PUT", path, body),
    delete: (path) => done("DELETE", path),
    find: async <T>(path: string) => {
      const answer = await ask("GET", path);
      const nothing = answer.status === 404 && answer.mediaType === "application/problem+json";
      return nothing ? undefined : (contentOf(place, answer) as T);
    },
  };
}

/** A path of the API, with everything that a name may contain kept in its segment. */
export function pathTo(...segments: readonly string[]): string {
  return segments.map((segment) => `/${encodeURIComponent(segment)}`).join("");
}

interface Question {
  readonly method: Method;
  readonly path: string;
  readonly body: object | undefined;
}

function exchange(place: Place, token: string, { method, path, body }: Question): Promise<Answer> {
  const sent = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
  const headers = {
    accept: "application/json",
    authorization: `Bearer ${token}`,
    ...(sent === undefined ? {} : { "content-type": "application/json", "content-length": sent.length }),
  };
  return new Promise((resolve, reject) => {
    const asked = open(place, path, { method, headers, agent: false });
    const deadline = setTimeout(
      () => asked.destroy(new Error(`no answer within ${DEADLINE_MS / 1000} s`)),
      DEADLINE_MS,
    );
    asked.on("close", () => clearTimeout(deadline));
    asked.on("error", reject);
    asked.on("response", (response) => {
      read(response).then(resolve, (error: unknown) => {
        asked.destroy();
        reject(error);
      });
    });
    asked.end(sent);
  });
}

interface Sending {
  readonly method: Method;
  readonly headers: Readonly<Record<string, string | number>>;
  readonly agent: false;
}

function open(place: Place, path: string, sending: Sending): ClientRequest {
  if (place.kind === "socket") return requestHttp({ ...sending, socketPath: place.path, path });
  const { url, ca } = place;
  const target = new URL(`${url.pathname.replace(/\/+$/, "")}${path}`, url.origin);
  if (url.protocol === "http:") return requestHttp(target, sending);
  return requestHttps(target, { ...sending, ...(ca === undefined ? {} : { ca }) });
}

async function read(response: IncomingMessage): Promise<Answer> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of response) {
    const bytes = Buffer.from(piece);
    length += bytes.length;
    if (length > MAX_ANSWER_BYTES)
      throw new Failure("the answer is too large; ask for less, a namespace or a name");
    pieces.push(bytes);
  }
  const [mediaType = ""] = (response.headers["content-type"] ?? "").split(";");
  const text = Buffer.concat(pieces).toString("utf8");
  return { status: response.statusCode ?? 0, mediaType: mediaType.trim().toLowerCase(), text };
}

function contentOf({ text: server }: Place, { status, mediaType, text }: Answer): unknown {
  if (status === 204) return undefined;
  const value = /^application\/(?:problem\+)?json$/.test(mediaType) ? parse(text) : undefined;
  if (value === undefined)
    throw new Failure(`${server} answered with status ${status}, and not as Postern does; check --server`);
  if (status >= 200 && status < 300) return value;
  throw problemFailure(value, status);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function unreachable({ text }: Place, cause: unknown): Failure {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : messageOf(cause);
  const remedy = /CERT|SIGNATURE|ISSUER/.test(code)
    ? "name the authority of its certificate with --ca-file"
    : "is Postern running, with the `admin` listener there? --server or POSTERN_SERVER names another place";
  return new Failure(`${text} cannot be asked (${code}); ${remedy}`, 1, { cause });
}
