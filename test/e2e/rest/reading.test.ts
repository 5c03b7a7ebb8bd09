/** Reading relations, as PostgREST's clients do it. The finer points of each are in test/unit/doors/rest/sql. */
import { after, before } from "node:test";
import { type RestWorld, startRest, testRest } from "../../support/rest.ts";
import { FILMS } from "../../support/rest-films.ts";

let world: RestWorld;
before(async () => {
  world = await startRest({
    sql: `${FILMS} GRANT SELECT ON ALL TABLES IN SCHEMA api TO anon; ANALYZE;`,
    env: { PGRST_DB_AGGREGATES_ENABLED: "true" },
  });
});
after(() => world.stop());

const ids = (...numbers: readonly number[]) => numbers.map((id) => ({ id }));
const toho = { id: 1, name: "Toho" };
const json = "application/json; charset=utf-8";

testRest(
  () => world,
  [
    {
      feature: "reading.get",
      request: "GET /studios?order=id",
      status: 200,
      answer: '[{"id":1,"name":"Toho"}, \n {"id":2,"name":"Ciné-Tamaris"}]',
      answerHeaders: { "Content-Type": json, "Content-Range": "0-1/*" },
    },
    {
      feature: "reading.head",
      request: "HEAD /studios",
      status: 200,
      answer: "",
      answerHeaders: { "Content-Type": json, "Content-Range": "0-1/*" },
    },
    {
      feature: "reading.head",
      request: "HEAD /studios?id=eq.x",
      because: "with the status of what GET would say",
      status: 400,
      answer: "",
    },
    // Columns.
    {
      feature: "reading.select",
      request: "GET /films?select=id,title&id=eq.3",
      status: 200,
      answer: [{ id: 3, title: "Ran" }],
    },
    { feature: "reading.select", request: "GET /studios?select=&id=eq.1", status: 200, answer: [toho] },
    {
      feature: "reading.rename",
      request: "GET /films?select=name:title&id=eq.3",
      status: 200,
      answer: [{ name: "Ran" }],
    },
    {
      feature: "reading.cast",
      request: "GET /films?select=year::text&id=eq.3",
      status: 200,
      answer: [{ year: "1985" }],
    },
    {
      feature: "reading.cast",
      request: "GET /films?select=year::nosuchtype",
      status: 400,
      answer: { code: "42704", message: 'type "nosuchtype" does not exist', details: null, hint: null },
    },
    {
      feature: "reading.json-path",
      request: "GET /films?select=details->cast->0->>name,runtime:details->runtime&id=eq.1",
      status: 200,
      answer: [{ name: "Corinne", runtime: 90 }],
    },
    {
      feature: "reading.array-item",
      request: "GET /films?select=tags->0&id=eq.1",
      status: 200,
      answer: [{ tags: "paris" }],
    },
    {
      feature: "reading.computed-field",
      request: "GET /films?select=decade&id=eq.1",
      status: 200,
      answer: [{ decade: "1960s" }],
    },
    {
      feature: "reading.unknown-column",
      request: "GET /films?select=banana",
      status: 400,
      answer: { code: "42703", message: "column films.banana does not exist", details: null, hint: null },
    },
    {
      feature: "reading.unknown-table",
      request: "GET /film",
      status: 404,
      answer: {
        code: "PGRST205",
        message: "Could not find the table 'api.film' in the schema cache",
        details: null,
        hint: "Perhaps you meant the table 'api.films'",
      },
    },
    { feature: "reading.text-behind", request: "GET /films?select=id)", status: 400 },
    { feature: "reading.text-behind", request: "GET /films?and=(id.eq.1))", status: 400 },
    // Filters.
    {
      feature: "filter.comparison",
      request: "GET /films?select=id&id=gte.2&id=neq.4&id=lt.6&order=id",
      status: 200,
      answer: ids(2, 3, 5),
    },
    {
      feature: "filter.comparison",
      request: "GET /films?select=id&id=gt.1&id=lte.2",
      status: 200,
      answer: ids(2),
    },
    {
      feature: "filter.pattern",
      request: "GET /films?select=id&title=like.*a*&order=id",
      status: 200,
      answer: ids(3, 4, 5),
    },
    {
      feature: "filter.pattern",
      request: "GET /films?select=id&title=ilike.r*",
      status: 200,
      answer: ids(3),
    },
    { feature: "filter.regex", request: "GET /films?select=id&title=match.^R", status: 200, answer: ids(3) },
    { feature: "filter.regex", request: "GET /films?select=id&title=imatch.^r", status: 200, answer: ids(3) },
    {
      feature: "filter.in",
      request: "GET /films?select=id&title=in.(Ran,%22Ikiru%22)&order=id",
      status: 200,
      answer: ids(2, 3),
    },
    { feature: "filter.in", request: "GET /films?select=id&id=in.()", status: 200, answer: [] },
    {
      feature: "filter.is",
      request: "GET /films?select=id&seen=is.true&year=is.not_null&order=id",
      status: 200,
      answer: ids(1, 4),
    },
    {
      feature: "filter.isdistinct",
      request: "GET /films?select=id&director_id=isdistinct.2&order=id",
      status: 200,
      answer: ids(1, 4, 5, 6),
    },
    {
      feature: "filter.not",
      request: "GET /films?select=id&id=not.in.(1,2,3)&order=id",
      status: 200,
      answer: ids(4, 5, 6),
    },
    {
      feature: "filter.any-all",
      request: "GET /films?select=id&title=like(any).{R*,I*}&order=id",
      status: 200,
      answer: ids(2, 3),
    },
    {
      feature: "filter.any-all",
      request: "GET /films?select=id&id=gt(all).{1,4}&order=id",
      status: 200,
      answer: ids(5, 6),
    },
    {
      feature: "filter.full-text",
      request: "GET /films?select=id&plot=fts(english).boy%26village",
      status: 200,
      answer: ids(4),
    },
    {
      feature: "filter.full-text",
      request: "GET /films?select=id&plot=wfts(english).boy%20-village",
      status: 200,
      answer: ids(5),
    },
    {
      feature: "filter.full-text",
      request: "GET /films?select=id&plot=phfts(english).poor%20village",
      status: 200,
      answer: ids(4),
    },
    {
      feature: "filter.full-text",
      request: "GET /films?select=id&title=plfts(simple).ran",
      because: "in text",
      status: 200,
      answer: ids(3),
    },
    {
      feature: "filter.arrays",
      request: "GET /films?select=id&tags=cs.{bw,paris}",
      status: 200,
      answer: ids(1),
    },
    {
      feature: "filter.arrays",
      request: "GET /films?select=id&tags=ov.{paris,colour}&order=id",
      status: 200,
      answer: ids(1, 3),
    },
    {
      feature: "filter.ranges",
      request: "GET /films?select=id&shown=sl.[1960-01-01,1970-01-01)",
      status: 200,
      answer: ids(2),
    },
    {
      feature: "filter.ranges",
      request: "GET /films?select=id&shown=adj.[1953-01-01,1954-01-01)",
      status: 200,
      answer: ids(2),
    },
    {
      feature: "filter.json-path",
      request: "GET /films?select=id&details->studio->>city=eq.Paris",
      status: 200,
      answer: ids(1),
    },
    {
      feature: "filter.computed-field",
      request: "GET /films?select=id&decade=eq.1950s&order=id",
      status: 200,
      answer: ids(2, 4, 5),
    },
    {
      feature: "filter.logic",
      request:
        "GET /films?select=id&or=(id.eq.1,and(year.gt.1950,not.or(year.gt.1955,seen.is.true)))&order=id",
      status: 200,
      answer: ids(1, 2),
    },
    {
      feature: "filter.bad-value",
      request: "GET /films?id=eq.abc",
      status: 400,
      answer: {
        code: "22P02",
        message: 'invalid input syntax for type integer: "abc"',
        details: null,
        hint: null,
      },
    },
    // Order.
    {
      feature: "order.columns",
      request: "GET /films?select=id&order=rating.desc.nullslast,id.desc",
      status: 200,
      answer: ids(2, 4, 3, 5, 1, 6),
    },
    {
      feature: "order.columns",
      request: "GET /films?select=id&order=year.nullsfirst&limit=1",
      status: 200,
      answer: ids(6),
    },
    {
      feature: "order.json-path",
      request: "GET /films?select=id&order=details->runtime.desc.nullslast&limit=1",
      status: 200,
      answer: ids(3),
    },
    {
      feature: "order.computed-field",
      request: "GET /films?select=id&order=decade,id&limit=2",
      status: 200,
      answer: ids(2, 4),
    },
    // Pages.
    {
      feature: "page.limit",
      request: "GET /films?select=id&order=id&limit=2&offset=1",
      status: 200,
      answer: ids(2, 3),
      answerHeaders: { "Content-Range": "1-2/*" },
    },
    {
      feature: "page.limit",
      request: "GET /films?limit=0",
      status: 200,
      answer: [],
      answerHeaders: { "Content-Range": "*/*" },
    },
    {
      feature: "page.limit",
      request: "GET /films?limit=-1",
      status: 416,
      answer: {
        code: "PGRST103",
        message: "Requested range not satisfiable",
        details: "Limit should be greater than or equal to zero.",
        hint: null,
      },
    },
    {
      feature: "page.range",
      request: "GET /films?select=id&order=id",
      headers: { range: "1-2" },
      status: 200,
      answer: ids(2, 3),
      answerHeaders: { "Content-Range": "1-2/*" },
    },
    // Counts.
    {
      feature: "count.exact",
      request: "GET /films?select=id&order=id&limit=2",
      headers: { prefer: "count=exact" },
      status: 206,
      answer: ids(1, 2),
      answerHeaders: { "Content-Range": "0-1/6", "Preference-Applied": "count=exact" },
    },
    {
      feature: "count.exact",
      request: "GET /films?select=id&id=lt.3&order=id",
      headers: { prefer: "count=exact" },
      status: 200,
      answerHeaders: { "Content-Range": "0-1/2" },
    },
    {
      feature: "count.exact",
      request: "GET /films?offset=100",
      headers: { prefer: "count=exact" },
      status: 416,
      answer: {
        code: "PGRST103",
        message: "Requested range not satisfiable",
        details: "An offset of 100 was requested, but there are only 6 rows.",
        hint: null,
      },
      answerHeaders: { "Content-Range": "*/6" },
    },
    {
      feature: "count.planned",
      request: "HEAD /films?limit=2",
      headers: { prefer: "count=planned" },
      status: 206,
      answerHeaders: { "Content-Range": "0-1/6" },
    },
    {
      feature: "count.estimated",
      request: "HEAD /films?limit=2",
      headers: { prefer: "count=estimated" },
      status: 206,
      answerHeaders: { "Content-Range": "0-1/6" },
    },
    // Aggregates.
    {
      feature: "aggregate.functions",
      request: "GET /films?select=rating.max(),least:rating.min(),years:year.count(),year.sum()",
      status: 200,
      answer: [{ max: 8.3, least: 7.8, years: 5, sum: 9810 }],
    },
    {
      feature: "aggregate.functions",
      request: "GET /films?select=rating.avg()::int",
      status: 200,
      answer: [{ avg: 8 }],
    },
    { feature: "aggregate.count", request: "GET /films?select=count()", status: 200, answer: [{ count: 6 }] },
    {
      feature: "aggregate.count",
      request: "GET /films?select=count",
      because: "as it was written once",
      status: 200,
      answer: [{ count: 6 }],
    },
    {
      feature: "aggregate.grouping",
      request: "GET /films?select=director_id,n:count()&director_id=lt.3&order=director_id",
      status: 200,
      answer: [
        { director_id: 1, n: 1 },
        { director_id: 2, n: 2 },
      ],
    },
    {
      feature: "aggregate.casts",
      request: "GET /films?select=details->>runtime::int.max()::text",
      status: 200,
      answer: [{ max: "162" }],
    },
    // Representations.
    {
      feature: "representation.object",
      request: "GET /studios?id=eq.1",
      headers: { accept: "application/vnd.pgrst.object+json" },
      status: 200,
      answer: '{"id":1,"name":"Toho"}',
      answerHeaders: { "Content-Type": "application/vnd.pgrst.object+json; charset=utf-8" },
    },
    {
      feature: "representation.object",
      request: "GET /studios",
      headers: { accept: "application/vnd.pgrst.object+json" },
      status: 406,
      answer: {
        code: "PGRST116",
        message: "Cannot coerce the result to a single JSON object",
        details: "The result contains 2 rows",
        hint: null,
      },
    },
    {
      feature: "representation.object",
      request: "HEAD /studios",
      headers: { accept: "application/vnd.pgrst.object+json" },
      status: 406,
      answer: "",
    },
    {
      feature: "representation.nulls-stripped",
      request: "GET /films?select=id,year&id=eq.6",
      headers: { accept: "application/vnd.pgrst.array+json;nulls=stripped" },
      status: 200,
      answer: [{ id: 6 }],
      answerHeaders: { "Content-Type": "application/vnd.pgrst.array+json;nulls=stripped; charset=utf-8" },
    },
    {
      feature: "representation.csv",
      request: "GET /studios?order=id",
      headers: { accept: "text/csv" },
      status: 200,
      answer: "id,name\n1,Toho\n2,Ciné-Tamaris",
      answerHeaders: { "Content-Type": "text/csv; charset=utf-8" },
    },
    {
      feature: "representation.csv-empty",
      request: "GET /studios?id=eq.9",
      headers: { accept: "text/csv" },
      status: 200,
      answer: "id,name\n",
    },
    {
      feature: "representation.accept",
      request: "GET /studios?id=eq.1",
      headers: { accept: "text/html, */*;q=0.8" },
      status: 200,
      answer: [toho],
      answerHeaders: { "Content-Type": json },
    },
    {
      feature: "representation.accept",
      request: "GET /studios",
      headers: { accept: "unknown/unknown" },
      status: 406,
      answer: {
        code: "PGRST107",
        message: "None of these media types are available: unknown/unknown",
        details: null,
        hint: null,
      },
    },
    {
      feature: "domain.output",
      request: "GET /posters?select=ink&id=eq.1",
      status: 200,
      answer: [{ ink: "#0000FF" }],
    },
    {
      feature: "domain.filter",
      request: "GET /posters?select=id&ink=eq.00FF00",
      status: 200,
      answer: ids(2),
    },
    {
      feature: "plan.disabled",
      request: "GET /films",
      headers: { accept: "application/vnd.pgrst.plan" },
      status: 406,
    },
  ],
);
