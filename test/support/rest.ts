import assert from "node:assert/strict";
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from "node:http";
import { Agent, request as httpRequest } from "node:http";
import { test } from "node:test";
import type { Json } from "../../src/identity/identity.ts";
import { mintToken, newKeyPair, publicJwk } from "../../src/identity/mint.ts";
import type { Gateway } from "./gateway.ts";
import { startGateway } from "./gateway.ts";
import type { TestPostgres, TestPostgresOptions } from "./postgres.ts";
import { startPostgres } from "./postgres.ts";

/** The password of the authenticator; no client is ever to see it. */
export const AUTHENTICATOR_PASSWORD = "authenticator-secret-71c";
const HOUR = 3600;

/**
 * `anon` for requests without a token, `web` for those of a person, `other` for somebody else: the authenticator may
 * become each of them, and none of them may log in.
 */
const ROLES = `
  CREATE ROLE authenticator LOGIN NOINHERIT PASSWORD '${AUTHENTICATOR_PASSWORD}';
  CREATE ROLE anon; CREATE ROLE web; CREATE ROLE other;
  GRANT anon, web, other TO authenticator;
  CREATE SCHEMA api; GRANT USAGE ON SCHEMA api TO anon, web, other;
  ALTER DEFAULT PRIVILEGES IN SCHEMA api GRANT ALL ON TABLES TO web;
  ALTER DEFAULT PRIVILEGES IN SCHEMA api GRANT ALL ON SEQUENCES TO web;
`;

export interface RestOptions {
  /** Run as superuser before the door opens; schema `api` is the one that is exposed. */
  readonly sql: string;
  /** PGRST_* settings over the usual ones; undefined takes one away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly postgres?: TestPostgresOptions;
  readonly args?: readonly string[];
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly text: string;
  /** The body as JSON. */
  json(): unknown;
}

export interface AskOptions {
  readonly headers?: OutgoingHttpHeaders;
  /** An object is sent as JSON. */
  readonly body?: unknown;
  /** The role of the token that comes with the request; none: no token. */
  readonly as?: string | undefined;
}

/** A real PostgreSQL and the REST door of a gateway process in front of it. */
export interface RestWorld {
  readonly postgres: TestPostgres;
  readonly gateway: Gateway;
  /** `http://127.0.0.1:port`. */
  readonly url: string;
  readonly env: Readonly<Record<string, string>>;
  /** A token for a database role, valid for an hour unless `claims` say otherwise. */
  token(role: string, claims?: Readonly<Record<string, Json | undefined>>): string;
  /** Sends one request, "GET /films?id=eq.1", with its target as it is. */
  ask(request: string, options?: AskOptions): Promise<Answer>;
  stop(): Promise<void>;
}

/** Starts PostgreSQL with the fixture, and `postern rest` with PostgREST's settings in the environment. */
export async function startRest(options: RestOptions): Promise<RestWorld> {
  const postgres = await startPostgres({ ...options.postgres, sql: `${ROLES}${options.sql}` });
  try {
    return await inFront(postgres, options);
  } catch (error) {
    await postgres.stop();
    throw error;
  }
}

