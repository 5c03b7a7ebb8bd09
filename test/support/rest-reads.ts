import assert from "node:assert/strict";
import { test } from "node:test";
import pg from "pg";
import type { Catalog } from "../../src/doors/rest/catalog/types.ts";
import { RestError } from "../../src/doors/rest/errors.ts";
import { planCount } from "../../src/doors/rest/plan/count.ts";
import { negotiate, selectsAll } from "../../src/doors/rest/plan/negotiate.ts";
import type { PlannedRead } from "../../src/doors/rest/plan/read.ts";
import { exposedTable, planRead } from "../../src/doors/rest/plan/read.ts";
import type { Negotiated } from "../../src/doors/rest/plan/representation.ts";
import { representationOf, rowOutputOf } from "../../src/doors/rest/plan/representation.ts";
import type { MainRow } from "../../src/doors/rest/plan/types.ts";
import { parseAccept } from "../../src/doors/rest/request/accept.ts";
import { parseQuery } from "../../src/doors/rest/request/query.ts";
import type { Count } from "../../src/doors/rest/request/types.ts";
import { mainRow } from "../../src/doors/rest/sql/main-row.ts";
import type { StatementText } from "../../src/doors/rest/sql/read.ts";
import { explainStatement, mainSql, readStatement } from "../../src/doors/rest/sql/read.ts";
import { readCatalog } from "./catalog.ts";
import type { TestPostgres } from "./postgres.ts";
import { startPostgres } from "./postgres.ts";

export interface ReadOptions {
  readonly accept?: string;
  readonly count?: Count;
  readonly maxRows?: number;
  readonly aggregates?: boolean;
  readonly legacyNames?: boolean;
  readonly plans?: boolean;
}

export interface PreparedRead {
  readonly negotiated: Negotiated;
  readonly planned: PlannedRead;
  /** The main statement, or its EXPLAIN. */
  readonly sent: StatementText;
}

/** A real server with a catalog of its schema `api`, and reads of it as the REST door does them, without HTTP. */
export interface Reads {
  readonly catalog: Catalog;
  /** Only what would be sent. */
  statement(target: string, options?: ReadOptions): PreparedRead;
  /** Reads "/films?id=eq.1". */
  read(target: string, options?: ReadOptions): Promise<MainRow>;
  /** Always in text format: the driver knows no other. */
  run(statement: StatementText): Promise<readonly (Buffer | null)[][]>;
  stop(): Promise<void>;
}

export async function startReads(sql: string): Promise<Reads> {
  return await readsOf(await startPostgres({ sql, tls: false }));
}

/** Over a server that runs already, and is stopped with it. */
export async function readsOf(server: Pick<TestPostgres, "port" | "stop">): Promise<Reads> {
  const client = new pg.Client({
    host: "127.0.0.1",
    port: server.port,
    user: "test_admin",
    database: "postgres",
  });
  await client.connect();
  await client.query("SET search_path TO api, public");
  const query = async (text: string, values: readonly unknown[]) => {
    // As the server sent them: the driver's own parsing is not what is tested.
    const types = { getTypeParser: () => (value: unknown) => value };
    const result = await client.query({
      text,
      values: [...values],
      rowMode: "array",
      types,
    } as pg.QueryArrayConfig);
    return result.rows as (string | null)[][];
  };
  const catalog = await readCatalog({ port: server.port, user: "test_admin", database: "postgres" });
  const statement: Reads["statement"] = (target, options) => prepareRead(catalog, target, options);
  const run: Reads["run"] = async ({ text, parameters }) => {
    const rows = await query(text, parameters);
    return rows.map((row) => row.map((value) => (value === null ? null : Buffer.from(value))));
  };
  return {
    catalog,
    statement,
    run,
    read: async (target, options) => mainRow((await run(statement(target, options).sent))[0] ?? []),
    stop: async () => {
      await client.end();
      await server.stop();
    },
  };
}

function prepareRead(catalog: Catalog, target: string, options: ReadOptions = {}): PreparedRead {
  const [path = "", search = ""] = target.split(/\?(.*)/s);
  const { query, range } = parseQuery(encodeURI(search).replaceAll("%25", "%"), "mistake");
  const relation = path.slice(1);
  const negotiated = negotiate(
    {
      catalog,
      routine: null,
      table: exposedTable(catalog, "api", relation),
      selectsAll: selectsAll(query.select),
      planEnabled: options.plans ?? true,
    },
    parseAccept(options.accept),
  );
  const maxRows = options.maxRows ?? null;
  const planned = planRead({
    catalog,
    settings: {
      aggregatesEnabled: options.aggregates ?? true,
      maxRows,
      legacyTargetNames: options.legacyNames ?? true,
    },
    schema: "api",
    root: { kind: "relation", relation },
    query,
    range,
    output: rowOutputOf(negotiated.producer),
  });
  const { plan } = planned;
  const representation = representationOf(negotiated.producer, plan);
  const parts = { plan, representation, count: planCount(options.count, plan, maxRows).total };
  const { explain } = negotiated;
  const sent =
    explain === null
      ? readStatement(parts)
      : explainStatement(mainSql(parts), explain.format, explain.options);
  return { negotiated, planned, sent };
}

/** One read, and what comes of it. */
export interface ReadCase extends ReadOptions {
  /** "/films?id=eq.1"; what has to be escaped is, but for `%26` and the like. */
  readonly read: string;
  /** What it shows, where the read itself does not say so. */
  readonly because?: string;
  /** The body: text as it is, anything else as JSON. */
  readonly gives?: unknown;
  readonly total?: number;
  /** Or the error's code, PostgREST's or the server's, with as much of it as matters. */
  readonly refuses?: {
    readonly code: string;
    readonly message?: string;
    readonly details?: unknown;
    readonly hint?: string;
  };
}

/** Makes one test of each row. */
export function testReads(reads: () => Reads, cases: readonly ReadCase[]): void {
  for (const row of cases)
    test(`${row.read}${row.because === undefined ? "" : `: ${row.because}`}`, async () => {
      if (row.refuses !== undefined) return await assertRefused(reads(), row, row.refuses);
      const { body, totalCount } = await reads().read(row.read, row);
      const text = body.toString("utf8");
      assert.deepEqual(typeof row.gives === "string" ? text : JSON.parse(text), row.gives);
      if (row.total !== undefined) assert.equal(totalCount, row.total);
    });
}

async function assertRefused(
  reads: Reads,
  row: ReadCase,
  refuses: NonNullable<ReadCase["refuses"]>,
): Promise<void> {
  await assert.rejects(
    async () => await reads.read(row.read, row),
    (error) => {
      assert.ok(error instanceof RestError || error instanceof pg.DatabaseError, String(error));
      const { code, message } = error;
      const { details, hint } = error instanceof RestError ? error : { details: undefined, hint: error.hint };
      const said: Record<string, unknown> = { code, message, details, hint };
      for (const [part, wanted] of Object.entries(refuses)) assert.deepEqual(said[part], wanted);
      return true;
    },
  );
}
