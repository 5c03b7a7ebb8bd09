import type { ClusterConfig } from "../config/schema.ts";
import type { Attempt } from "./attempt.ts";
import type { LoggedIn } from "./handshake.ts";

export type TargetSessionAttributes = ClusterConfig["targetSessionAttrs"];

/** What is known of a server from a login. */
export interface ServerKind {
  readonly standby: boolean;
  readonly readOnly: boolean;
}

/**
 * Whether a server is what `target_session_attrs` wants (libpq, "Connection Parameters"). `prefer-standby` is looked
 * for as `standby` first and as `any` when there is none; see hosts.ts.
 */
export const suits: Readonly<Record<TargetSessionAttributes, (kind: ServerKind) => boolean>> = {
  any: () => true,
  "read-write": (kind) => !kind.readOnly,
  "read-only": (kind) => kind.readOnly,
  primary: (kind) => !kind.standby,
  standby: (kind) => kind.standby,
  "prefer-standby": (kind) => kind.standby,
};

/**
 * Whether a server still is what it was chosen for, by what it reports while a connection lasts (PostgreSQL 14 and
 * later). One that `prefer-standby` led to is kept.
 */
export function stillSuits(wanted: TargetSessionAttributes, reported: ReadonlyMap<string, string>): boolean {
  const standby = reported.get("in_hot_standby");
  const readOnly = reported.get("default_transaction_read_only");
  if (wanted === "prefer-standby" || standby === undefined || readOnly === undefined) return true;
  return suits[wanted]({ standby: standby === "on", readOnly: readOnly === "on" || standby === "on" });
}

/** Which kind of server a session is on: reported by PostgreSQL 14 and later, asked of older ones. */
export async function serverKind(session: LoggedIn, attempt: Attempt): Promise<ServerKind> {
  const standby = session.reports("in_hot_standby");
  const readOnly = session.reports("default_transaction_read_only");
  if (standby !== undefined && readOnly !== undefined) return { standby, readOnly: readOnly || standby };
  const [recovering] = await session.lookUp("SELECT pg_catalog.pg_is_in_recovery()", attempt);
  const [setting] = await session.lookUp("SHOW transaction_read_only", attempt);
  return { standby: recovering === "t", readOnly: setting === "on" };
}
