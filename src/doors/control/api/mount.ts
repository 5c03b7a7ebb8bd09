/**
 * Mounts the API's routes. Each request goes the same way: who asks, what exactly, whether they may, and only then the
 * route. What a route throws becomes a problem that tells what its error's code lets the world know.
 */

import type { Context, Hono } from "hono";
import type { z } from "zod";
import type { Act, Operator } from "../../../access/operator.ts";
import { doneBy } from "../../../base/deed.ts";
import { messageOf, PosternError } from "../../../base/error.ts";
import type { Peer } from "../../../base/event.ts";
import type { SessionId } from "../../../base/ids.ts";
import { newSessionId } from "../../../base/ids.ts";
import { Secret } from "../../../base/secret.ts";
import type { Env } from "../env.ts";
import { controlErrors } from "../errors.ts";
import { bearerOf } from "../permission.ts";
import { readJson } from "./body.ts";
import { API_ROOT } from "./openapi.ts";
import { faultsOf, identified, invalid, problem, refusal } from "./problem.ts";
import type { Asked, Need, Route } from "./route.ts";
import type { ApiParts } from "./services.ts";

/** A policy object with a thousand subjects is some 100 kB; nothing else that is sent is as large. */
const MAX_BODY_BYTES = 1024 * 1024;

/** @param peerOf where a request comes from */
export function mountApi(
  app: Hono<Env>,
  routes: readonly Route[],
  parts: () => ApiParts,
  peerOf: (context: Context<Env>) => Peer,
): void {
  for (const route of routes) {
    const path = `${API_ROOT}${route.path.replaceAll(/\{(\w+)\}/g, ":$1")}`;
    app.on(route.method, path, async (context) => {
      const id = newSessionId();
      return identified(await answer(route, context, parts, peerOf(context), id), id);
    });
  }
}

/** The answer to a request for which there is no route; undefined outside of the API. */
export function missing(routes: readonly Route[], { req }: Context<Env>): Response | undefined {
  if (!`${req.path}/`.startsWith(`${API_ROOT}/`)) return undefined;
  const methods = routes.filter(({ path }) => matches(path, req.path)).map(({ method }) => method);
  const id = newSessionId();
  const response = identified(refusal(methods.length === 0 ? "control/not-found" : "control/method", id), id);
  if (methods.length > 0) response.headers.set("allow", methods.join(", "));
  return response;
}

function matches(template: string, path: string): boolean {
  const pattern = `${API_ROOT}${template.replaceAll(/\{\w+\}/g, "[^/]+")}`;
  return new RegExp(`^${pattern}$`).test(path);
}

async function answer(
  route: Route,
  context: Context<Env>,
  inForce: () => ApiParts,
  peer: Peer,
  id: SessionId,
): Promise<Response> {
  const credential = bearerOf(context.req.header("authorization"));
  if (credential === undefined) return refusal("control/unauthenticated", id);
  const parts = inForce();
  try {
    const known = await parts.operators.know(new Secret(credential), peer, id);
    if (known.kind === "denied") return problem({ code: known.code, spec: known.spec, id });
    const asked = await read(route, context, id);
    if (asked instanceof Response) return asked;
    return await new Call(route, known.operator, asked, parts).run();
  } catch (error) {
    return failure(error, parts, peer, id);
  }
}

/** A request of somebody known, as far as it was understood. */
class Call {
  readonly #route: Route;
  readonly #operator: Operator;
  readonly #asked: Asked<unknown, unknown, unknown>;
  readonly #parts: ApiParts;
  /** What policy is asked for; undefined where who one is decides. */
  readonly #act: Act | undefined;
  /** The same, or what is asked of policy behind the route. */
  readonly #tried: Act | undefined;

  constructor(route: Route, operator: Operator, asked: Asked<unknown, unknown, unknown>, parts: ApiParts) {
    this.#route = route;
    this.#operator = operator;
    this.#asked = asked;
    this.#parts = parts;
    const need = route.need as Need<unknown>;
    this.#act = need.kind === "permission" ? need.act(asked.params) : undefined;
    this.#tried = need.kind === "permission" ? this.#act : need.tries?.(asked.params);
  }

