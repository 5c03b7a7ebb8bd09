/** The sessions that run, on every node. */
import { z } from "zod";
import type { Route } from "../route.ts";
import { route } from "../route.ts";
import { id, instant } from "../values.ts";

const session = z
  .object({
    id: z.string().describe("The id that its client was told."),
    node: z.string().describe("The name of the node that it is on."),
    door: z.string(),
    subject: z.string().describe("Whose it is: `<issuer>:<sub>`."),
    username: z.string(),
    cluster: z.string(),
    database: z.string(),
    role: z.string(),
    rule: z.string().describe("Which rule of the policy said yes."),
    address: z.string(),
    backendPid: z
      .int()
      .optional()
      .describe("The process of PostgreSQL, where the session has one of its own."),
    startedAt: instant,
    until: instant.optional().describe("When it ends by itself."),
  })
  .meta({ id: "Session", title: "Session" });

/** What the API tells about a session, for its clients. */
export type SessionAnswer = z.output<typeof session>;

const tag = "sessions";

export const sessionRoutes: readonly Route[] = [
  route({
    method: "GET",
    path: "/sessions",
    id: "listSessions",
    summary: "The asker's sessions on every node, newest first; everybody's for who may `list` `sessions`.",
    tag,
    need: { kind: "identity" },
    answer: z.object({ items: z.array(session) }),
    handle: async (operator, _, { sessions }) => ({ items: [...(await sessions.list(operator))] }),
  }),
  route({
    method: "DELETE",
    path: "/sessions/{id}",
    id: "endSession",
    summary: "Ends a session, on whichever node it is.",
    tag,
    params: z.object({ id }),
    need: {
      kind: "permission",
      act: ({ id: name }) => ({ verb: "delete", resource: "sessions", name }),
    },
    handle: (operator, { params }, { sessions }) => sessions.end(operator, params.id),
  }),
];
