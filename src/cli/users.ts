/** Users, as commands name and show them. */
import { userIdOf } from "../base/user-id.ts";
import type { UserAnswer } from "../doors/control/api/routes/users.ts";
import type { Api } from "./api.ts";
import { pathTo } from "./api.ts";
import { Failure } from "./failure.ts";
import { legible, table } from "./text.ts";
import { fromNow } from "./times.ts";

/** More would not be read. */
const MAX_NAMED = 10;

/** The path of a user, and of what is done to them. */
export function userPath(user: Pick<UserAnswer, "issuer" | "subject">, deed?: string): string {
  return pathTo("users", userIdOf(user), ...(deed === undefined ? [] : [deed]));
}

/**
 * The one user whom somebody means by a username, a subject or `<issuer>:<subject>`. Names are not unique, and nobody is
 * chosen among several.
 * @throws Failure that names all who could be meant
 */
export async function findUser(api: Api, name: string): Promise<UserAnswer> {
  const { items } = await api.get<{ readonly items: readonly UserAnswer[] }>(
    `/users?name=${encodeURIComponent(name)}`,
  );
  const [found, ...others] = items;
  if (found === undefined)
    throw new Failure(
      `nobody called "${name}" has been seen; see "postern users list", or give the issuer with --issuer and the subject for the name`,
    );
  if (others.length === 0) return found;
  const named = items
    .slice(0, MAX_NAMED)
    .map(({ issuer, subject, username }) => `  ${subject} --issuer ${issuer} (${username})`);
  const rest = items.length - named.length;
  const more = rest > 0 ? [`  and ${rest} more`] : [];
  throw new Failure([
    `${items.length} users are called "${name}"; say which one by subject and issuer:`,
    ...named.map(legible),
    ...more,
  ]);
}

/** Users in a table. */
export function userTable(users: readonly UserAnswer[]): string {
  return table(["NAME", "SUBJECT", "ISSUER", "LAST SEEN", "STATE"], users.map(row));
}

function row({ username, subject, issuer, lastSeenAt, disabled }: UserAnswer): readonly string[] {
  return [username, subject, issuer, seenText(lastSeenAt), disabled === undefined ? "" : "disabled"];
}

function seenText(at: string | undefined): string {
  return at === undefined ? "never" : fromNow(at);
}

/** Everything about one user, a line each. */
export function userText(user: UserAnswer): string {
  const { username, subject, issuer, groups, firstSeenAt, lastSeenAt, disabled } = user;
  const lines: readonly (readonly [string, string | undefined])[] = [
    ["username", username],
    ["subject", subject],
    ["issuer", issuer],
    ...groups.map((group) => ["group", group] as const),
    ["first seen", seenText(firstSeenAt)],
    ["last seen", seenText(lastSeenAt)],
    ["disabled", disabled && `${fromNow(disabled.at)} by ${disabled.by}: ${disabled.reason}`],
  ];
  return lines
    .flatMap(([name, value]) => (value === undefined ? [] : [`${name.padEnd(11)}${legible(value)}`]))
    .join("\n");
}
