import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { mediaTypeName } from "../../../../../src/doors/rest/request/media-type.ts";
import { FILMS, HANDLERS } from "../../../../support/rest-films.ts";
import { type Reads, startReads, testReads } from "../../../../support/rest-reads.ts";

let reads: Reads;
before(async () => {
  reads = await startReads(FILMS + HANDLERS);
});
after(() => reads.stop());

const OBJECT = "application/vnd.pgrst.object+json";

testReads(
  () => reads,
  [
    { read: "/studios?order=id", gives: '[{"id":1,"name":"Toho"}, \n {"id":2,"name":"Ciné-Tamaris"}]' },
    { read: "/studios?id=eq.9", gives: "[]" },
    { read: "/studios?id=eq.1", accept: "*/*", gives: [{ id: 1, name: "Toho" }] },
    { read: "/studios?id=eq.1", accept: "text/none, application/json", gives: [{ id: 1, name: "Toho" }] },
    { read: "/studios?id=eq.1", accept: OBJECT, gives: '{"id":1,"name":"Toho"}' },
    {
      read: "/films?select=id,year,directors(name)&id=eq.6",
      accept: "application/vnd.pgrst.array+json;nulls=stripped",
      gives: [{ id: 6 }],
    },
    { read: "/films?select=id,year&id=eq.6", accept: `${OBJECT};nulls=stripped`, gives: '{"id":6}' },
    {
      read: "/films?select=id,year&id=eq.6",
      accept: "application/vnd.pgrst.array+json",
      gives: [{ id: 6, year: null }],
    },
    // CSV.
    { read: "/studios?order=id", accept: "text/csv", gives: "id,name\n1,Toho\n2,Ciné-Tamaris" },
    { read: "/studios?select=n:name&id=eq.1", accept: "text/csv", gives: "n\nToho" },
    { read: "/studios?id=eq.9", accept: "text/csv", because: "a header without rows", gives: "id,name\n" },
    { read: "/quoted?order=b", accept: "text/csv", gives: 'a,b\n"with, comma","with ""quote"""\n,x' },
    { read: '/studios?select="a,b":name&id=eq.1', accept: "text/csv", gives: '"a,b"\nToho' },
    // Handlers.
    {
      read: "/studios?order=id",
      accept: "text/tab-separated-values",
      because: "an aggregate of the relation",
      gives: "1\tToho\n2\tCiné-Tamaris\n",
    },
    {
      read: "/studios",
      accept: "text/xml",
      because: "as the type writes itself, without the line break in front",
      gives: "<studios/>",
    },
    {
      read: "/studios?select=id",
      accept: "text/tab-separated-values",
      because: "which takes whole rows only",
      refuses: {
        code: "PGRST107",
        message: "None of these media types are available: text/tab-separated-values",
      },
    },
    { read: "/films?limit=1", accept: "text/tab-separated-values", refuses: { code: "PGRST107" } },
    {
      read: "/studios?select=name,id&order=id",
      accept: "app/lines",
      because: "an aggregate of any rows",
      gives: "(Toho,1)\n(Ciné-Tamaris,2)\n",
    },
    {
      read: "/posters?select=ink&id=eq.1",
      accept: "app/lines",
      because: "with the values as they are stored",
      gives: "(255)\n",
    },
    { read: "/actors", accept: "application/json", because: "one that replaces JSON", gives: { actors: 4 } },
    {
      read: "/actors?id=eq.1",
      accept: OBJECT,
      because: "which it does not for PostgREST's own types",
      gives: { id: 1, name: "Corinne Marchand" },
    },
    { read: "/anything?order=id", accept: "text/html", because: "one of any media type", gives: "1;2;" },
    { read: "/anything?order=id", because: "even without Accept", gives: "1;2;" },
    {
      read: "/studios",
      accept: "text/plain",
      refuses: { code: "PGRST107", message: "None of these media types are available: text/plain" },
    },
    { read: "/studios", accept: "application/vnd.pgrst.plan", plans: false, refuses: { code: "PGRST107" } },
  ],
);

test("bytes of a handler are asked for as they are, and everything else as text", async () => {
  const { sent } = reads.statement("/studios?order=id", { accept: "application/octet-stream" });
  const [row] = await reads.run(sent);
  assert.equal(sent.binary, true);
  assert.equal(String(row?.[2]), "\\x8081");
  assert.equal(reads.statement("/studios").sent.binary, false);
});

test("the rows of a singular answer are counted, so that more than one can be refused", async () => {
  const { pageTotal } = await reads.read("/studios", { accept: OBJECT });
  assert.equal(pageTotal, 2);
});

test("what functions of the database say of the answer comes with the rows", async () => {
  const { responseHeaders, responseStatus } = await reads.read("/talkative");
  assert.equal(responseHeaders, '[{"X-Seen": "yes"}]');
  assert.equal(responseStatus, null);
});

for (const [accept, name] of [
  ["*/*", "application/json"],
  ["text/csv;q=0.5, application/json;q=0.4", "text/csv"],
  ["application/vnd.pgrst.array", "application/json"],
  ["app/lines; version=1", "app/lines"],
] as const)
  test(`Accept: ${accept} is answered with ${name}`, () => {
    const { negotiated } = reads.statement("/films", { accept });
    assert.match(mediaTypeName(negotiated.mediaType), new RegExp(`^${name}`));
  });

test("a handler of any media type gives bytes of no known type", () => {
  const { negotiated } = reads.statement("/anything", { accept: "text/html" });
  assert.deepEqual(negotiated.mediaType, { kind: "octet-stream" });
});

test("a plan in JSON is one row with the options that were asked for", async () => {
  const accept = "application/vnd.pgrst.plan+json; options=analyze|verbose|buffers|settings|wal";
  const { sent, negotiated } = reads.statement("/films?id=eq.1", { accept });
  const rows = await reads.run(sent);
  assert.equal(rows.length, 1);
  const [plan] = JSON.parse(String(rows[0]?.[0])) as [Record<string, Record<string, unknown>>];
  assert.ok(plan["Plan"]?.["Total Cost"]);
  assert.ok("WAL Records" in plan["Plan"] && "Shared Hit Blocks" in plan["Plan"] && "Output" in plan["Plan"]);
  assert.equal(
    mediaTypeName(negotiated.mediaType),
    'application/vnd.pgrst.plan+json; for="application/json"; options=analyze|verbose|settings|buffers|wal',
  );
});

test("a plan in text is a row for each line", async () => {
  const { sent } = reads.statement("/films?id=eq.1", { accept: "application/vnd.pgrst.plan" });
  const rows = await reads.run(sent);
  assert.match(String(rows[0]?.[0]), /^Aggregate/);
  assert.ok(rows.length > 1);
});

test("a plan is of the representation that it is for", async () => {
  const accept = 'application/vnd.pgrst.plan; for="application/vnd.pgrst.object"; options=verbose';
  const rows = await reads.run(reads.statement("/films", { accept }).sent);
  assert.match(rows.map(([line]) => String(line)).join("\n"), /string_agg/);
});
