/** Personal access tokens. */
import { z } from "zod";
import type { OwnTokens } from "../../../../access/own-tokens.ts";
import type { Route } from "../route.ts";
import { route } from "../route.ts";
import { duration, flag, id, instant } from "../values.ts";

type Listed = Awaited<ReturnType<OwnTokens["list"]>>[number];

const listed = z
  .object({
    id: z.string(),
    name: z.string(),
    owner: z.object({ issuer: z.string(), subject: z.string(), username: z.string() }),
    roles: z
      .array(z.string())
      .optional()
      .describe("The database roles that it is good for; all of its owner's."),
    cidrs: z.array(z.string()).optional().describe("The networks that it may be used from; any."),
    createdAt: instant,
    expiresAt: instant,
    revokedAt: instant.optional(),
    lastUsedAt: instant.optional(),
    lastUsedFrom: z.string().optional(),
  })
  .meta({ id: "PersonalToken", title: "PersonalToken" });

const created = z.object({ token: z.string().describe("It is kept nowhere."), listed });

/** What the API tells about a personal token, for its clients. */
export type TokenAnswer = z.output<typeof listed>;
/** The same, and the token itself. */
export type CreatedTokenAnswer = z.output<typeof created>;

const tag = "tokens";

export const tokenRoutes: readonly Route[] = [
  route({
    method: "POST",
    path: "/tokens",
    id: "createToken",
    summary: "Makes a personal access token, which can do no more than its owner. It is shown this once.",
    tag,
    status: 201,
    need: { kind: "permission", act: () => ({ verb: "create", resource: "personaltokens" }) },
    body: z.object({
      name: z.string().min(1).max(128).describe("What its owner calls it."),
      expiresIn: duration,
      roles: z.array(z.string().min(1).max(63)).min(1).max(100).optional(),
      cidrs: z.array(z.string().min(1).max(64)).min(1).max(100).optional(),
    }),
    answer: created,
    handle: async (operator, { body }, { tokens }) => {
      const { name, expiresIn: lifetime, roles, cidrs } = body;
      const made = await tokens.create(operator, { name, lifetime, roles, cidrs });
      return { token: made.token, listed: shown(made.listed) };
    },
  }),
  route({
    method: "GET",
    path: "/tokens",
    id: "listTokens",
    summary: "The asker's tokens, newest first; everybody's for who may `list` `personaltokens`.",
    tag,
    need: { kind: "identity" },
    query: z.object({ all: flag.describe("Everybody's.") }),
    answer: z.object({ items: z.array(listed) }),
    handle: async (operator, { query }, { tokens }) => ({
      items: (await tokens.list(operator, query.all)).map(shown),
    }),
  }),
  route({
    method: "DELETE",
    path: "/tokens/{id}",
    id: "revokeToken",
    summary:
      "Revokes a token, for good and at every door at once; another's for who may `delete` `personaltokens`.",
    tag,
    need: {
      kind: "identity",
      tries: ({ id: name }) => ({ verb: "delete", resource: "personaltokens", name }),
    },
    params: z.object({ id }),
    answer: listed,
    handle: async (operator, { params }, { tokens }) => shown(await tokens.revoke(operator, params.id)),
  }),
];

function shown({ issuer, subject, username, roles, cidrs, ...rest }: Listed): z.input<typeof listed> {
  return {
    ...rest,
    owner: { issuer, subject, username },
    roles: roles && [...roles],
    cidrs: cidrs && [...cidrs],
  };
}
