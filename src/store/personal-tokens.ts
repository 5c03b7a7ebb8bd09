import { z } from "zod";
import type { Queries } from "./queries.ts";

/** A personal access token as it is kept: everything but the secret. */
export interface PersonalTokenRecord {
  readonly id: string;
  /** HMAC-SHA-256 of the secret. */
  readonly hash: Buffer;
  readonly issuer: string;
  readonly subject: string;
  readonly username: string;
  readonly groups: readonly string[];
  readonly name: string;
  /** Database roles that it is narrowed to; undefined: all of its owner's. */
  readonly roles: readonly string[] | undefined;
  /** Addresses that it may be used from; undefined: any. */
  readonly cidrs: readonly string[] | undefined;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly revokedAt: number | undefined;
  readonly ownerDisabled: boolean;
  readonly lastUsedAt: number | undefined;
  readonly lastUsedFrom: string | undefined;
  /** The store's clock when it was read, which decides whether it has expired. */
  readonly readAt: number;
}

export type NewPersonalToken = Pick<
  PersonalTokenRecord,
  "id" | "hash" | "issuer" | "subject" | "username" | "groups" | "name" | "roles" | "cidrs" | "expiresAt"
>;

const optional = <T extends z.ZodType>(schema: T) =>
  schema.nullable().transform((value) => value ?? undefined);

const rowSchema = z
  .object({
    id: z.string(),
    hash: z.instanceof(Buffer),
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
    owner_disabled: z.boolean(),
    last_used_at: optional(z.number()),
    last_used_from: optional(z.string()),
    read_at: z.number(),
  })
  .transform(
    (row): PersonalTokenRecord => ({
      id: row.id,
      hash: row.hash,
      issuer: row.issuer,
      subject: row.subject,
      username: row.username,
      groups: row.groups,
      name: row.name,
      roles: row.roles,
      cidrs: row.cidrs,
      createdAt: row.created_at,
      expiresAt: row.expires_at,
      revokedAt: row.revoked_at,
      ownerDisabled: row.owner_disabled,
      lastUsedAt: row.last_used_at,
      lastUsedFrom: row.last_used_from,
      readAt: row.read_at,
    }),
  );

const SELECT = `SELECT t.*, u.disabled_at IS NOT NULL AS owner_disabled, now() AS read_at
  FROM personal_tokens t JOIN users u USING (issuer, subject)`;
/** One person's tokens, and an administrator's page of them. */
const MAX_LISTED = 1000;
/** The last use is written no oftener than this: it is for people who tidy up. */
const USE_INTERVAL = "1 minute";

/** Keeps a new token. Its owner must be known (`rememberUser`). */
export async function insertPersonalToken(queries: Queries, token: NewPersonalToken): Promise<void> {
  const { id, hash, issuer, subject, username, groups, name, roles, cidrs, expiresAt } = token;
  await queries.query(
    `INSERT INTO personal_tokens (id, hash, issuer, subject, username, groups, name, roles, cidrs, expires_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, to_timestamp($10::double precision / 1000))`,
    [id, hash, issuer, subject, username, groups, name, roles ?? null, cidrs ?? null, expiresAt],
  );
}

export async function findPersonalToken(
  queries: Queries,
  id: string,
): Promise<PersonalTokenRecord | undefined> {
  const [row] = await queries.query(`${SELECT} WHERE t.id = $1`, [id]);
  return row && rowSchema.parse(row);
}

/** Tokens, the newest first: of one owner, or all. */
export async function listPersonalTokens(
  queries: Queries,
  owner?: { readonly issuer: string; readonly subject: string },
): Promise<readonly PersonalTokenRecord[]> {
  const rows = await queries.query(
    `${SELECT} WHERE $1::text IS NULL OR (t.issuer = $1 AND t.subject = $2) ORDER BY t.created_at DESC, t.id LIMIT ${MAX_LISTED}`,
    [owner?.issuer ?? null, owner?.subject ?? null],
  );
  return rows.map((row) => rowSchema.parse(row));
}

/** Takes a token out of force for good. Returns false when there is none or it was revoked before. */
export async function revokePersonalToken(queries: Queries, id: string, by: string): Promise<boolean> {
  const rows = await queries.query(
    "UPDATE personal_tokens SET revoked_at = now(), revoked_by = $2 WHERE id = $1 AND revoked_at IS NULL RETURNING id",
    [id, by],
  );
  return rows.length > 0;
}

/** Notes that a token was used. */
export async function touchPersonalToken(queries: Queries, id: string, address: string): Promise<void> {
  await queries.query(
    `UPDATE personal_tokens SET last_used_at = now(), last_used_from = $2
     WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < now() - interval '${USE_INTERVAL}')`,
    [id, address],
  );
}
