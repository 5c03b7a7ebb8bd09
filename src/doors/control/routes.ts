import type { Permission } from "./permission.ts";
import type { Running } from "./running.ts";

/** One way to ask. A route without a permission does not compile, and nothing but this table is mounted. */
export interface Route {
  readonly method: "GET";
  readonly path: `/${string}`;
  readonly permission: Permission;
  readonly answer: (running: Running) => Promise<Response>;
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
    answer: async (running) => {
      const readiness = await running.readiness();
      return Response.json(readiness, { status: readiness.ready ? 200 : 503 });
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
];
