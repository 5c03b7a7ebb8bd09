import type { TokenOwner } from "../identity/personal-tokens/port.ts";
import type { Queries } from "./queries.ts";

/** Notes what an issuer last said of a user. Changes nothing, and tells nobody, when it is known already. */
export async function rememberUser(queries: Queries, user: TokenOwner): Promise<void> {
  const { issuer, subject, username, groups } = user;
  await queries.query(
    `INSERT INTO users AS u (issuer, subject, username, groups) VALUES ($1, $2, $3, $4)
     ON CONFLICT (issuer, subject) DO UPDATE SET username = excluded.username, groups = excluded.groups
     WHERE (u.username, u.groups) IS DISTINCT FROM (excluded.username, excluded.groups)`,
    [issuer, subject, username, groups],
  );
}

/** Takes every personal token of a user out of force, or puts them back. Returns whether the user is known. */
export async function setUserDisabled(
  queries: Queries,
  { issuer, subject }: Pick<TokenOwner, "issuer" | "subject">,
  disabled: boolean,
): Promise<boolean> {
  const rows = await queries.query(
    `UPDATE users SET disabled_at = CASE WHEN $3 THEN coalesce(disabled_at, now()) END
     WHERE issuer = $1 AND subject = $2 RETURNING subject`,
    [issuer, subject, disabled],
  );
  return rows.length > 0;
}
