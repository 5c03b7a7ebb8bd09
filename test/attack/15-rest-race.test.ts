/** Row 15 through HTTP: requests of many roles share few connections, and do to them what functions can. */
import assert from "node:assert/strict";
import { Agent, request as httpRequest } from "node:http";
import { after, before, test } from "node:test";
import { eventually } from "../support/eventually.ts";
import { race } from "../support/race.ts";
import type { RestWorld } from "../support/rest.ts";
import { startRest } from "../support/rest.ts";

const ROLES = ["red", "green", "blue"] as const;
const REQUESTS = 2400;
const CLIENTS = 16;
/** Connections: few, so that each serves all roles in every state. */
const POOL = 3;

const SQL = `
  ${ROLES.map((role) => `CREATE ROLE ${role}; GRANT ${role} TO authenticator; GRANT USAGE ON SCHEMA api TO ${role}; GRANT TEMPORARY ON DATABASE postgres TO ${role};`).join("\n")}
  ALTER ROLE green SET statement_timeout = '2s';
  ALTER ROLE blue SET statement_timeout = '40ms';
  CREATE SEQUENCE api.numbers; GRANT USAGE ON api.numbers TO ${ROLES};

  CREATE TABLE api.diary (owner text, page int);
  INSERT INTO api.diary SELECT role, page FROM unnest('{${ROLES}}'::text[]) role, generate_series(1, 3) page;
  ALTER TABLE api.diary ENABLE ROW LEVEL SECURITY;
  CREATE POLICY own ON api.diary USING (owner = current_user);
  GRANT SELECT, INSERT, UPDATE ON api.diary TO ${ROLES};

  -- All that a request could see of another.
  CREATE FUNCTION api.seen() RETURNS json LANGUAGE sql AS $$
    SELECT json_build_object(
      'user', current_user, 'session', session_user, 'timeout', current_setting('statement_timeout'),
      'n', current_setting('request.headers', true)::json ->> 'x-n',
      'claim', (current_setting('request.jwt.claims', true)::json ->> 'n'),
      'secret', nullif(current_setting('app.secret', true), ''), 'pre', current_setting('app.pre', true),
      'path', current_setting('search_path'), 'readonly', current_setting('transaction_read_only'),
      'mine', (SELECT count(*) FROM pg_class WHERE relname = 'mine' AND pg_table_is_visible(oid)),
      'listens', (SELECT count(*) FROM pg_listening_channels())) $$;
  CREATE FUNCTION api.act(deed text) RETURNS json LANGUAGE plpgsql AS $$
    DECLARE before json := api.seen(); BEGIN EXECUTE deed; RETURN before; END $$;
  CREATE FUNCTION api.look() RETURNS json STABLE LANGUAGE sql AS 'SELECT api.seen()';
  CREATE FUNCTION api.note(api.diary) RETURNS json STABLE LANGUAGE sql AS 'SELECT api.seen()';
  CREATE FUNCTION public.pre() RETURNS void LANGUAGE sql
    AS $$ SELECT set_config('app.pre', current_user || (current_setting('request.headers')::json ->> 'x-n'), true) $$;
`;

let world: RestWorld;
before(async () => {
  world = await startRest({
    sql: SQL,
    env: {
      PGRST_DB_POOL: String(POOL),
      PGRST_DB_POOL_ACQUISITION_TIMEOUT: "60",
      PGRST_DB_PRE_REQUEST: "public.pre",
      PGRST_DB_TX_END: "commit-allow-override",
    },
  });
});
after(() => world?.stop());

interface Deed {
  readonly request: string;
  /** What `act` executes. */
  readonly sql?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** The statuses that it may have; those of an answer that shows what was seen are 200. */
  readonly status: number;
  /** Whether the client may leave before it has its answer. */
  readonly leaves?: true;
  /** Whether the token is none that is taken. */
  readonly badToken?: true;
}

const act = (sql: string, more: Partial<Deed> = {}): Deed => ({
  request: "POST /rpc/act",
  sql,
  status: 200,
  ...more,
});

const DEEDS: readonly Deed[] = [
  { request: "GET /rpc/look", status: 200 },
  { request: "GET /diary?select=owner,note&limit=1", status: 200 },
  { request: "GET /diary?select=owner,note&order=page&limit=1", status: 200, leaves: true },
  { request: "POST /rpc/look", status: 200 },
  act(
    "SELECT set_config('app.secret', 'x', false), set_config('request.jwt.claims', '{\"n\":\"stolen\"}', false)",
  ),
  act("SELECT set_config('role', 'red', false)"),
  act("SET SESSION statement_timeout = '1min'"),
  act("SET search_path = pg_temp"),
  act("SET default_transaction_read_only = on"),
  act("CREATE TEMPORARY TABLE mine ()"),
  act("LISTEN everything"),
  act("SELECT pg_advisory_lock_shared(1)"),
  act("DEALLOCATE ALL"),
  act("SELECT set_config('app.secret', 'x', false)", { headers: { Prefer: "tx=rollback" } }),
  act("SELECT set_config('app.secret', 'x', false), 1/0", { status: 400 }),
  act("DO $$ BEGIN RAISE SQLSTATE 'PT418' USING MESSAGE = 'raised'; END $$", { status: 418 }),
  act("SELECT pg_sleep(0.02)", { leaves: true }),
  act("SET SESSION AUTHORIZATION authenticator", { leaves: true }),
  act("SELECT pg_sleep(60)", { status: 500 }),
  { request: "GET /diary?select=owner,nothing", status: 400 },
  { request: "GET /diary?owner=eq", status: 400 },
  { request: "GET /rpc/look", status: 401, badToken: true },
];

