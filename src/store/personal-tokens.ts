import { z } from "zod";
import type {
  InsertOutcome,
  NewTokenRecord,
  PersonalTokenRecord,
  PersonalTokenTable,
  Tell,
  TokenOwner,
} from "../identity/personal-tokens/port.ts";
import { optional } from "./fields.ts";
import type { WriteNotices } from "./outbox.ts";
import type { Row, Transaction } from "./queries.ts";
import type { Store } from "./store.ts";
import { BEHIND_LOCKS } from "./transaction.ts";
import { rememberUser } from "./users.ts";

const rowSchema = z
  .object({
    id: z.string(),
    hash: z.instanceof(Uint8Array),
    issuer: z.string(),
    subject: z.string(),
    username: z.string(),
    groups: z.array(z.string()),
    name: z.string(),
    roles: optional(z.array(z.string())),
    cidrs: optional(z.array(z.string())),
    created_at: z.number(),
    expires_at: z.number(),
    revoked_at: optional(z.number()),
    groups_seen_at: optional(z.number()),
    owner_disabled_at: optional(z.number()),
    last_used_at: optional(z.number()),
    last_used_from: optional(z.string()),
  })
  .transform(
    ({
      created_at,
      expires_at,
      revoked_at,
      groups_seen_at,
      owner_disabled_at,
      last_used_at,
      last_used_from,
      ...rest
    }) =>
      ({
        ...rest,
        createdAt: created_at,
        expiresAt: expires_at,
        revokedAt: revoked_at,
        groupsSeenAt: groups_seen_at,
        ownerDisabledAt: owner_disabled_at,
        lastUsedAt: last_used_at,
        lastUsedFrom: last_used_from,
      }) satisfies PersonalTokenRecord,
  );

/** Name and groups are those that the owner has now, as far as their issuer has told. */
const SELECT = `SELECT t.*, u.username, u.groups, u.groups_seen_at, u.disabled_at AS owner_disabled_at
  FROM personal_tokens t JOIN users u USING (issuer, subject)`;
/** One person's tokens, and an administrator's page of them. */
const MAX_LISTED = 1000;
/** The last use is for people who tidy up: it is written no oftener, whatever nodes do. */
const USE_INTERVAL = "1 minute";

/** Personal access tokens in the store. */
export class StoredPersonalTokens implements PersonalTokenTable {
  readonly #store: Store;
  readonly #write: WriteNotices;

  constructor(store: Store, write: WriteNotices) {
    this.#store = store;
    this.#write = write;
  }

  async find(ids: readonly string[]): Promise<readonly PersonalTokenRecord[]> {
    return records(await this.#store.query(`${SELECT} WHERE t.id = ANY ($1)`, [ids]));
  }

  async used(id: string, address: string): Promise<void> {
    await this.#store.query(
      `UPDATE personal_tokens SET last_used_at = now(), last_used_from = $2
       WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < now() - interval '${USE_INTERVAL}')`,
      [id, address],
    );
  }

  insert(token: NewTokenRecord, limit: number, tell: Tell): Promise<InsertOutcome> {
    return this.#store.transaction(async (tx) => {
      await lockOwner(tx, token);
      const live = await liveTokens(tx, token);
      if (live.some(({ name }) => name === token.name)) return { kind: "name-taken" };
      if (live.length >= limit) return { kind: "too-many" };
      await rememberUser(tx, token);
      const record = await insertToken(tx, token);
      await this.#write(tx, tell(record));
      return { kind: "inserted", record };
    }, BEHIND_LOCKS);
  }

  async list(
    owner: Pick<TokenOwner, "issuer" | "subject"> | undefined,
  ): Promise<readonly PersonalTokenRecord[]> {
    const rows = await this.#store.query(
      `${SELECT} WHERE $1::text IS NULL OR (t.issuer = $1 AND t.subject = $2) ORDER BY t.created_at DESC, t.id LIMIT ${MAX_LISTED}`,
      [owner?.issuer ?? null, owner?.subject ?? null],
    );
    return records(rows);
  }

  revoke(id: string, tell: Tell): Promise<PersonalTokenRecord | undefined> {
    return this.#store.transaction(async (tx) => {
      const revoked = await tx.query(
        "UPDATE personal_tokens SET revoked_at = now() WHERE id = $1 AND revoked_at IS NULL RETURNING id",
        [id],
      );
      const [record] = records(await tx.query(`${SELECT} WHERE t.id = $1`, [id]));
      if (revoked.length > 0 && record !== undefined) await this.#write(tx, tell(record));
      return record;
    }, BEHIND_LOCKS);
  }
}

function records(rows: readonly Row[]): readonly PersonalTokenRecord[] {
  return rows.map((row) => rowSchema.parse(row));
}

/** Two tokens of one owner are made one after the other, so that neither the limit nor a name is passed twice. */
async function lockOwner(tx: Transaction, { issuer, subject }: TokenOwner): Promise<void> {
  const key = JSON.stringify(["postern.tokens", issuer, subject]);
  await tx.query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", [key]);
}

async function liveTokens(
  tx: Transaction,
  { issuer, subject }: TokenOwner,
): Promise<readonly { name: string }[]> {
  const rows = await tx.query(
    "SELECT name FROM personal_tokens WHERE issuer = $1 AND subject = $2 AND revoked_at IS NULL AND expires_at > now()",
    [issuer, subject],
  );
  return rows.map((row) => ({ name: String(row["name"]) }));
}

async function insertToken(tx: Transaction, token: NewTokenRecord): Promise<PersonalTokenRecord> {
  const { id, hash, issuer, subject, username, groups, name, roles, cidrs, lifetime } = token;
  await tx.query(
    `INSERT INTO personal_tokens (id, hash, issuer, subject, username, groups, name, roles, cidrs, expires_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, now() + $10 * interval '1 millisecond')`,
    [id, Buffer.from(hash), issuer, subject, username, groups, name, roles ?? null, cidrs ?? null, lifetime],
  );
  const [record] = records(await tx.query(`${SELECT} WHERE t.id = $1`, [id]));
  if (record === undefined) throw new TypeError("a token that was inserted is not there");
  return record;
}
