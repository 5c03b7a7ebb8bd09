/** Questions about rights: who am I, what may I, who may. */
import { z } from "zod";
import { refused } from "../../../../access/denied.ts";
import { RBAC_GROUP } from "../../../../access/object-kinds.ts";
import type { Operator } from "../../../../access/operator.ts";
import type { Route } from "../route.ts";
import { route } from "../route.ts";
import { instant, namespace } from "../values.ts";

const act = z.object({
  verb: z.string().min(1).max(253).describe("`get`, `connect`, `assume`, …"),
  apiGroup: z
    .string()
    .max(253)
    .default("postern.dev")
    .describe("`postern.dev`, or `rbac.authorization.k8s.io`."),
  resource: z.string().min(1).max(253).describe("`databases`, `databaseroles`, `rolebindings`, …"),
  subresource: z.string().max(253).optional(),
  name: z.string().max(253).optional().describe("`main/shop` of a database, `analyst` of a role."),
  namespace: namespace.optional(),
});

const user = z.object({ name: z.string(), groups: z.array(z.string()) });
const reason = z.object({
  rule: z.string().describe("The binding, its role, and which of its rules."),
  until: instant.optional().describe("When it ends by itself."),
  grantId: z.string().optional().describe("The grant that it rests on."),
});

const self = z.object({
  issuer: z.string(),
  subject: z.string(),
  username: z.string(),
  expiresAt: instant.optional().describe("When the token ends."),
  user: user.describe("What subjects of bindings are compared with."),
});
const possible = z.object({ allowed: z.boolean(), reasons: z.array(reason), denial: z.string().optional() });
const able = reason.extend({
  subject: z.object({ kind: z.string(), name: z.string(), namespace: z.string().optional() }),
});

/** Who one is, whether somebody may, and who may, as the API tells it to its clients. */
export type SelfAnswer = z.output<typeof self>;
export type PossibleAnswer = z.output<typeof possible>;
export type AbleAnswer = z.output<typeof able>;

export const rightsRoutes: readonly Route[] = [
  route({
    method: "GET",
    path: "/whoami",
    id: "whoAmI",
    summary: "Who the bearer of the token is, and under which names policy knows them.",
    tag: "rights",
    need: { kind: "identity" },
    answer: self,
    handle: async ({ identity, user: known }) => {
      const { issuer, subject, username, expiresAt } = identity;
      return { issuer, subject, username, expiresAt, user: { name: known.name, groups: [...known.groups] } };
    },
  }),
  route({
    method: "POST",
    path: "/can-i",
    id: "canI",
    summary: "Whether somebody may do something, and by which rules.",
    tag: "rights",
    need: { kind: "identity" },
    body: act.extend({
      as: z
        .strictObject({
          user: z.string().min(1).max(1024),
          groups: z.array(z.string().max(1024)).max(1000).default([]),
        })
        .optional()
        .describe("Somebody else; it needs the verb `impersonate` on them, as in Kubernetes."),
    }),
    answer: possible,
    handle: async (operator, { body }, { policy }) => {
      const { as, ...asked } = body;
      const known = as === undefined ? operator.user : impersonated(operator, as);
      const address = as === undefined ? operator.peer.address : undefined;
      const { reasons, denial } = policy.canI(known, asked, address);
      return { allowed: denial === undefined, reasons: [...reasons], denial };
    },
  }),
  route({
    method: "POST",
    path: "/who-can",
    id: "whoCan",
    summary: "Everybody who may do something, and by which rules.",
    tag: "rights",
    need: {
      kind: "permission",
      act: () => ({ verb: "list", apiGroup: RBAC_GROUP, resource: "rolebindings" }),
    },
    body: act,
    answer: z.object({ items: z.array(able) }),
    handle: async (_, { body }, { policy }) => ({ items: [...policy.whoCan(body)] }),
  }),
];

/** Whoever asks about others could otherwise find out what they may, one question at a time. */
function impersonated(
  operator: Operator,
  { user: name, groups }: { readonly user: string; readonly groups: readonly string[] },
) {
  const may = (resource: string, one: string) =>
    operator.may({ verb: "impersonate", apiGroup: "", resource, name: one });
  const denied = !may("users", name) || groups.some((group) => !may("groups", group));
  if (denied) throw refused("access/impersonation", `"${operator.user.name}" may not impersonate "${name}"`);
  return { name, groups };
}
