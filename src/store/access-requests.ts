import type { Notice } from "../base/notice.ts";
import type { AccessRequest, Person } from "../grants/request.ts";
import type { Consumption, GrantTable, RequestFilter, Ruling, Submission, Told } from "../grants/table.ts";
import { columnsOf, REQUEST_COLUMNS, requestOf } from "./access-request-row.ts";
import { StoreError } from "./errors.ts";
import type { WriteNotices } from "./outbox.ts";
import type { Queries, Transaction } from "./queries.ts";
import type { Store } from "./store.ts";
import { BEHIND_LOCKS } from "./transaction.ts";

/** A page for people; filters make it theirs. */
const MAX_LISTED = 1000;
/** Requests that are open at once in one installation. More would be a flood, and every node reads all. */
const MAX_OPEN = 10_000;

/** Milliseconds by the store's clock: of the moment, not of the transaction's begin, which may have waited for a lock. */
const NOW = "(extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now";
/** Columns that are times, and arrive as milliseconds. */
const TIMES: readonly string[] = ["created_at", "until"];
/** Nothing leads out of the others. */
const OPEN_STATES: readonly string[] = ["pending", "active", "spent"];

/** Access requests in the store. */
export class StoredAccessRequests implements GrantTable {
  readonly #store: Store;
  readonly #write: WriteNotices;

  constructor(store: Store, write: WriteNotices) {
    this.#store = store;
    this.#write = write;
  }

  insert(
    requester: Pick<Person, "issuer" | "subject">,
    decide: (open: readonly AccessRequest[], now: number) => Told<Submission>,
  ): Promise<Told<Submission>> {
    const { issuer, subject } = requester;
    return this.#store.transaction(async (tx) => {
      const key = JSON.stringify(["postern.requests", issuer, subject]);
      await tx.query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", [key]);
      const own = await tx.query(
        `SELECT ${REQUEST_COLUMNS} FROM access_requests WHERE open AND issuer = $1 AND subject = $2 ORDER BY created_at, id`,
        [issuer, subject],
      );
      const submission = decide(own.map(requestOf), await timeOf(tx));
      if (submission.kind === "new") {
        await insertRow(tx, submission.request);
        await this.#write(tx, submission.notices);
      }
      return submission;
    }, BEHIND_LOCKS);
  }

  update(
    id: string,
    decide: (request: AccessRequest, now: number) => Told<Ruling>,
  ): Promise<Told<Ruling> | undefined> {
    return this.#store.transaction(async (tx) => {
      const request = await lock(tx, id);
      if (request === undefined) return undefined;
      const ruling = decide(request, await timeOf(tx));
      if (ruling.request !== request) {
        await updateRow(tx, ruling.request);
        await this.#write(tx, ruling.notices);
      }
      return ruling;
    }, BEHIND_LOCKS);
  }

  /**
   * One statement counts: of two that come at the same time the second waits for the row, and looks at
   * its state and uses again before it counts ("Read Committed Isolation Level" in "Transaction Isolation").
   */
  async consume(
    id: string,
    session: string,
    tell: (request: AccessRequest, spent: boolean) => readonly Notice[],
  ): Promise<Consumption> {
    const used = await this.#store
      .transaction((tx) => this.#use(tx, id, session, tell), BEHIND_LOCKS)
      .catch(unlessCounted);
    return used ?? this.#unused(id, session);
  }

  async get(id: string): Promise<AccessRequest | undefined> {
    const [row] = await this.#store.query(`SELECT ${REQUEST_COLUMNS} FROM access_requests WHERE id = $1`, [
      id,
    ]);
    return row && requestOf(row);
  }

  async list(filter: RequestFilter): Promise<readonly AccessRequest[]> {
    const { requester, offer, states, way, unreviewed } = filter;
    const rows = await this.#store.query(
      `SELECT ${REQUEST_COLUMNS} FROM access_requests
       WHERE ($1::text IS NULL OR (issuer = $1 AND subject = $2)) AND ($3::text IS NULL OR (namespace = $3 AND offer = $4))
         AND ($5::text[] IS NULL OR state = ANY ($5)) AND ($6::text IS NULL OR way = $6) AND (unreviewed OR NOT $7)
       ORDER BY created_at DESC, id LIMIT ${MAX_LISTED}`,
      [
        ...[requester?.issuer ?? null, requester?.subject ?? null],
        ...[offer?.namespace ?? null, offer?.name ?? null],
        ...[states ?? null, way ?? null, unreviewed === true],
      ],
    );
    return rows.map(requestOf);
  }

  async #use(
    tx: Transaction,
    id: string,
    session: string,
    tell: (request: AccessRequest, spent: boolean) => readonly Notice[],
  ): Promise<Consumption | undefined> {
    const [row] = await tx.query(USE, [id, session]);
    if (row === undefined) return undefined;
    const request = requestOf(row);
    const spent = request.state === "spent";
    await this.#write(tx, tell(request, spent));
    return { kind: "consumed", request, spent };
  }

  /** Why nothing was counted: the session has been, or the grant does not let it in. */
  async #unused(id: string, session: string): Promise<Consumption> {
    const [row] = await this.#store.query(
      `SELECT ${REQUEST_COLUMNS}, ${NOW}, open AND clock_timestamp() < until AND EXISTS
         (SELECT FROM grant_uses WHERE request = id AND session = $2) AS again FROM access_requests WHERE id = $1`,
      [id, session],
    );
    if (row === undefined) return { kind: "refused", request: undefined, now: Number.NaN };
    const request = requestOf(row);
    return row["again"] === true
      ? { kind: "consumed", request, spent: false }
      : { kind: "refused", request, now: Number(row["now"]) };
  }

  async open(): Promise<{ readonly now: number; readonly requests: readonly AccessRequest[] }> {
    const rows = await this.#store.query(
      `SELECT ${NOW}, r.* FROM (VALUES (1)) one LEFT JOIN
         (SELECT ${REQUEST_COLUMNS} FROM access_requests WHERE open ORDER BY created_at DESC, id LIMIT ${MAX_OPEN}) r ON true`,
    );
    const requests = rows.filter((row) => row["document"] !== null).map(requestOf);
    return { now: Number(rows[0]?.["now"]), requests };
  }
}

