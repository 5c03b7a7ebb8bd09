import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { FILMS } from "../../../../support/rest-films.ts";
import { type Reads, startReads, testReads } from "../../../../support/rest-reads.ts";

let reads: Reads;
before(async () => {
  reads = await startReads(FILMS);
});
after(() => reads.stop());

/** Rows with these ids, in any order that the read itself gives. */
const ids = (...numbers: readonly number[]) => numbers.map((id) => ({ id }));

// Filters.
testReads(
  () => reads,
  (
    [
      ["id=eq.1", 1],
      ["id=not.eq.1", 2, 3, 4, 5, 6],
      ["id=neq.1", 2, 3, 4, 5, 6],
      ["id=gt.4", 5, 6],
      ["id=gte.4&id=lt.6", 4, 5],
      ["id=lte.2", 1, 2],
      ["title=like.*a*", 3, 4, 5],
      ["title=like.*A*", 5],
      ["title=ilike.r*", 3],
      ["title=match.^[CR]", 1, 3],
      ["title=imatch.^[cr]", 1, 3],
      ["id=in.(1,3)", 1, 3],
      ["id=not.in.(1,3)", 2, 4, 5, 6],
      ["id=in.()"],
      ['title=in.("Cléo from 5 to 7","Ran")', 1, 3],
      ['title=in.("a \\"quoted\\" \\\\ one",Ran)', 3],
      ["seen=is.true", 1, 4],
      ["seen=is.false", 2, 5],
      ["seen=is.unknown", 3, 6],
      ["seen=is.null", 3, 6],
      ["seen=is.not_null", 1, 2, 4, 5],
      ["seen=not.is.null", 1, 2, 4, 5],
      ["director_id=isdistinct.2", 1, 4, 5, 6],
      ["director_id=not.isdistinct.2", 2, 3],
      ["id=eq(any).{1,2}", 1, 2],
      ["id=gt(all).{1,4}", 5, 6],
      ["title=like(any).{R*,I*}", 2, 3],
      ["title=ilike(all).{*a,P*}"],
      ["title=match(any).{^R,^I}", 2, 3],
      ["plot=fts.boy", 4, 5],
      ["plot=fts.boy%26village", 4],
      ["plot=plfts(english).The%20Sons", 3],
      ["plot=phfts(english).poor%20village", 4],
      ["plot=wfts(english).boy%20-city", 4],
      ["plot=not.fts(english).boy", 1, 2, 3],
      ["title=fts(simple).ran", 3],
      ["details=fts(simple).tokyo", 3],
      ["details->>runtime=fts(simple).90", 1],
      ["tags=cs.{bw}", 1, 2, 4, 5],
      ["tags=cd.{bw,paris}", 1, 6],
      ["tags=ov.{paris,colour}", 1, 3],
      ["tags=eq.{colour}", 3],
      ["shown=ov.[1953-12-01,1970-01-01)", 1],
      ["shown=sl.[1960-01-01,1970-01-01)", 2],
      ["shown=sr.[1970-01-01,1980-01-01)", 3],
      ["shown=nxr.[1900-01-01,1963-01-01)", 1, 2],
      ["shown=nxl.[1960-01-01,1963-01-01)", 1, 3],
      ["shown=adj.[1953-01-01,1954-01-01)", 2],
      ["details->>runtime=eq.90", 1],
      ["details->runtime=gt.100", 2, 3, 5],
      ["details->cast->0->>name=eq.Takashi", 2],
      ["details->cast->-1->>name=eq.Antoine", 1],
      ["details->studio->>city=in.(Paris,Tokyo)", 1, 3],
      ["details->>none=is.null&id=lt.3", 1, 2],
      ["tags->>0=eq.paris", 1],
      ["decade=eq.1950s", 2, 4, 5],
      ["or=(id.eq.1,id.eq.2)", 1, 2],
      ["not.or=(id.eq.1,id.eq.2)", 3, 4, 5, 6],
      ["and=(id.gt.1,or(year.lt.1955,not.and(rating.gt.8.1,seen.is.null)))", 2, 4, 5],
      ['or=(title.eq."Ran",tags.cs."{paris,bw}")', 1, 3],
      ["or=(seen.not.is.true,id.eq.1)", 1, 2, 3, 5, 6],
    ] as const
  ).map(([filter, ...numbers]) => ({
    read: `/films?select=id&order=id&${filter}`,
    gives: ids(...numbers),
  })),
);

