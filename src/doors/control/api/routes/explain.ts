/** Why somebody may, or may not, log in somewhere. */
import { z } from "zod";
import { refused } from "../../../../access/denied.ts";
import type { Operator } from "../../../../access/operator.ts";
import { MAX_TOKEN_BYTES } from "../../../../base/credential-kind.ts";
import { Secret } from "../../../../base/secret.ts";
import type { Route } from "../route.ts";
import { route } from "../route.ts";
import type { Explained } from "../services.ts";
import { databaseName, instant, roleName } from "../values.ts";

const body = z.object({
  cluster: z.string().min(1).max(63).optional().describe("None: the one where clients go that name none."),
  database: databaseName,
  role: roleName.optional().describe("None: policy chooses, as for a request over HTTP."),
  replication: z.boolean().default(false),
  address: z.string().max(64).optional().describe("Where they come from; where the asker does."),
  as: z
    .strictObject({
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
  token: z
    .string()
    .min(1)
    .max(MAX_TOKEN_BYTES)
    .optional()
    .describe("Whoever bears this token, which is verified first; it goes before `as`."),
});

const answer = z.object({
  allowed: z.boolean(),
  cluster: z.string().optional().describe("The cluster that it is about."),
  role: z.string().optional(),
  until: instant.optional().describe("When the right ends by itself."),
  code: z.string().optional().describe("Of the check that said no."),
  steps: z
    .array(z.object({ check: z.string(), passed: z.boolean(), saw: z.string() }))
    .describe("Each check in its order, and what it saw; the last one decided."),
});

/** A decision with its working shown, as the API tells it to its clients. */
export type ExplainAnswer = z.output<typeof answer>;

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
    answer,
    handle: async (operator, { body: asked }, { explain }) => {
      const { as, token, address = operator.peer.address, ...place } = asked;
      const who = token === undefined ? personOf(operator, as) : tokenOf(token);
      const { steps, ...rest } = await explain(who, { ...place, address });
      return { ...rest, steps: steps.map(({ check, passed, saw }) => ({ check, passed, saw })) };
    },
  }),
];

function tokenOf(token: string): Explained {
  return { kind: "token", token: new Secret(token) };
}

function personOf({ identity }: Operator, as: z.output<typeof body>["as"]): Explained {
  if (as !== undefined) return { kind: "person", ...as, username: as.username ?? as.subject };
  if (identity.issuer === "")
    throw refused("access/impersonation", "the administrator logs in nowhere; say about whom with `as`");
  const { issuer, subject, username, groups, claims } = identity;
  return { kind: "person", issuer, subject, username, groups, claims };
}
