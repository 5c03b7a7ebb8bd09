import assert from "node:assert/strict";
import { after } from "node:test";
import type { Admission } from "../../src/access/admission.ts";
import type { Clock } from "../../src/base/clock.ts";
import type { Event } from "../../src/base/event.ts";
import { parseDatabaseName, parseRoleName } from "../../src/base/ids.ts";
import type { Pool, PoolSettings, Result, Statement, Transaction } from "../../src/upstream/pool/pool.ts";
import { admissionTo, clusterOf } from "./admission.ts";
import { upstreamTo } from "./upstream.ts";

/** The role that test pools log in as; a test server needs it, and `NOINHERIT`. */
export const AUTHENTICATOR = "authenticator";

export interface TestPool {
  readonly pool: Pool;
  readonly events: Event[];
  admission(role: string): Promise<Admission>;
  /** Runs one statement as `role`, and returns its rows as text. */
  ask(role: string, text: string, more?: Asking): Promise<(string | null)[][]>;
}

export interface Asking extends Partial<Transaction> {
  readonly parameters?: Statement["parameters"];
  readonly prepare?: boolean;
  readonly abort?: AbortSignal;
}

export interface TestPoolOptions {
  readonly cluster?: Record<string, unknown>;
  readonly settings?: Partial<PoolSettings>;
  readonly clock?: Clock;
}

/** Makes pools of the servers at some ports, and closes them after the tests. */
export function poolsOf(ports: () => readonly number[]) {
  const made: TestPool[] = [];
  after(async () => {
    for (const { pool } of made) await pool.close();
  });
  return (options: TestPoolOptions = {}): TestPool => {
    const one = poolTo(ports(), options);
    made.push(one);
    return one;
  };
}

function poolTo(
  ports: readonly number[],
  { cluster: settings, settings: more, clock }: TestPoolOptions,
): TestPool {
  const hosts = ports.map((port) => ({ host: "127.0.0.1", port }));
  const cluster = clusterOf({ hosts, tls: { mode: "disable" }, login: { method: "trust" }, ...settings });
  const role = parseRoleName(AUTHENTICATOR);
  const database = parseDatabaseName("postgres");
  assert.ok(role !== undefined && database !== undefined);
  const { upstream, events } = upstreamTo(cluster, {}, clock === undefined ? {} : { clock });
  const pool = upstream.pool(cluster, {
    role,
    database,
    size: 10,
    acquisitionTimeoutMs: 10_000,
    idleMs: 30_000,
    lifetimeMs: 1_800_000,
    maxResultBytes: 64 * 1024 * 1024,
    preparedStatements: 100,
    ...more,
  });
  const admission = (name: string) => admissionTo(cluster, { role: name });
  return {
    pool,
    events,
    admission,
    ask: async (name, text, { parameters = [], prepare = true, abort, ...transaction } = {}) => {
      const statements = [{ text, parameters, prepare, binary: false }];
      const whole = { readOnly: true, settings: [], end: "commit", statements, ...transaction } as const;
      const [result] = await pool.run(await admission(name), whole, abort);
      return textOf(result);
    },
  };
}

/** The rows of a result as text. */
export function textOf(result: Result | undefined): (string | null)[][] {
  assert.ok(result);
  return result.rows.map((row) => row.map((column) => column?.toString() ?? null));
}
