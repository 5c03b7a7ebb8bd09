import { z } from "zod";
import type { TokenOwner } from "../identity/personal-tokens/port.ts";
import type {
  DisabledList,
  Sighting,
  UserChange,
  UserChanged,
  UserFilter,
  UserKey,
  UserRecord,
  UserTable,
} from "../identity/users/port.ts";
import { optional } from "./fields.ts";
import type { WriteNotices } from "./outbox.ts";
import type { Queries, Row, Transaction } from "./queries.ts";
import { revisionOf } from "./revisions.ts";
import type { Store } from "./store.ts";
import { BEHIND_LOCKS } from "./transaction.ts";

const rowSchema = z
  .object({
    issuer: z.string(),
    subject: z.string(),
    username: z.string(),
    groups: z.array(z.string()),
    first_seen_at: optional(z.number()),
    last_seen_at: optional(z.number()),
    disabled_at: optional(z.number()),
    disabled_by: optional(z.string()),
    disabled_reason: optional(z.string()),
  })
  .transform(
    ({ first_seen_at, last_seen_at, disabled_at, disabled_by, disabled_reason, ...rest }): UserRecord => ({
      ...rest,
      firstSeenAt: first_seen_at,
      lastSeenAt: last_seen_at,
      disabled:
        disabled_at === undefined
          ? undefined
          : { at: disabled_at, by: disabled_by ?? "", reason: disabled_reason ?? "" },
    }),
  );

const COLUMNS =
  "issuer, subject, username, groups, first_seen_at, last_seen_at, disabled_at, disabled_by, disabled_reason";
/** A page for people. */
const MAX_LISTED = 1000;
/** A key of an index holds no more; longer names are of no issuer that was ever heard of. */
const MAX_KEY_BYTES = 2600;
/** Who is disabled and who does it are looked at by one after the other, so that two cannot disable each other at once. */
const LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('postern.users', 0))";

/** Users in the store. */
export class StoredUsers implements UserTable {
  readonly #store: Store;
  readonly #write: WriteNotices;

  constructor(store: Store, write: WriteNotices) {
    this.#store = store;
    this.#write = write;
  }

  async disabled(known: string): Promise<DisabledList | "unchanged"> {
    const revision = await revisionOf(this.#store, "user");
    if (revision === known) return "unchanged";
    const rows = await this.#store.query(
      "SELECT issuer, subject FROM users WHERE disabled_at IS NOT NULL ORDER BY issuer, subject",
    );
    return { revision, users: rows.map(keyOf) };
  }

  async seen(sightings: readonly Sighting[]): Promise<void> {
    await this.#store.query(
      `INSERT INTO users AS u (issuer, subject, username, groups, first_seen_at, last_seen_at, groups_seen_at)
       SELECT issuer, subject, username, groups, now(), now(), CASE WHEN signed THEN now() END
       FROM jsonb_to_recordset($1::jsonb) AS seen (issuer text, subject text, username text, groups text[], signed boolean)
       WHERE octet_length(issuer) + octet_length(subject) <= ${MAX_KEY_BYTES}
       ON CONFLICT (issuer, subject) DO UPDATE SET ${SEEN}`,
      [JSON.stringify(sightings)],
    );
  }

  async list({ name, disabledOnly = false }: UserFilter): Promise<readonly UserRecord[]> {
    const rows = await this.#store.query(
      `SELECT ${COLUMNS} FROM users
       WHERE ($1::text IS NULL OR $1 IN (username, subject, id)) AND (disabled_at IS NOT NULL OR NOT $2)
       ORDER BY last_seen_at DESC NULLS LAST, issuer, subject LIMIT ${MAX_LISTED}`,
      [name ?? null, disabledOnly],
    );
    return rows.map(recordOf);
  }

  get({ issuer, subject }: UserKey): Promise<UserRecord | undefined> {
    return recordIn(this.#store, { issuer, subject });
  }

  disable(change: UserChange, reason: string, unseen: boolean): Promise<UserChanged> {
    const { user, actor } = change;
    return this.#change(change, async (tx) => {
      if (unseen) await takeDown(tx, user);
      await tx.query(
        `UPDATE users SET disabled_at = now(), disabled_by = $3, disabled_reason = $4
         WHERE issuer = $1 AND subject = $2 AND disabled_at IS NULL`,
        [user.issuer, user.subject, actor.id, reason],
      );
    });
  }

  enable(change: UserChange): Promise<UserChanged> {
    const { user } = change;
    return this.#change(change, async (tx) => {
      await tx.query(
        `UPDATE users SET disabled_at = NULL, disabled_by = NULL, disabled_reason = NULL
         WHERE issuer = $1 AND subject = $2`,
        [user.issuer, user.subject],
      );
    });
  }

  #change(
    { user, actor, notices }: UserChange,
    work: (tx: Transaction) => Promise<void>,
  ): Promise<UserChanged> {
    return this.#store.transaction(async (tx) => {
      await tx.query(LOCK);
      if ((await recordIn(tx, actor))?.disabled !== undefined) return { kind: "actor-disabled" };
      const before = await recordIn(tx, user);
      await work(tx);
      const record = await recordIn(tx, user);
      if (record === undefined) return { kind: "not-found" };
      const [was, is] = [before?.disabled !== undefined, record.disabled !== undefined];
      if (was !== is) await this.#write(tx, notices);
      return { kind: "changed", record, before: was };
    }, BEHIND_LOCKS);
  }
}

/** A personal token repeats what its owner's issuer said once, and says nothing new of name and groups. */
const SEEN = ["username", "groups", "groups_seen_at"]
  .map(
    (column) =>
      `${column} = CASE WHEN excluded.groups_seen_at IS NULL THEN u.${column} ELSE excluded.${column} END`,
  )
  .concat("first_seen_at = coalesce(u.first_seen_at, now())", "last_seen_at = now()")
  .join(", ");

/** Somebody whom no node has seen, by their key alone. */
async function takeDown(tx: Transaction, { issuer, subject }: UserKey): Promise<void> {
  await tx.query(
    "INSERT INTO users (issuer, subject, username) VALUES ($1, $2, $2) ON CONFLICT (issuer, subject) DO NOTHING",
    [issuer, subject],
  );
}

async function recordIn(queries: Queries, { issuer, subject }: UserKey): Promise<UserRecord | undefined> {
  const [row] = await queries.query(`SELECT ${COLUMNS} FROM users WHERE issuer = $1 AND subject = $2`, [
    issuer,
    subject,
  ]);
  return row && recordOf(row);
}

function recordOf(row: Row): UserRecord {
  return rowSchema.parse(row);
}

function keyOf(row: Row): UserKey {
  return { issuer: String(row["issuer"]), subject: String(row["subject"]) };
}

/** Notes whose token is made. Changes nothing, and tells nobody, when it is known already. */
export async function rememberUser(queries: Queries, user: TokenOwner): Promise<void> {
  const { issuer, subject, username, groups } = user;
  await queries.query(
    `INSERT INTO users AS u (issuer, subject, username, groups, first_seen_at, last_seen_at, groups_seen_at)
     VALUES ($1, $2, $3, $4, now(), now(), now()) ON CONFLICT (issuer, subject) DO UPDATE SET ${SEEN}`,
    [issuer, subject, username, groups],
  );
}
