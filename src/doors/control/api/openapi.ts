/** The description of the API (OpenAPI 3.1), made of the routes themselves. */
import { z } from "zod";
import { problemSchema } from "./problem.ts";
import type { Route } from "./route.ts";

/** Where the routes are mounted. */
export const API_ROOT = "/api/v1";

const SECURITY_SCHEME = "bearer";

/** @param version of the program */
export function openApi(routes: readonly Route[], version: string): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of routes) {
    const path = `${API_ROOT}${route.path}`;
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(route) };
  }
  return {
    openapi: "3.1.0",
    info: { title: "Postern", version, description: "Access requests, grants, tokens, policy and proof." },
    paths,
    components: {
      schemas: { Problem: schemaOf(problemSchema, "output") },
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

function operation(route: Route): object {
  const { id, summary, tag, need, body, answer, status } = route;
  const content = (schema: object) => ({ "application/json": { schema } });
  const answered =
    answer === undefined
      ? { 204: { description: "Done." } }
      : { [status ?? 200]: { description: summary, content: content(schemaOf(answer, "output")) } };
  return {
    operationId: id,
    summary,
    tags: [tag],
    ...(need.kind === "nothing" ? {} : { security: [{ [SECURITY_SCHEME]: [] }] }),
    parameters: [...parameters(route, "path"), ...parameters(route, "query")],
    ...(body === undefined
      ? {}
      : { requestBody: { required: true, content: content(schemaOf(body, "input")) } }),
    responses: {
      ...answered,
      default: {
        description: "What went wrong.",
        content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
      },
    },
  };
}

function parameters({ params, query }: Route, place: "path" | "query"): object[] {
  const shape = (place === "path" ? params : query)?.shape ?? {};
  return Object.entries(shape).map(([name, schema]) => {
    const { description, ...rest } = schemaOf(schema as z.ZodType, "input") as {
      readonly description?: string;
    };
    const required = place === "path" || !(schema as z.ZodType).safeParse(undefined).success;
    return { name, in: place, required, ...(description === undefined ? {} : { description }), schema: rest };
  });
}

function schemaOf(schema: z.ZodType, io: "input" | "output"): object {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, {
    io,
    target: "draft-2020-12",
    unrepresentable: "any",
  });
  return rest;
}
