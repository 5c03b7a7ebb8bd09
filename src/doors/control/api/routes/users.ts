/** Users: who has been seen, and who is shut out. */
import { z } from "zod";
import type { UserDesk } from "../../../../access/user-desk.ts";
import { subjectId } from "../../../../base/ids.ts";
import { userIdOf } from "../../../../base/user-id.ts";
import type { Route } from "../route.ts";
import { route } from "../route.ts";
import { flag, instant, note, parsed } from "../values.ts";

type User = Awaited<ReturnType<UserDesk["get"]>>;
type UserKey = Pick<User, "issuer" | "subject">;

/** Two names of a thousand characters, each at most four bytes, in base64. */
const MAX_ID = 12_000;

/** Only the way in which it is written here is read, so that nobody has two ids. */
function userOf(id: string): UserKey | undefined {
  try {
    const pair = pairSchema.parse(JSON.parse(Buffer.from(id, "base64url").toString("utf8")));
    const user = { issuer: pair[0], subject: pair[1] };
    return userIdOf(user) === id ? user : undefined;
  } catch {
    return undefined;
  }
}

const pairSchema = z.tuple([z.string().max(1024), z.string().max(1024)]);

const id = parsed(
  (text) => (text.length > MAX_ID ? undefined : userOf(text)),
  "is no id of a user; take it from the list of users",
).describe("The id, as the list has it: base64url of the JSON list of issuer and subject.");

const user = z
  .object({
    id: z.string(),
    issuer: z.string(),
    subject: z.string(),
    username: z.string().describe("What their issuer last called them."),
    groups: z.array(z.string()).describe("What their issuer last said."),
    firstSeenAt: instant.optional(),
    lastSeenAt: instant.optional().describe("When they last showed a good credential; to ten minutes."),
    disabled: z
      .object({ at: instant, by: z.string(), reason: z.string() })
      .optional()
      .describe("Since when they are shut out, by whom and why."),
  })
  .meta({ id: "User", title: "User" });

/** What the API tells about a user, for its clients. */
export type UserAnswer = z.output<typeof user>;

const tag = "users";
const one = z.object({ id });
const RESOURCE = "users";

const updating = {
  kind: "permission",
  act: ({ id: key }: { readonly id: UserKey }) => ({ verb: "update", resource: RESOURCE, name: nameOf(key) }),
} as const;

export const userRoutes: readonly Route[] = [
  route({
    method: "GET",
    path: "/users",
    id: "listUsers",
    summary: "Who has been seen at any door of any node, the last first; at most a thousand.",
    tag,
    need: { kind: "permission", act: () => ({ verb: "list", resource: RESOURCE }) },
    query: z.object({
      name: z
        .string()
        .max(2100)
        .optional()
        .describe("Only those with this username, subject, or `<issuer>:<subject>`."),
      disabled: flag.describe("Only those who are disabled."),
    }),
    answer: z.object({ items: z.array(user) }),
    handle: async (_, { query }, { users }) => ({
      items: (await users.list({ name: query.name, disabledOnly: query.disabled })).map(shown),
    }),
  }),
  route({
    method: "GET",
    path: "/users/{id}",
    id: "getUser",
    summary: "One user.",
    tag,
    need: {
      kind: "permission",
      act: ({ id: key }) => ({ verb: "get", resource: RESOURCE, name: nameOf(key) }),
    },
    params: one,
    answer: user,
    handle: async (_, { params }, { users }) => shown(await users.get(params.id)),
  }),
  route({
    method: "POST",
    path: "/users/{id}/disable",
    id: "disableUser",
    summary:
      "Shuts a user out at every door, by any credential, and ends their sessions on every node. They need not have been seen yet.",
    tag,
    need: updating,
    params: one,
    body: z.object({ reason: note }),
    answer: user,
    handle: async (operator, { params, body }, { users }) =>
      shown(await users.disable(operator, params.id, body.reason)),
  }),
  route({
    method: "POST",
    path: "/users/{id}/enable",
    id: "enableUser",
    summary: "Lets a user in again.",
    tag,
    need: updating,
    params: one,
    body: z.object({ reason: note.optional() }),
    answer: user,
    handle: async (operator, { params, body }, { users }) =>
      shown(await users.enable(operator, params.id, body.reason ?? "")),
  }),
];

function nameOf({ issuer, subject }: UserKey): string {
  return subjectId(issuer, subject);
}

function shown({ groups, ...rest }: User): z.input<typeof user> {
  return { id: userIdOf(rest), groups: [...groups], ...rest };
}
