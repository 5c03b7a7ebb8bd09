import type { Attempt } from "./attempt.ts";
import type { LoggedIn } from "./handshake.ts";

/**
 * Whether the server would take this login now, as far as SQL tells: LOGIN, VALID UNTIL, the role's connection limit,
 * CONNECT on the database, and whether the database takes connections at all. Every name is qualified, since search_path
 * is the client's to choose.
 */
const ACCOUNT = `SELECT rolcanlogin AND datallowconn
AND COALESCE(rolvaliduntil OPERATOR(pg_catalog.>) pg_catalog.now(), true)
AND pg_catalog.has_database_privilege(session_user, datname, 'CONNECT')
AND CASE WHEN rolconnlimit OPERATOR(pg_catalog.<) 0 THEN true ELSE rolconnlimit OPERATOR(pg_catalog.>=) (
  SELECT pg_catalog.count(*) FROM pg_catalog.pg_stat_activity AS a
  WHERE a.usename OPERATOR(pg_catalog.=) session_user) END
FROM pg_catalog.pg_roles, pg_catalog.pg_database
WHERE rolname OPERATOR(pg_catalog.=) session_user
AND datname OPERATOR(pg_catalog.=) pg_catalog.current_database()`;

/**
 * Asks the server whether the account that a session was opened with is still open. A `false` is no refusal: whoever
 * asks opens a new connection, and the server says itself what is wrong.
 * @throws UpstreamRefused, UpstreamError
 */
export async function accountIsOpen(session: LoggedIn, attempt: Attempt): Promise<boolean> {
  const [open] = await session.lookUp(ACCOUNT, attempt);
  return open === "t";
}
