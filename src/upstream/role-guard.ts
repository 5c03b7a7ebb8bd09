import type { Clock } from "../base/clock.ts";
import type { Attempt } from "./attempt.ts";
import type { Login, Order } from "./connector.ts";
import { UpstreamError } from "./errors.ts";
import type { LoggedIn } from "./handshake.ts";

/** How long the rights of a role are taken as known. A role that is given more rights is noticed after this long. */
const REMEMBER_MS = 30_000;
/** Roles remembered; more only cost a query a login. */
const MAX_ROLES = 10_000;

/**
 * The rights that go beyond any grant, of the role and of every role that it may become with SET ROLE: superuser,
 * REPLICATION, BYPASSRLS, and the predefined roles that reach the server's operating system. Every name is qualified,
 * down to the operators, since search_path is the client's to choose.
 */
const RIGHTS = `SELECT pg_catalog.bool_or(rolsuper), pg_catalog.bool_or(rolreplication), pg_catalog.bool_or(rolbypassrls),
pg_catalog.bool_or(rolname OPERATOR(pg_catalog.=) ANY (ARRAY['pg_execute_server_program', 'pg_write_server_files',
'pg_read_server_files']::pg_catalog.name[])) FROM pg_catalog.pg_roles
WHERE pg_catalog.pg_has_role(session_user, oid, 'MEMBER')`;

const NAMES = ["SUPERUSER", "REPLICATION", "BYPASSRLS", "access to the server's files or programs"] as const;

interface Known {
  readonly rights: readonly (typeof NAMES)[number][];
  readonly until: number;
}

/**
 * Refuses roles with rights that no policy gave (attack 12 in docs/security.md): a token that names a superuser's role
 * must not make one. Policy permits such a role by name, and then nothing is asked here.
 */
export class RoleGuard {
  readonly #clock: Clock;
  readonly #known = new Map<string, Known>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * @throws UpstreamError upstream/privileged-role; UpstreamRefused or UpstreamError when the look-up fails
   */
  async check({ login, startup }: Order, session: LoggedIn, attempt: Attempt): Promise<void> {
    if (login.privileged) return;
    if (session.reports("is_superuser") !== false) throw refuse(login, "SUPERUSER");
    // A walsender for physical replication runs no SQL, and policy let this role replicate by name.
    if (login.replication && startup.get("replication") !== "database") return;
    const rights = await this.#rightsOf(login, session, attempt);
    const mayReplicate = login.cluster.replicationRoles.includes(login.role);
    const tooMuch = rights.filter((right) => !(right === "REPLICATION" && mayReplicate));
    if (tooMuch.length > 0) throw refuse(login, tooMuch.join(", "));
  }

  async #rightsOf(login: Login, session: LoggedIn, attempt: Attempt): Promise<Known["rights"]> {
    const name = JSON.stringify([login.cluster.name, login.role]);
    const known = this.#known.get(name);
    const now = this.#clock.now();
    if (known !== undefined && now < known.until) return known.rights;
    const row = await session.lookUp(RIGHTS, attempt);
    const rights = NAMES.filter((_, column) => row[column] !== "f");
    this.#known.delete(name);
    if (this.#known.size >= MAX_ROLES) this.#known.clear();
    this.#known.set(name, { rights, until: now + REMEMBER_MS });
    return rights;
  }
}

function refuse({ role }: Login, rights: string): UpstreamError {
  return new UpstreamError(
    "upstream/privileged-role",
    `role ${JSON.stringify(role)} has or can take ${rights}; name it in privilegedRoles to permit it`,
  );
}
