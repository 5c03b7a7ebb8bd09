/**
 * Branded ids: strings that were checked once, at the edge, and carry that check in their type.
 */

declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

/** A PostgreSQL role name: 1–63 bytes of UTF-8, no NUL. */
export type RoleName = Branded<"RoleName">;
/** A PostgreSQL database name: 1–63 bytes of UTF-8, no NUL. */
export type DatabaseName = Branded<"DatabaseName">;
/** The name of a cluster in the configuration. */
export type ClusterName = Branded<"ClusterName">;
/** The key of an identity: `<issuer>:<sub>`. */
export type SubjectId = Branded<"SubjectId">;
/** One session's id; also the correlation id that clients see in errors. */
export type SessionId = Branded<"SessionId">;

/** NAMEDATALEN - 1: PostgreSQL silently cuts a longer identifier, which would name another object. */
const MAX_IDENTIFIER_BYTES = 63;

const LONE_SURROGATE = /\p{Surrogate}/u;

function isIdentifier(text: string): boolean {
  return (
    text.length > 0 &&
    text.length <= MAX_IDENTIFIER_BYTES &&
    !text.includes("\0") &&
    !LONE_SURROGATE.test(text) &&
    Buffer.byteLength(text) <= MAX_IDENTIFIER_BYTES
  );
}

/** `text` as a role name, or undefined when PostgreSQL could not hold it unchanged (empty, NUL, over 63 bytes). */
export function parseRoleName(text: string): RoleName | undefined {
  return isIdentifier(text) ? (text as RoleName) : undefined;
}

/** `text` as a database name, or undefined under the same rules as a role name. */
export function parseDatabaseName(text: string): DatabaseName | undefined {
  return isIdentifier(text) ? (text as DatabaseName) : undefined;
}

/** `text` as a cluster name (lower-case letters, digits, `-`, at most 63), or undefined. */
export function parseClusterName(text: string): ClusterName | undefined {
  return /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(text) ? (text as ClusterName) : undefined;
}

/** The key under which an identity is known: issuer and subject, never the name alone. */
export function subjectId(issuer: string, subject: string): SubjectId {
  return `${issuer}:${subject}` as SubjectId;
}

/** A new random session id: 12 lower-case hex digits, short enough to read out on the telephone. */
export function newSessionId(): SessionId {
  return crypto.randomUUID().replaceAll("-", "").slice(0, 12) as SessionId;
}