async function timeOf(queries: Queries): Promise<number> {
  const [row] = await queries.query(`SELECT ${NOW}`);
  return Number(row?.["now"]);
}

async function lock(tx: Transaction, id: string): Promise<AccessRequest | undefined> {
  const [row] = await tx.query(`SELECT ${REQUEST_COLUMNS} FROM access_requests WHERE id = $1 FOR UPDATE`, [
    id,
  ]);
  return row && requestOf(row);
}

/** Takes a use that there is, and notes whose it is. */
const USE = `WITH used AS (
    UPDATE access_requests SET uses = uses + 1, state = CASE WHEN uses + 1 >= max_uses THEN 'spent' ELSE state END
    WHERE id = $1 AND state = 'active' AND clock_timestamp() < until
      AND NOT EXISTS (SELECT FROM grant_uses WHERE request = $1 AND session = $2)
    RETURNING ${REQUEST_COLUMNS}
  ), noted AS (
    INSERT INTO grant_uses (request, session) SELECT $1, $2 FROM used
  )
  SELECT * FROM used`;

/** A session that asks twice at the same moment is counted by one of the two; the other finds it noted. */
function unlessCounted(error: unknown): undefined {
  if (error instanceof StoreError && error.constraint === "grant_uses_pkey") return undefined;
  throw error;
}

async function insertRow(tx: Transaction, request: AccessRequest): Promise<void> {
  const columns = columnsOf(request, OPEN_STATES.includes(request.state));
  const names = Object.keys(columns);
  await tx.query(
    `INSERT INTO access_requests (${names.join(", ")}) VALUES (${names.map(placeOf).join(", ")})`,
    Object.values(columns),
  );
}

async function updateRow(tx: Transaction, request: AccessRequest): Promise<void> {
  const columns = columnsOf(request, OPEN_STATES.includes(request.state));
  const names = Object.keys(columns);
  const set = names.map((name, index) => `${name} = ${placeOf(name, index)}`).join(", ");
  await tx.query(`UPDATE access_requests SET ${set} WHERE id = $1`, Object.values(columns)); // the id comes first
}

function placeOf(name: string, index: number): string {
  return TIMES.includes(name) ? `to_timestamp($${index + 1}::double precision / 1000)` : `$${index + 1}`;
}