type Outcome =
  | { readonly left: true }
  | { readonly left: false; readonly status: number; readonly text: string };

const agent = new Agent({ keepAlive: true, maxSockets: CLIENTS });
after(() => agent.destroy());

/** Sends a request whose client leaves after `leavesMs`, if it has no answer by then. */
function send(deed: Deed, headers: Readonly<Record<string, string>>, leavesMs: number): Promise<Outcome> {
  const [method = "", path = ""] = deed.request.split(" ");
  const body = method === "POST" ? JSON.stringify(deed.sql === undefined ? {} : { deed: deed.sql }) : "";
  const typed = { ...headers, ...deed.headers, "content-type": "application/json" };
  return new Promise((done, fail) => {
    const { port } = world.gateway;
    const sent = httpRequest({ agent, host: "127.0.0.1", port, method, path, headers: typed });
    const leave =
      deed.leaves && setTimeout(() => sent.destroy().once("close", () => done({ left: true })), leavesMs);
    sent.on("error", (error) => (sent.destroyed && deed.leaves ? done({ left: true }) : fail(error)));
    sent.on("response", (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
      response.on("error", () => done({ left: true }));
      response.on("end", () => {
        clearTimeout(leave);
        done({ left: false, status: response.statusCode ?? 0, text });
      });
    });
    sent.end(body);
  });
}

const TIMEOUTS = { red: "0", green: "2s", blue: "40ms" } as const;

test("no request over HTTP ever sees another's role, claims, headers or settings, whatever others do", async () => {
  const counts = { seen: 0, failed: 0, left: 0 };
  const tokens = new Map<string, string>();
  const token = (role: string, claim: string) => {
    const key = `${role} ${claim}`;
    const made = tokens.get(key) ?? world.token(role, { n: claim });
    tokens.set(key, made);
    return made;
  };
  await race({ requests: REQUESTS, clients: CLIENTS, deeds: DEEDS }, async (n, deed) => {
    // What is to be ended by a time-out of its role is asked for by the role that has a short one.
    const role = deed.status === 500 ? "blue" : (ROLES[n % ROLES.length] ?? "red");
    const claim = String(n % 50); // tokens, and so sessions, are used again
    const authorization = `Bearer ${deed.badToken ? "no" : ""}${token(role, claim)}`;
    const outcome = await send(deed, { authorization, "x-n": String(n) }, n % 25);
    if (outcome.left) {
      counts.left += 1;
      return;
    }
    const context = `${role} ${JSON.stringify(deed)}: ${outcome.status} ${outcome.text}`;
    // A short time-out may end anything on a busy machine.
    const timedOut = role === "blue" && outcome.status === 500 && outcome.text.includes('"57014"');
    if (timedOut || deed.status !== 200) {
      if (!timedOut) assert.equal(outcome.status, deed.status, context);
      counts.failed += 1;
      return;
    }
    assert.equal(outcome.status, 200, context);
    const answered: unknown = JSON.parse(outcome.text);
    const [row] = Array.isArray(answered) ? answered : [{ owner: role, note: answered }];
    const readOnly = deed.sql === undefined ? "on" : "off"; // all else is a read, or a stable function
    assert.equal(row.owner, role, context);
    const path = row.note.path;
    assert.match(path, /api/, context);
    const wanted = {
      ...{ user: role, session: "authenticator", timeout: TIMEOUTS[role], n: String(n), claim },
      ...{ secret: null, pre: `${role}${n}`, path, readonly: readOnly, mine: 0, listens: 0 },
    };
    assert.deepEqual(row.note, wanted, context);
    counts.seen += 1;
  });
  const said = JSON.stringify(counts);
  assert.ok(counts.seen > REQUESTS / 3 && counts.failed > REQUESTS / 6 && counts.left > REQUESTS / 40, said);
  await eventually("no more connections than the pool and the one that listens", async () => {
    const [row] = await world.postgres.query(
      "SELECT count(*)::int AS n FROM pg_stat_activity WHERE usename = 'authenticator'",
    );
    return Number(row?.["n"]) <= POOL + 1;
  });
});
