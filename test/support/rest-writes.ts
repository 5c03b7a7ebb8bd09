import pg from "pg";
import type { Catalog, RoutineReturn } from "../../src/doors/rest/catalog/types.ts";
import { RequestHeaders } from "../../src/doors/rest/http/headers.ts";
import { planCall, returnedTable } from "../../src/doors/rest/plan/call.ts";
import { callRepresentation } from "../../src/doors/rest/plan/call-representation.ts";
import { findCall } from "../../src/doors/rest/plan/find-call.ts";
import { planMutate } from "../../src/doors/rest/plan/mutate.ts";
import { negotiate, selectsAll } from "../../src/doors/rest/plan/negotiate.ts";
import { faultOfRows } from "../../src/doors/rest/plan/outcome.ts";
import { representationOf, rowOutputOf } from "../../src/doors/rest/plan/representation.ts";
import type { MainRow } from "../../src/doors/rest/plan/types.ts";
import { readPayload } from "../../src/doors/rest/request/payload/payload.ts";
import { parseRequest } from "../../src/doors/rest/request/request.ts";
import type { ApiRequest, Payload } from "../../src/doors/rest/request/types.ts";
import { callStatement } from "../../src/doors/rest/sql/call.ts";
import { mainRow } from "../../src/doors/rest/sql/main-row.ts";
import { writeStatement } from "../../src/doors/rest/sql/mutate.ts";
import type { StatementText } from "../../src/doors/rest/sql/read.ts";
import { readCatalog } from "./catalog.ts";

export interface Sent {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** The role that runs it; the superuser by default. */
  readonly role?: string;
  /** What to ask afterwards, in the same transaction. */
  readonly afterwards?: string;
}

export interface Written extends MainRow {
  readonly text: string;
  /** The body as JSON, null when there is none. */
  readonly json: unknown;
  readonly after: readonly unknown[];
  readonly sql: string;
  readonly conflicts: boolean;
}

const SETTINGS = { aggregatesEnabled: true, maxRows: null, legacyTargetNames: true };
const TOTAL = { none: { kind: "none" }, page: { kind: "page" } } as const;

/** Plans writes and calls as the door does, and runs them in a transaction that is rolled back. */
export class Writer {
  readonly #client: pg.Client;
  readonly #setUp: string;
  readonly catalog: Catalog;

  private constructor(client: pg.Client, setUp: string, catalog: Catalog) {
    this.#client = client;
    this.#setUp = setUp;
    this.catalog = catalog;
  }

  /** @param setUp run in each transaction first: rolling back resets no sequence */
  static async open(server: { readonly port: number }, setUp = "SELECT"): Promise<Writer> {
    const from = { port: server.port, user: "test_admin", database: "postgres" };
    const client = new pg.Client({ host: "127.0.0.1", ...from });
    await client.connect();
    await client.query("SET search_path TO api, public");
    return new Writer(client, setUp, await readCatalog(from));
  }

  close(): Promise<void> {
    return this.#client.end();
  }

  /** @throws RestError, or pg's DatabaseError */
  async send(request: string, sent: Sent = {}): Promise<Written> {
    const [method = "", target = ""] = request.split(/ (.*)/s);
    const headers = RequestHeaders.fromRaw(Object.entries(sent.headers ?? {}).flat());
    const parsed = parseRequest(
      { method, target: encodeURI(target), headers },
      {
        schemas: ["api"],
        rootRoutine: undefined,
        described: true,
        clientEndsTransactions: true,
      },
    );
    const payload = await readPayload(parsed, Buffer.from(sent.body ?? ""), () => undefined);
    return parsed.action.kind === "call"
      ? this.#call(parsed, payload, sent)
      : this.#write(parsed, payload, sent);
  }

  async #write(request: ApiRequest, payload: Payload, sent: Sent): Promise<Written> {
    const { action } = request;
    const relation = "relation" in action ? action.relation : "";
    const table = this.catalog.tables.get("api")?.get(relation) ?? null;
    const negotiated = negotiate(
      {
        catalog: this.catalog,
        routine: null,
        table,
        selectsAll: selectsAll(request.query.select),
        planEnabled: false,
      },
      request.accept,
    );
    const { producer } = negotiated;
    const planned = planMutate({
      catalog: this.catalog,
      settings: SETTINGS,
      request,
      payload,
      output: rowOutputOf(producer),
    });
    const { write, read, conflicts } = planned;
    const statement = writeStatement({
      write,
      read: read === null ? null : { plan: read.plan, representation: representationOf(producer, read.plan) },
      count: request.preferences.count === undefined ? TOTAL.none : TOTAL.page,
    });
    const written = await this.#run(statement, sent);
    const fault = faultOfRows({ request, negotiated, oneValue: false }, written);
    if (fault !== undefined) throw fault;
    return { ...written, conflicts };
  }

  async #call(request: ApiRequest, payload: Payload, sent: Sent): Promise<Written> {
    const call = { catalog: this.catalog, settings: SETTINGS, request, payload };
    const found = findCall(call);
    const negotiated = negotiate(
      {
        catalog: this.catalog,
        routine: found.routine,
        table: returnedTable(this.catalog, found.routine),
        selectsAll: selectsAll(request.query.select),
        planEnabled: false,
      },
      request.accept,
    );
    const planned = planCall(call, found, rowOutputOf(negotiated.producer));
    const { plan } = planned.read;
    const { returns } = planned;
    const representation =
      returns.kind === "void"
        ? ({ kind: "none" } as const)
        : callRepresentation(negotiated.producer, { call: planned.call, returns, plan });
    const statement = callStatement({ call: planned.call, plan, representation, count: planned.count.total });
    const called = await this.#run(statement, sent);
    const fault = faultOfRows({ request, negotiated, oneValue: isOne(returns) }, called);
    if (fault !== undefined) throw fault;
    return { ...called, conflicts: false };
  }

  async #run(statement: StatementText, { role, afterwards }: Sent): Promise<Omit<Written, "conflicts">> {
    const { text, parameters } = statement;
    await this.#client.query("BEGIN");
    try {
      await this.#client.query(this.#setUp);
      if (role !== undefined) await this.#client.query(`SET LOCAL ROLE ${role}`);
      const { rows } = await this.#client.query<(Buffer | null)[]>({
        text: statement.binary ? inHex(text) : text,
        values: parameters.map((value) => (Array.isArray(value) ? Buffer.concat(value) : value)), // pg knows no pieces
        rowMode: "array",
        types: { getTypeParser: () => (value: string | Buffer) => Buffer.from(value) },
      });
      const main = mainRow(rows[0] ?? []);
      const row = statement.binary ? { ...main, body: Buffer.from(main.body.toString(), "hex") } : main;
      const after = afterwards === undefined ? [] : (await this.#client.query(afterwards)).rows;
      const body = row.body.toString();
      return { ...row, text: body, json: asJson(body), after, sql: text };
    } finally {
      await this.#client.query("ROLLBACK");
    }
  }
}

/** pg reads results as text alone. */
function inHex(text: string): string {
  return `SELECT total_count, page_total, encode(body, 'hex'), response_headers, response_status FROM (${text}) AS main`;
}

function isOne(returns: RoutineReturn): boolean {
  return returns.kind === "void" || !returns.setOf;
}

function asJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
