/** Which clients come through the door, and what each of them has to show there. */
import { missingDebianPostgres } from "./debian-postgres.ts";
import type { DoorKind } from "./doors.ts";
import type { Language } from "./toolchains.ts";
import { missing } from "./toolchains.ts";

export interface Suite {
  readonly client: string;
  readonly language: Language;
  /** The program in the language's folder. */
  readonly program: string;
  readonly door: DoorKind;
  /** Whether a program on top of this client is told the SQLSTATE of a refused login. libpq keeps it to itself. */
  readonly tellsSqlstate: boolean;
  /** The checks by name; the program has these and no others. */
  readonly checks: readonly string[];
}

const CONNECTS = "connects over verified TLS";
const CANCELS_IN_PLAIN_TEXT = "cancels a running query in plain text, as older clients do";
const CANCELS_OVER_TLS = "cancels a running query over TLS";
const COPIES = "copies rows in and out";
const DIRECT = "negotiates TLS directly";
const NOTIFIED = "receives a notification";
const PIPELINES = "pipelines queries";

/** What every client does, whichever it is. */
const SQL = [
  "runs a prepared statement again and again",
  "rolls a transaction back",
  "reads a large result",
  "reports an error with its SQLSTATE and goes on",
];
const PARAMETERS = "runs a query with parameters";
const DISTRUSTS = "does not trust a server certificate of another CA";

/** The checks that end in a refused login, and what the client is told. */
export const REFUSALS: Readonly<Record<string, RegExp>> = {
  "is refused with a wrong token": /the token is not valid \([0-9a-f]{12}\)/,
  "is refused with an expired token": /the token has expired; get a new one \([0-9a-f]{12}\)/,
};
const REFUSED = Object.keys(REFUSALS);

const DRIVER = [CONNECTS, DISTRUSTS, PARAMETERS, ...SQL, NOTIFIED, ...REFUSED];

export const suites: readonly Suite[] = [
  {
    client: "psql",
    language: "shell",
    program: "psql-checks",
    door: "password",
    tellsSqlstate: false,
    checks: [
      ...[CONNECTS, DISTRUSTS, "connects by a URI", ...SQL, COPIES, CANCELS_IN_PLAIN_TEXT, NOTIFIED],
      ...["describes databases, schemas, roles and tables", ...REFUSED],
    ],
  },
  {
    client: "pgbench",
    language: "shell",
    program: "pgbench-checks",
    door: "password",
    tellsSqlstate: false,
    checks: [
      "initialises its tables",
      "runs its transactions by simple queries",
      "runs its transactions by extended queries",
      "runs its transactions by prepared statements",
      "selects by prepared statements",
      "selects with a new connection for each transaction",
      PIPELINES,
      ...REFUSED,
    ],
  },
  {
    client: "pg_dump and pg_restore",
    language: "shell",
    program: "pg_dump-checks",
    door: "fifteen",
    tellsSqlstate: false,
    checks: [
      "fills a schema",
      "dumps and restores a script",
      "dumps and restores an archive",
      "dumps and restores by several connections",
      ...REFUSED,
    ],
  },
  {
    client: "pg",
    language: "node",
    program: "pg-checks",
    door: "password",
    tellsSqlstate: true,
    checks: [...DRIVER, CANCELS_IN_PLAIN_TEXT, PIPELINES, DIRECT],
  },
  {
    client: "postgres",
    language: "node",
    program: "postgres-checks",
    door: "password",
    tellsSqlstate: true,
    checks: [...DRIVER, COPIES, CANCELS_OVER_TLS, PIPELINES],
  },
  {
    client: "psycopg 3",
    language: "python",
    program: "psycopg_checks",
    door: "password",
    tellsSqlstate: false,
    checks: [
      ...[...DRIVER, COPIES, CANCELS_OVER_TLS, CANCELS_IN_PLAIN_TEXT, PIPELINES],
      "runs its next query undisturbed once a cancel has returned",
      "passes startup parameters on",
    ],
  },
  {
    client: "libpq 18",
    language: "python",
    program: "libpq_checks",
    door: "password",
    tellsSqlstate: true,
    checks: [
      "is libpq 18 or newer",
      "speaks protocol 3.0",
      "speaks protocol 3.2 and cancels with its long key",
      "negotiates TLS directly, with ALPN",
      "speaks TLS 1.2 and TLS 1.3",
      "is asked for a password when it accepts nothing else",
      ...REFUSED,
    ],
  },
  {
    client: "libpq 18 by OAUTHBEARER",
    language: "python",
    program: "oauthbearer_checks",
    door: "oauthbearer",
    tellsSqlstate: false,
    checks: [
      "logs in with a token",
      "learns from the server where tokens come from",
      "logs in at once when it knows where tokens come from",
      "logs in over protocol 3.2 and direct TLS",
      "does not give the token to a server that names another issuer",
      ...REFUSED,
    ],
  },
  {
    client: "asyncpg",
    language: "python",
    program: "asyncpg_checks",
    door: "password",
    tellsSqlstate: true,
    checks: [...DRIVER, COPIES, CANCELS_OVER_TLS, PIPELINES, DIRECT],
  },
  {
    client: "pgjdbc",
    language: "java",
    program: "PgjdbcChecks",
    door: "password",
    tellsSqlstate: true,
    checks: [...DRIVER, COPIES, "cancels a running query", PIPELINES, DIRECT],
  },
  {
    client: "pgx",
    language: "go",
    program: "pgxchecks",
    door: "password",
    tellsSqlstate: true,
    checks: [...DRIVER, COPIES, CANCELS_OVER_TLS, PIPELINES, DIRECT],
  },
  {
    client: "lib/pq",
    language: "go",
    program: "pqchecks",
    door: "password",
    tellsSqlstate: true,
    checks: [...DRIVER, "copies rows in", "cancels a running query"],
  },
  {
    client: "tokio-postgres",
    language: "rust",
    program: "tokio_postgres_checks",
    door: "password",
    tellsSqlstate: true,
    checks: [...DRIVER, COPIES, CANCELS_OVER_TLS, PIPELINES, DIRECT],
  },
];

/** What the machine lacks for a suite, or undefined when it can run. */
export function lacks({ language, door }: Suite): string | undefined {
  return missing(language) ?? (door === "fifteen" ? missingDebianPostgres() : undefined);
}