  async run(): Promise<Response> {
    const act = this.#act;
    if (act !== undefined && !this.#operator.may(act)) {
      this.#record("denied", "control/forbidden");
      return refusal("control/forbidden", this.#operator.id, sentence(this.#operator, act));
    }
    const { handle, answer: schema, status } = this.#route;
    try {
      const result = await handle(this.#operator, this.#asked as never, this.#parts.services);
      if (act !== undefined && !READING.has(act.verb)) this.#record("done", undefined);
      if (schema === undefined) return new Response(null, { status: 204 });
      return Response.json(schema.parse(result), { status: status ?? 200 });
    } catch (error) {
      if (act !== undefined) this.#record("failed", codeOf(error));
      else if (isForbidden(error)) this.#record("denied", codeOf(error));
      throw error;
    }
  }

  #record(outcome: "done" | "denied" | "failed", code: string | undefined): void {
    // What a route does where an identity is enough is recorded by whoever does it; what it refuses is known here only.
    if (this.#tried === undefined) return;
    const { identity, id } = this.#operator;
    const { verb, resource, namespace, name } = this.#tried;
    this.#parts.observe({
      event: "operator.acted.v1",
      ...doneBy(identity),
      request: id,
      verb,
      resource,
      namespace,
      name,
      outcome,
      code,
    });
  }
}

function codeOf(error: unknown): string {
  return error instanceof PosternError ? error.code : "control/failed";
}

function isForbidden(error: unknown): boolean {
  return error instanceof PosternError && error.spec.http === 403;
}

/** What changes nothing: it is recorded only when it was refused. */
const READING: ReadonlySet<string> = new Set(["get", "list"]);

function failure(error: unknown, { observe }: ApiParts, peer: Peer, id: SessionId): Response {
  const { code, spec } =
    error instanceof PosternError ? error : { code: "control/failed", spec: controlErrors["control/failed"] };
  // What a refusal says of the input is the asker's own; of a failure only the log tells.
  if (spec.http < 500) return problem({ code, spec, id, detail: messageOf(error) });
  const detail = messageOf(error);
  observe({ event: "connection.refused.v1", session: id, door: "control", peer, code, detail });
  return problem({ code, spec, id });
}

function sentence({ user }: Operator, { verb, resource, name, namespace }: Act): string {
  const what = name === undefined ? resource : `${resource}/${name}`;
  return `"${user.name}" may not ${verb} ${what}${namespace === undefined ? "" : ` in namespace "${namespace}"`}`;
}

async function read(
  route: Route,
  context: Context<Env>,
  id: SessionId,
): Promise<Asked<unknown, unknown, unknown> | Response> {
  const { req } = context;
  const faults: ReturnType<typeof faultsOf>[number][] = [];
  const check = (part: "params" | "query" | "body", schema: z.ZodType | undefined, value: unknown) => {
    if (schema === undefined) return undefined;
    const parsed = schema.safeParse(value);
    if (!parsed.success) faults.push(...faultsOf(part, parsed.error));
    return parsed.data;
  };
  const params = check("params", route.params, req.param());
  const query = check("query", route.query, req.query());
  let sent: unknown;
  if (route.body !== undefined) {
    if (!isJson(req.header("content-type"))) return refusal("control/media-type", id);
    const content = await readJson(context, MAX_BODY_BYTES);
    if (typeof content === "string") return refusal(content, id);
    sent = content.json;
  }
  const body = check("body", route.body, sent);
  return faults.length === 0 ? { params, query, body } : invalid(faults, id);
}

/** A browser sends JSON across origins only after it was permitted to, and nobody is: no form can speak to the API. */
function isJson(mediaType: string | undefined): boolean {
  return /^application\/(?:[\w.-]+\+)?json\s*(?:;|$)/i.test(mediaType ?? "");
}
