import type { Clock } from "../base/clock.ts";
import type { RoleName } from "../base/ids.ts";
import type { Attempt } from "./attempt.ts";
import type { Login, Order } from "./connector.ts";
import { UpstreamError } from "./errors.ts";
import type { LoggedIn } from "./handshake.ts";

/** How long the rights of a role are taken as known. A role that is given more rights is noticed after this long. */
const REMEMBER_MS = 30_000;
/** Roles remembered; more only cost a query a login. */
const MAX_ROLES = 10_000;

/**
 * The rights that go beyond any grant, of a role and of every role that it may become with SET ROLE: superuser,
 * REPLICATION, BYPASSRLS, and the predefined roles that reach the server's operating system. Every name is qualified,
 * down to the operators, since search_path is the client's to choose.
 */
const OF_OTHER = `pg_catalog.bool_or(other.rolsuper), pg_catalog.bool_or(other.rolreplication),
pg_catalog.bool_or(other.rolbypassrls), pg_catalog.bool_or(other.rolname OPERATOR(pg_catalog.=)
ANY (ARRAY['pg_execute_server_program', 'pg_write_server_files', 'pg_read_server_files']::pg_catalog.name[]))`;

/** Of the role that logged in. */
const RIGHTS = `SELECT ${OF_OTHER} FROM pg_catalog.pg_roles AS other
WHERE pg_catalog.pg_has_role(session_user, other.oid, 'MEMBER')`;

/** Of a role that is taken with SET ROLE. No row is no such role: the server says so when it is taken. */
const RIGHTS_OF_TAKEN = `SELECT ${OF_OTHER} FROM pg_catalog.pg_roles AS taken, pg_catalog.pg_roles AS other
WHERE taken.rolname OPERATOR(pg_catalog.=) $1::pg_catalog.name AND pg_catalog.pg_has_role(taken.oid, other.oid, 'MEMBER')
GROUP BY taken.oid`;

const NAMES = ["SUPERUSER", "REPLICATION", "BYPASSRLS", "access to the server's files or programs"] as const;

type Rights = readonly (typeof NAMES)[number][];
type RightsRow = readonly (Buffer | string | null)[];

interface Known {
  readonly rights: Rights;
  readonly until: number;
}

/**
 * Refuses roles with rights that no policy gave (attack 12 in docs/security.md): a token that names a superuser's role
 * must not make one. Policy permits such a role by name, and then nothing is asked here.
 */
export class RoleGuard {
  readonly #clock: Clock;
  readonly #remembered = new Map<string, Known>();

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
    const rights = this.#known(login) ?? this.#learn(login, await session.lookUp(RIGHTS, attempt));
    refuseTooMuch(login, rights);
  }

  /** Whether a role is known as harmless, so that checkTaken would ask nobody. */
  knows(login: Login): boolean {
    return login.privileged || this.#known(login)?.length === 0;
  }

  /**
   * The same check for a role that is about to be taken with SET ROLE by a session of another one.
   * @param lookUp runs a query whose parameter is the role, and gives its row, if there is one
   * @throws UpstreamError upstream/privileged-role, and what `lookUp` throws
   */
  async checkTaken(
    login: Login,
    lookUp: (sql: string, role: RoleName) => Promise<RightsRow | undefined>,
  ): Promise<void> {
    if (login.privileged) return;
    let rights = this.#known(login);
    if (rights === undefined) {
      const row = await lookUp(RIGHTS_OF_TAKEN, login.role);
      if (row === undefined) return;
      rights = this.#learn(login, row);
    }
    refuseTooMuch(login, rights);
  }

  #known(login: Login): Rights | undefined {
    const known = this.#remembered.get(nameOf(login));
    return known !== undefined && this.#clock.now() < known.until ? known.rights : undefined;
  }

  #learn(login: Login, row: RightsRow): Rights {
    const rights = NAMES.filter((_, column) => row[column]?.toString() !== "f");
    const name = nameOf(login);
    this.#remembered.delete(name);
    if (this.#remembered.size >= MAX_ROLES) this.#remembered.clear();
    this.#remembered.set(name, { rights, until: this.#clock.now() + REMEMBER_MS });
    return rights;
  }
}

/** Neither name can have a NUL. A pool asks for it with every request. */
function nameOf({ cluster, role }: Login): string {
  return `${cluster.name}\0${role}`;
}

function refuseTooMuch(login: Login, rights: Rights): void {
  const mayReplicate = login.cluster.replicationRoles.includes(login.role);
  const tooMuch = rights.filter((right) => !(right === "REPLICATION" && mayReplicate));
  if (tooMuch.length > 0) throw refuse(login, tooMuch.join(", "));
}

function refuse({ role }: Login, rights: string): UpstreamError {
  return new UpstreamError(
    "upstream/privileged-role",
    `role ${JSON.stringify(role)} has or can take ${rights}; name it in privilegedRoles to permit it`,
  );
}
