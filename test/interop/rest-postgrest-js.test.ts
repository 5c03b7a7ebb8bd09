/** postgrest-js, which is supabase-js's way to the database, as a client of the REST door. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { PostgrestClient } from "@supabase/postgrest-js";
import { eventually } from "../support/eventually.ts";
import type { RestWorld } from "../support/rest.ts";
import { startLibrary } from "./rest/library.ts";
import type { Answered, Call } from "./rest/postgrest-js-cases.ts";
import { calls, films, filters, reads, writes } from "./rest/postgrest-js-cases.ts";

/** Methods that the tests below call, and one whose media type needs PostGIS. */
const ELSEWHERE = ["abortSignal", "geojson"];

let world: RestWorld;
let db: PostgrestClient;
before(async () => {
  world = await startLibrary();
  db = clientWith({ Authorization: `Bearer ${world.token("web")}` });
});
after(() => world.stop());

function clientWith(headers: Readonly<Record<string, string>>): PostgrestClient {
  return new PostgrestClient(world.url, { headers, retry: false });
}

describe("postgrest-js reads with each of its filters", () => {
  for (const { method, filter, ids } of filters) {
    test(`${method}: ${String(filter)
      .replace(/^.*?=> all/, "films")
      .replace(/\s+/g, " ")}`, async () => {
      const { data, error } = await filter(films(db));
      assert.equal(error, null);
      assert.deepEqual(
        data,
        ids.map((id) => ({ id })),
      );
    });
  }
});

const CALLS = { reads, writes, "calls functions": calls };
for (const [area, rows] of Object.entries(CALLS))
  describe(`postgrest-js ${area}`, () => {
    for (const row of rows) test(`${row.method} ${row.does}`, async () => check(row, await row.run(db)));
  });

function check({ data, matches, count, status = 200, error }: Call, answered: Answered): void {
  const context = JSON.stringify(answered);
  assert.equal(answered.status, status, context);
  if (error === undefined) assert.equal(answered.error, null, context);
  else assert.deepEqual({ ...answered.error, ...error }, { ...answered.error }, context);
  if (data !== undefined) assert.deepEqual(answered.data, data, context);
  if (matches !== undefined) assert.match(text(answered.data), matches);
  if (count !== undefined) assert.equal(answered.count, count, context);
}

const text = (data: unknown) => (typeof data === "string" ? data : JSON.stringify(data)).replace(/\n/g, " ");

test("every method of postgrest-js's builders is called by some row", () => {
  const called = new Set([...filters, ...reads, ...writes, ...calls].map(({ method }) => method));
  const { prototype } = PostgrestClient;
  const builders = [prototype, ...ancestors(db.from("films")), ...ancestors(films(db))];
  const methods = new Set(builders.flatMap((builder) => Object.getOwnPropertyNames(builder)));
  const left = [...methods].filter((name) => !called.has(name) && !INTERNAL.has(name));
  assert.deepEqual(left.sort(), ELSEWHERE);
});

const INTERNAL = new Set(["constructor", "then", "processResponse", "cloneRequestState", "decorateFetch"]);

function ancestors(builder: object): object[] {
  const above = Object.getPrototypeOf(builder);
  return above === Object.prototype ? [] : [above, ...ancestors(above)];
}

test("postgrest-js is told what is wrong with a token, and that a role lacks a right", async () => {
  const refused = await clientWith({ Authorization: "Bearer no.token.atall" }).from("films").select();
  assert.equal(refused.status, 401);
  assert.match(String(refused.error?.code), /^PGRST30/);
  const expired = world.token("web", { exp: Math.floor(Date.now() / 1000) - 600 });
  const late = await clientWith({ Authorization: `Bearer ${expired}` })
    .from("films")
    .select();
  assert.deepEqual([late.status, late.error?.code, late.error?.message], [401, "PGRST303", "JWT expired"]);
  const other = await clientWith({ Authorization: `Bearer ${world.token("other")}` })
    .from("films")
    .select();
  assert.deepEqual([other.status, other.error?.code], [403, "42501"]);
  const anonymous = await clientWith({}).from("films").select();
  assert.deepEqual([anonymous.status, anonymous.error?.code], [401, "42501"]);
});

test("abortSignal: a query that postgrest-js gives up ends on the server", async () => {
  const abort = new AbortController();
  const asked = db
    .rpc("wait", { seconds: 60 })
    .abortSignal(abort.signal)
    .then((answer) => answer);
  const waiting = "SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep'";
  const asleep = async () => (await world.postgres.query(waiting)).length;
  await eventually("the function runs", asleep);
  abort.abort();
  const { error } = await asked;
  assert.match(String(error?.message), /AbortError/);
  await eventually("the server has ended it", async () => (await asleep()) === 0);
  assert.equal((await films(db).eq("id", 1)).status, 200);
});
