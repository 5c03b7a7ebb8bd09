/** Why somebody may, or may not, log in somewhere. */
import { z } from "zod";
import { refused } from "../../../../access/denied.ts";
import type { Route } from "../route.ts";
import { route } from "../route.ts";
import { databaseName, instant, roleName } from "../values.ts";

const body = z.object({
  cluster: z.string().min(1).max(63),
  database: databaseName,
  role: roleName.optional().describe("None: policy chooses, as for a request over HTTP."),
  replication: z.boolean().default(false),
  address: z.string().max(64).optional().describe("Where they come from; where the asker does."),
  as: z
    .object({
      issuer: z.string().min(1).max(1024).describe("The `iss` of their tokens."),
      subject: z.string().min(1).max(1024),
      username: z.string().max(1024).optional().describe("`subject` by default."),
      groups: z.array(z.string().max(1024)).max(1000).default([]),
      claims: z
        .record(z.string(), z.json())
        .default({})
        .describe("For clusters where the token's claims decide."),
    })
    .optional()
    .describe("Somebody else than the asker."),
});

export const explainRoutes: readonly Route[] = [
  route({
    method: "POST",
    path: "/explain",
    id: "explainLogin",
    summary: "The decision about a login with its working shown, by the policy in force. It admits nobody.",
    tag: "rights",
    // The working tells what refusals keep to themselves: which clusters, roles and bindings there are.
    need: { kind: "permission", act: () => ({ verb: "create", resource: "explanations" }) },
    body,
    answer: z.object({
      allowed: z.boolean(),
      role: z.string().optional(),
      until: instant.optional().describe("When the right ends by itself."),
      code: z.string().optional().describe("Of the check that said no."),
      steps: z.array(z.object({ check: z.string(), passed: z.boolean(), saw: z.string() })),
    }),
    handle: async (operator, { body: asked }, { explain }) => {
      const { as, cluster, address = operator.peer.address, ...place } = asked;
      if (as === undefined && operator.identity.issuer === "")
        throw refused("access/impersonation", "the administrator logs in nowhere; say about whom with `as`");
      const person = as === undefined ? operator.identity : { ...as, username: as.username ?? as.subject };
      const { steps, ...rest } = explain(person, { ...place, cluster, address });
      return { ...rest, steps: steps.map(({ check, passed, saw }) => ({ check, passed, saw })) };
    },
  }),
];
