/** The description of the API (OpenAPI 3.1), made of the routes themselves. */
import { z } from "zod";
import { problemSchema } from "./problem.ts";
import type { Route } from "./route.ts";

/** Where the routes are mounted. */
export const API_ROOT = "/api/v1";

const SECURITY_SCHEME = "bearer";

/** The version of the API, which is in its paths too. */
const VERSION = "1";

/** What of a route is described. */
export type Described = Omit<Route, "need" | "handle">;

export function openApi(routes: readonly Described[]): object {
  const schemas = new Schemas();
  const paths: Record<string, Record<string, object>> = {};
  for (const route of routes) {
    const path = `${API_ROOT}${route.path}`;
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(route, schemas) };
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Postern",
      version: VERSION,
      description: "Access requests, grants, tokens, policy and proof.",
    },
    paths,
    components: {
      schemas: schemas.named,
      securitySchemes: {
        [SECURITY_SCHEME]: {
          type: "http",
          scheme: "bearer",
          description:
            "A token of a configured issuer, a personal access token, or the administrator's token.",
        },
      },
    },
  };
}

/** Schemas as JSON, with those that have a name in one place. */
class Schemas {
  readonly named: Record<string, unknown> = {};

  of(schema: z.ZodType, io: "input" | "output"): Record<string, unknown> {
    const json = z.toJSONSchema(schema, { io, target: "draft-2020-12", unrepresentable: "any" });
    const text = JSON.stringify(json).replaceAll('"#/$defs/', '"#/components/schemas/');
    const { $schema: _, $defs = {}, ...rest } = JSON.parse(text) as Record<string, unknown>; // as written above
    Object.assign(this.named, $defs);
    return rest;
  }
}

function operation(route: Described, schemas: Schemas): object {
  const { id, summary, tag, body, answer, status } = route;
  const content = (schema: z.ZodType, io: "input" | "output") => ({
    "application/json": { schema: schemas.of(schema, io) },
  });
  const answered =
    answer === undefined
      ? { 204: { description: "Done." } }
      : { [status ?? 200]: { description: summary, content: content(answer, "output") } };
  return {
    operationId: id,
    summary,
    tags: [tag],
    security: [{ [SECURITY_SCHEME]: [] }],
    parameters: [...parameters(route, "path", schemas), ...parameters(route, "query", schemas)],
    ...(body === undefined ? {} : { requestBody: { required: true, content: content(body, "input") } }),
    responses: {
      ...answered,
      default: {
        description: "What went wrong.",
        content: { "application/problem+json": { schema: schemas.of(problemSchema, "output") } },
      },
    },
  };
}

function parameters({ path, params, query }: Described, place: "path" | "query", schemas: Schemas): object[] {
  const shape = Object.entries((place === "path" ? params : query)?.shape ?? {});
  const named = shape.filter(([name]) => place === "query" || path.includes(`{${name}}`));
  return named.map(([name, each]) => {
    const schema = each as z.ZodType; // what a shape is made of
    const { description, ...rest } = schemas.of(schema, "input");
    const required = place === "path" || !schema.safeParse(undefined).success;
    return { name, in: place, required, ...(description === undefined ? {} : { description }), schema: rest };
  });
}
