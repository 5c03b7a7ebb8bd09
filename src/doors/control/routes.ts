import { jitRoute } from "./api/jit.ts";
import { openApi } from "./api/openapi.ts";
import { apiRoutes } from "./api/routes.ts";
import { controlErrors } from "./errors.ts";
import type { Permission } from "./permission.ts";
import type { Running } from "./running.ts";

/** One way to ask. A route without a permission does not compile, and nothing but this table is mounted. */
export interface Route {
  readonly method: "GET";
  readonly path: `/${string}`;
  readonly permission: Permission;
  /** @param names whether names of this Postern's may be shown */
  readonly answer: (running: Running, names: boolean) => Promise<Response>;
}

export const routes: readonly Route[] = [
  {
    // That the process answers at all is the whole check: whatever is wrong elsewhere, a restart would not help.
    method: "GET",
    path: "/livez",
    permission: "public",
    answer: async () => Response.json({ live: true }),
  },
  {
    method: "GET",
    path: "/readyz",
    permission: "public",
    answer: async (running, names) => {
      const readiness = await running.readiness();
      const { ready } = readiness;
      return Response.json(names ? readiness : { ready }, { status: ready ? 200 : 503 });
    },
  },
  {
    method: "GET",
    path: "/metrics",
    permission: "operator",
    answer: async (running) => {
      const { text, mediaType } = await running.metrics();
      return new Response(text, { headers: { "content-type": mediaType } });
    },
  },
  {
    method: "GET",
    path: "/api/v1/openapi.json",
    permission: "public",
    answer: async () => Response.json(openApi([...apiRoutes, jitRoute])),
  },
  // What follows are the names that PostgREST's admin server has. Its probes are answered without a body.
  {
    method: "GET",
    path: "/live",
    permission: "public",
    answer: async () => new Response(null, { status: 200 }),
  },
  {
    method: "GET",
    path: "/ready",
    permission: "public",
    answer: async (running) => {
      const { ready } = await running.readiness();
      return new Response(null, { status: ready ? 200 : 503 });
    },
  },
  {
    method: "GET",
    path: "/schema_cache",
    permission: "operator",
    answer: async (running) => {
      const catalog = await running.catalog();
      return catalog === undefined ? nothing() : json(catalog);
    },
  },
  {
    method: "GET",
    path: "/config",
    permission: "operator",
    answer: async (running) => json(await running.configuration()),
  },
];

function json(text: string): Response {
  return new Response(text, { headers: { "content-type": "application/json" } });
}

function nothing(): Response {
  const code = "control/not-found";
  const { http, publicMessage } = controlErrors[code];
  return Response.json({ code, message: publicMessage }, { status: http });
}
