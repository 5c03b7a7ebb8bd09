import { z } from "zod";
import type { BoardSession, Node, SessionBoard } from "../sessions/board.ts";
import { optional } from "./fields.ts";
import type { Store } from "./store.ts";

/** A page for people. */
const MAX_LISTED = 10_000;
/** Four signs of life missed. Sessions of a node that is cut off from the store go on; they are only not shown. */
const DEAD_AFTER = "20 seconds";
/** Nodes that came and went leave nothing behind. */
const FORGOTTEN_AFTER = "10 minutes";

const rowSchema = z
  .object({
    id: z.string(),
    node: z.string(),
    door: z.string(),
    subject: z.string(),
    username: z.string(),
    cluster: z.string(),
    database: z.string(),
    role: z.string(),
    rule: z.string(),
    address: z.string(),
    backend_pid: optional(z.number()),
    started_at: z.number(),
    until: optional(z.number()),
  })
  .transform(
    ({ backend_pid: backendPid, started_at: startedAt, ...rest }): BoardSession => ({
      ...rest,
      backendPid,
      startedAt,
    }),
  );

const ALIVE = `n.beat_at > now() - interval '${DEAD_AFTER}'`;

/** The board of sessions in the store. Whether a node lives is told by the store's clock. */
export class StoredSessions implements SessionBoard {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  async beat({ id, name }: Node): Promise<{ readonly known: boolean; readonly wanted: readonly string[] }> {
    const [node] = await this.#store.query(
      `WITH forgotten AS (DELETE FROM nodes WHERE beat_at < now() - interval '${FORGOTTEN_AFTER}' AND id <> $1)
       INSERT INTO nodes AS n (id, name) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET beat_at = now()
       RETURNING n.beat_at > n.started_at AS known`,
      [id, name],
    );
    const rows = await this.#store.query(
      "SELECT id FROM sessions WHERE node = $1 AND end_wanted_at IS NOT NULL",
      [id],
    );
    return { known: node?.["known"] === true, wanted: rows.map((row) => String(row["id"])) };
  }

  async clear({ id }: Node): Promise<void> {
    await this.#store.query("DELETE FROM sessions WHERE node = $1", [id]);
  }

  async enter({ id: node }: Node, sessions: readonly Omit<BoardSession, "node">[]): Promise<void> {
    if (sessions.length === 0) return;
    await this.#store.query(
      `INSERT INTO sessions (id, node, door, subject, username, cluster, database, role, rule, address, backend_pid, started_at, until)
       SELECT s.id, $1, s.door, s.subject, s.username, s.cluster, s.database, s.role, s.rule, s.address, s."backendPid",
         to_timestamp(s."startedAt" / 1000), to_timestamp(s.until / 1000)
       FROM jsonb_to_recordset($2::jsonb) AS s (id text, door text, subject text, username text, cluster text, database text,
         role text, rule text, address text, "backendPid" integer, "startedAt" double precision, until double precision)
       ON CONFLICT (id) DO UPDATE SET backend_pid = excluded.backend_pid WHERE sessions.node = $1`,
      [node, JSON.stringify(sessions, storable)],
    );
  }

  async leave({ id: node }: Node, ids: readonly string[]): Promise<void> {
    await this.#store.query("DELETE FROM sessions WHERE node = $1 AND id = ANY ($2)", [node, ids]);
  }

  async list(): Promise<readonly BoardSession[]> {
    const rows = await this.#store.query(
      `SELECT s.*, n.name AS node FROM sessions s JOIN nodes n ON n.id = s.node
       WHERE ${ALIVE} ORDER BY s.started_at DESC, s.id LIMIT ${MAX_LISTED}`,
    );
    return rows.map((row) => rowSchema.parse(row));
  }

  async requestEnd(id: string, by: string): Promise<boolean> {
    const rows = await this.#store.query(
      `UPDATE sessions s SET end_wanted_at = now(), end_wanted_by = $2 FROM nodes n
       WHERE s.id = $1 AND n.id = s.node AND ${ALIVE} RETURNING s.id`,
      [id, by],
    );
    return rows.length > 0;
  }

  async remove({ id }: Node): Promise<void> {
    await this.#store.query("DELETE FROM nodes WHERE id = $1", [id]);
  }
}

/** PostgreSQL's text holds neither NUL nor half a character; what a token says of its bearer may. */
function storable(_name: string, value: unknown): unknown {
  return typeof value === "string" ? value.replaceAll("\0", "\ufffd").toWellFormed() : value;
}