async function inFront(postgres: TestPostgres, { env: more, args = [] }: RestOptions): Promise<RestWorld> {
  const keys = newKeyPair("ES256");
  const settings: Record<string, string | undefined> = {
    PGRST_DB_URI: `postgres://authenticator:${AUTHENTICATOR_PASSWORD}@localhost:${postgres.port}/postgres?sslmode=verify-full&sslrootcert=${encodeURIComponent(postgres.caFile)}`,
    PGRST_DB_SCHEMAS: "api",
    PGRST_DB_ANON_ROLE: "anon",
    PGRST_JWT_SECRET: JSON.stringify({ keys: [publicJwk(keys.publicPem)] }),
    PGRST_SERVER_HOST: "127.0.0.1",
    PGRST_SERVER_PORT: "0",
    PGRST_DB_POOL: "4",
    POSTERN__LOG__FORMAT: "json",
    POSTERN__LOG__LEVEL: "info",
    ...more,
  };
  const env = Object.fromEntries(
    Object.entries(settings).filter(([, value]) => value !== undefined),
  ) as Record<string, string>;
  const gateway = await startGateway("", { command: ["rest", ...args], env });
  const agent = new Agent({ keepAlive: true });
  const seconds = () => Math.floor(Date.now() / 1000);
  const token: RestWorld["token"] = (role, claims = {}) =>
    mintToken(keys.privatePem, { role, sub: role, iat: seconds(), exp: seconds() + HOUR, ...claims });
  const ask: RestWorld["ask"] = async (request, { headers, body, as } = {}) => {
    const [method, target] = splitRequest(request);
    const given: OutgoingHttpHeaders = { ...headers };
    if (as !== undefined) given["authorization"] ??= `Bearer ${token(as)}`;
    const payload = payloadOf(body, given);
    return await new Promise((done, fail) => {
      const { port } = gateway;
      const sent = httpRequest({ agent, host: "127.0.0.1", port, method, path: target, headers: given });
      sent.on("error", fail);
      sent.on("response", (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", fail);
        response.on("end", () => {
          const whole = Buffer.concat(chunks);
          const text = whole.toString("utf8");
          const { statusCode: status = 0, headers: answered } = response;
          done({ status, headers: answered, body: whole, text, json: () => JSON.parse(text) });
        });
      });
      sent.end(payload);
    });
  };
  return {
    postgres,
    gateway,
    url: `http://127.0.0.1:${gateway.port}`,
    env,
    token,
    ask,
    stop: async () => {
      agent.destroy();
      await gateway.stop();
      await postgres.stop();
    },
  };
}

function splitRequest(request: string): readonly [method: string, target: string] {
  const space = request.indexOf(" ");
  return [request.slice(0, space), request.slice(space + 1)];
}

function payloadOf(body: unknown, headers: OutgoingHttpHeaders): Buffer | undefined {
  if (body === undefined) return undefined;
  const isText = typeof body === "string" || Buffer.isBuffer(body);
  if (!isText) headers["content-type"] ??= "application/json";
  const payload = Buffer.from(isText ? body : JSON.stringify(body));
  headers["content-length"] ??= payload.length;
  return payload;
}

/** One row of a table of behaviour. */
export interface RestCase extends AskOptions {
  /** The feature that it shows, an id of docs/postgrest.md. */
  readonly feature: string;
  /** "GET /films?id=eq.1" */
  readonly request: string;
  /** What the title says beside the request, where that does not speak for itself. */
  readonly because?: string;
  readonly status: number;
  /** What the body must be: text as it is, anything else as JSON; not looked at when it is left out. */
  readonly answer?: unknown;
  /** Headers that the answer must have; null: must not have. */
  readonly answerHeaders?: Readonly<Record<string, string | RegExp | null>>;
}

/** Makes one test of each row. */
export function testRest(world: () => RestWorld, cases: readonly RestCase[]): void {
  for (const row of cases) {
    const who = row.as === undefined ? "" : ` as ${row.as}`;
    const why = row.because === undefined ? "" : `: ${row.because}`;
    test(`${row.feature}: ${row.request}${who}${why}`, async () => {
      const answer = await world().ask(row.request, row);
      const context = `${answer.status} ${JSON.stringify(answer.headers)}\n${answer.text.slice(0, 2000)}`;
      assert.equal(answer.status, row.status, context);
      if (row.answer !== undefined)
        assert.deepEqual(typeof row.answer === "string" ? answer.text : answer.json(), row.answer, context);
      for (const [name, wanted] of Object.entries(row.answerHeaders ?? {})) {
        const got = answer.headers[name.toLowerCase()];
        if (wanted === null) assert.equal(got, undefined, `${name}: ${context}`);
        else if (wanted instanceof RegExp) assert.match(String(got), wanted, `${name}: ${context}`);
        else assert.equal(String(got), wanted, `${name}: ${context}`);
      }
    });
  }
}