testReads(
  () => reads,
  [
    // Columns.
    { read: "/films?select=id,title&id=eq.3", gives: [{ id: 3, title: "Ran" }] },
    { read: "/films?select=number:id,name:title&id=eq.3", gives: [{ number: 3, name: "Ran" }] },
    { read: "/studios?id=eq.1", because: "all columns by default", gives: [{ id: 1, name: "Toho" }] },
    { read: "/studios?select=*&id=eq.1", gives: [{ id: 1, name: "Toho" }] },
    {
      read: "/studios?select=&id=eq.1",
      because: "nothing selected is everything",
      gives: [{ id: 1, name: "Toho" }],
    },
    { read: "/films?select=id::text,year::float&id=eq.3", gives: [{ id: "3", year: 1985 }] },
    { read: "/films?select=rating::integer&id=eq.1", gives: [{ rating: 8 }] },
    { read: "/films?select=decade&id=eq.1", because: "a computed field", gives: [{ decade: "1960s" }] },
    { read: "/films?select=details->runtime&id=eq.1", gives: [{ runtime: 90 }] },
    { read: "/films?select=details->>runtime&id=eq.1", gives: [{ runtime: "90" }] },
    { read: "/films?select=minutes:details->runtime::int&id=eq.1", gives: [{ minutes: 90 }] },
    { read: "/films?select=details->cast->0->>name&id=eq.1", gives: [{ name: "Corinne" }] },
    { read: "/films?select=tags->0,last:tags->>-1&id=eq.1", gives: [{ tags: "paris", last: "bw" }] },
    {
      read: "/films?select=tableoid::regclass::text&id=eq.1",
      because: "one cast only",
      refuses: { code: "PGRST100" },
    },
    {
      read: "/films?select=banana",
      refuses: { code: "42703", message: "column films.banana does not exist" },
    },
    {
      read: "/films?select=pg_typeof",
      because: "a function that takes any row is no column",
      refuses: { code: "42703", message: "column films.pg_typeof does not exist" },
    },
    { read: "/films?banana=eq.1", refuses: { code: "42703", message: "column films.banana does not exist" } },
    { read: "/films?order=banana", refuses: { code: "42703" } },
    {
      read: "/films?select=id::nosuchtype",
      refuses: { code: "42704", message: 'type "nosuchtype" does not exist' },
    },
    {
      read: "/films?id=eq.abc",
      refuses: { code: "22P02", message: 'invalid input syntax for type integer: "abc"' },
    },
    { read: "/clashing", because: "columns may have any name", gives: [{ t: 1, count: 7, rows: "r" }] },
    { read: "/clashing?select=count", because: "a column named count is a column", gives: [{ count: 7 }] },
    {
      read: "/film",
      refuses: {
        code: "PGRST205",
        message: "Could not find the table 'api.film' in the schema cache",
        hint: "Perhaps you meant the table 'api.films'",
      },
    },
    // Order and range.
    { read: "/films?select=id&order=rating.desc.nullslast,id.desc", gives: ids(2, 4, 3, 5, 1, 6) },
    { read: "/films?select=id&order=year.nullsfirst&limit=2", gives: ids(6, 2) },
    { read: "/films?select=id&order=details->runtime.desc.nullslast&limit=2", gives: ids(3, 2) },
    { read: "/films?select=id&order=decade.asc,id&limit=2", gives: ids(2, 4) },
    { read: "/films?select=id&order=id&limit=2&offset=1", gives: ids(2, 3) },
    { read: "/films?select=id&limit=0", gives: [] },
    { read: "/films?select=id&order=id", maxRows: 2, gives: ids(1, 2) },
    { read: "/films?select=id&order=id&limit=1", maxRows: 2, gives: ids(1) },
    // Counts.
    { read: "/films?select=id&id=lt.3&order=id", count: "exact", gives: ids(1, 2), total: 2 },
    { read: "/films?select=id&order=id&limit=1&offset=1", count: "exact", gives: ids(2), total: 6 },
    { read: "/films?select=id&order=id", count: "estimated", maxRows: 2, gives: ids(1, 2), total: 3 },
    {
      read: "/films?select=director_id,count()&order=director_id&limit=1",
      because: "groups are counted, not rows",
      count: "exact",
      gives: [{ director_id: 1, count: 1 }],
      total: 4,
    },
    // Aggregates.
    { read: "/films?select=count()", gives: [{ count: 6 }] },
    { read: "/films?select=count", because: "as it was written once", gives: [{ count: 6 }] },
    { read: "/films?select=n:count()::text", gives: [{ n: "6" }] },
    {
      read: "/films?select=rating.max(),least:rating.min(),rating.avg()::int,year.sum(),years:year.count()",
      gives: [{ max: 8.3, least: 7.8, avg: 8, sum: 9810, years: 5 }],
    },
    { read: "/films?select=details->>runtime::int.max()", gives: [{ max: 162 }] },
    {
      read: "/films?select=director_id,rating.max()&order=director_id&director_id=lt.3",
      gives: [
        { director_id: 1, max: 7.8 },
        { director_id: 2, max: 8.3 },
      ],
    },
    {
      read: "/films?select=rating.max()",
      aggregates: false,
      refuses: { code: "PGRST123", message: "Use of aggregate functions is not allowed" },
    },
    { read: "/films?select=count", aggregates: false, refuses: { code: "PGRST123" } },
    { read: "/films?select=screenings(seats.sum())", aggregates: false, refuses: { code: "PGRST123" } },
    // Domain representations.
    { read: "/posters?select=ink&id=eq.1", gives: [{ ink: "#0000FF" }] },
    { read: "/posters?id=eq.2", because: "in * too", gives: [{ id: 2, film_id: 2, ink: "#00FF00" }] },
    {
      read: "/posters?select=shade:ink::text&id=eq.1",
      because: "before a cast",
      gives: [{ shade: '"#0000FF"' }],
    },
    { read: "/posters?select=id&ink=eq.00FF00", gives: ids(2) },
    { read: "/posters?select=id&ink=in.(00FF00,0000FF)&order=id", gives: ids(1, 2) },
    { read: "/posters?select=id&ink=eq(any).{00FF00}", gives: ids(2) },
    { read: "/posters?select=id&ink=not.eq.00FF00", gives: ids(1) },
    { read: "/posters?select=id&ink=ilike.00*", refuses: { code: "42883" } },
  ],
);

