import pg from "pg";

/** Statements for one database, run as the superuser before anybody else can connect. */
export interface SetUp {
  readonly database: string;
  /** Each statement ends in `;` and an empty line. */
  readonly sql: string;
}

/** Whom `initdb` makes. */
export const SUPERUSER = "postgres";

/**
 * Runs statements through a connection of its own. A single-user server would need none, but what is made there gets
 * the numbers of system objects, and PostgreSQL applies no row-level security to those (check_enable_rls).
 */
export async function runSetUp(port: number, password: string, { database, sql }: SetUp): Promise<void> {
  const client = new pg.Client({ host: "127.0.0.1", port, user: SUPERUSER, password, database });
  await client.connect();
  try {
    for (const statement of sql.split(/;\s*\n\s*\n|;\s*$/)) {
      if (statement.trim() !== "") await client.query(statement);
    }
  } finally {
    await client.end();
  }
}
