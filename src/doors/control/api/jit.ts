/**
 * Answers what jit-db-gatekeeper asks an API about each login, so that its PAM module can be pointed at Postern: POST
 * `{role, rhost}`, with what the client sent as its password as a bearer token. It is a login like any other, at door
 * `pam`: access decides. There is no operator in it, so it stands beside the routes that need one.
 */
import type { Context, Hono } from "hono";
import { z } from "zod";
import type { Access } from "../../../access/admit.ts";
import type { Denied } from "../../../access/denied.ts";
import { parseRhost } from "../../../base/address.ts";
import type { Peer } from "../../../base/event.ts";
import type { SessionId } from "../../../base/ids.ts";
import { newSessionId } from "../../../base/ids.ts";
import { Secret } from "../../../base/secret.ts";
import { ANY_DATABASE } from "../../../config/schema/pam.ts";
import type { ClusterConfig } from "../../../config/schema.ts";
import type { Env } from "../env.ts";
import { bearerOf } from "../permission.ts";
import { readJson } from "./body.ts";
import { API_ROOT, type Described } from "./openapi.ts";
import { faultsOf, identified, invalid, problem, refusal } from "./problem.ts";
import { databaseName, parsed, roleName } from "./values.ts";

/** What the answer depends on besides the question. */
export interface JitParts {
  readonly access: Pick<Access, "admit">;
  readonly clusters: readonly ClusterConfig[];
}

interface JitQuestion {
  readonly credential: Secret;
  /** The address of the server that asks. */
  readonly asker: string;
  /** The JSON of the body; anything, as far as is known. */
  readonly body: unknown;
  /** Which cluster, where there are several, and which database: PAM knows neither. */
  readonly query: unknown;
}

/** Under the API's root. */
export const JIT_PATH = "/jit/authorize";
/** A role and an address. */
const MAX_BODY_BYTES = 4096;

const bodySchema = z.object({
  role: roleName,
  // Empty where the module was told nothing: a client on the server's own machine.
  rhost: parsed((text) => (text === "" ? "" : parseRhost(text)), "is no address; write what PAM_RHOST says"),
});

const querySchema = z.object({
  cluster: z.string().optional(),
  database: databaseName.default(ANY_DATABASE),
});

const answerSchema = z.object({
  user_id: z.string().describe("Who it is: `<issuer>:<sub>`."),
  user_role: z.object({
    role: z.string().describe("The role that was asked for."),
    expires_at: z.int().optional().describe("When the right ends, milliseconds since the epoch."),
  }),
});

/** The route as it is described. Its answers 401, 403 and 406 are what jit-db-gatekeeper tells apart. */
export const jitRoute: Described = {
  method: "POST",
  path: JIT_PATH,
  id: "authorizeLogin",
  summary:
    "Whether the bearer of the token may log in as a role, as jit-db-gatekeeper asks it. 403: restricted; 406: not set up.",
  tag: "logins",
  query: querySchema,
  body: bodySchema,
  answer: answerSchema,
};

/**
 * @param parts asked for at each request, since a reload changes them
 * @param peerOf where a request comes from
 */
export function mountJit(
  app: Hono<Env>,
  parts: () => JitParts,
  peerOf: (context: Context<Env>) => Peer,
): void {
  app.post(`${API_ROOT}${JIT_PATH}`, async (context) => {
    const id = newSessionId();
    return identified(await answer(context, parts(), peerOf(context).address, id), id);
  });
}

async function answer(
  context: Context<Env>,
  parts: JitParts,
  asker: string,
  id: SessionId,
): Promise<Response> {
  const { req } = context;
  const bearer = bearerOf(req.header("authorization"));
  if (bearer === undefined) return refusal("control/unauthenticated", id);
  const read = await readJson(context, MAX_BODY_BYTES);
  if (typeof read === "string") return refusal(read, id);
  const question = { credential: new Secret(bearer), asker, body: read.json, query: req.query() };
  return authorizeLogin(parts, question, id);
}

/** Decides about a login, and answers as jit-db-gatekeeper reads it. */
async function authorizeLogin(
  { access, clusters }: JitParts,
  { credential: token, asker, body, query }: JitQuestion,
  id: SessionId,
): Promise<Response> {
  const asked = bodySchema.safeParse(body);
  const place = querySchema.safeParse(query);
  if (!asked.success || !place.success) {
    const faults = [
      ...(asked.success ? [] : faultsOf("body", asked.error)),
      ...(place.success ? [] : faultsOf("query", place.error)),
    ];
    return invalid(faults, id);
  }
  const { role, rhost: address } = asked.data;
  const { cluster: named, database } = place.data;
  const only = clusters.length === 1 ? clusters[0] : undefined;
  const cluster = named === undefined ? only : clusters.find(({ name }) => name === named);
  const peer = { address, port: 0, tls: false };
  const wish = { cluster, database, role, door: "pam", peer, asker, replication: false } as const;
  const outcome = await access.admit({ kind: "token", token }, wish, id);
  if (outcome.kind === "denied") return denial(outcome, id);
  const { identity, session } = outcome.admission;
  session.close(); // how long the login lasts is seen by nobody here
  const expiresAt = session.facts.until?.at;
  const answer: z.input<typeof answerSchema> = {
    user_id: identity.id,
    user_role: { role, ...(expiresAt === undefined ? {} : { expires_at: expiresAt }) },
  };
  return Response.json(answer);
}

/** Nobody has given this right; a forbidden cluster and one that does not exist look alike here too. */
const NOT_SET_UP: ReadonlySet<string> = new Set([
  "policy/role",
  "policy/role-claim",
  "policy/cluster",
  "policy/issuer",
  "policy/database",
  "policy/privileged-role",
  "policy/connect",
  "policy/assume",
]);

/** 406: nobody set this up. 403: somebody known, and a restriction. Otherwise as at every HTTP door. */
function denial({ code, spec }: Denied, id: SessionId): Response {
  // One code as well as one wording, or it would tell which clusters there are.
  if (NOT_SET_UP.has(code)) return problem({ code: "policy/role", spec: { ...spec, http: 406 }, id });
  return problem({ code, spec: restricted(code, spec), id });
}

function restricted(code: string, spec: Denied["spec"]): Denied["spec"] {
  return code === "identity/address" ? { ...spec, http: 403 } : spec;
}