/** Pairs of the same shape. */
const ALIKE: readonly (readonly [one: string, other: string])[] = [
  ["/films?id=eq.1", "/films?id=eq.2"],
  ["/films?id=in.(1)", "/films?id=in.(1,2,3)"],
  ["/films?limit=1&offset=5", "/films?limit=20&offset=40"],
  ["/films?select=details->>a&details->>b=eq.1", "/films?select=a:details->>c&details->>d=eq.2"],
  ["/films?title=fts(english).a", "/films?title=fts(french).b"],
  [
    "/films?select=id,screenings(city)&screenings.seats=gt.1",
    "/films?select=id,screenings(city)&screenings.seats=gt.2",
  ],
];

for (const [one, other] of ALIKE)
  test(`${one} and ${other} are one prepared statement`, () => {
    const [first, second] = [reads.statement(one).sent, reads.statement(other).sent];
    assert.equal(first.text, second.text);
    assert.notDeepEqual(first.parameters, second.parameters);
  });

test("a parameter that the text does not number is never sent", () => {
  const { text, parameters } = reads.statement("/films?id=in.(1,2)&title=eq.x&limit=3", {
    count: "exact",
  }).sent;
  const numbers = new Set(Array.from(text.matchAll(/\$(\d+)/g), ([, number]) => Number(number)));
  assert.deepEqual(
    [...numbers].sort(),
    parameters.map((_, index) => index + 1),
  );
});
