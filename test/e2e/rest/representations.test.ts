/** Representations that the database or the configuration adds, and the settings that bound a read. */
import assert from "node:assert/strict";
import { after, before } from "node:test";
import { testFeature } from "../../support/feature.ts";
import { type RestWorld, startRest, testRest } from "../../support/rest.ts";
import { FILMS, HANDLERS } from "../../support/rest-films.ts";

let world: RestWorld;
before(async () => {
  world = await startRest({
    sql: `${FILMS} ${HANDLERS} GRANT SELECT ON ALL TABLES IN SCHEMA api TO anon;`,
    env: {
      PGRST_DB_PLAN_ENABLED: "true",
      PGRST_DB_MAX_ROWS: "2",
      PGRST_URL_USE_LEGACY_TARGET_NAMES: "false",
    },
  });
});
after(() => world.stop());

testRest(
  () => world,
  [
    {
      feature: "handler.table",
      request: "GET /studios?order=id",
      headers: { accept: "text/tab-separated-values" },
      status: 200,
      answer: "1\tToho\n2\tCiné-Tamaris\n",
      answerHeaders: { "Content-Type": "text/tab-separated-values" },
    },
    {
      feature: "handler.table",
      request: "GET /studios?select=id",
      headers: { accept: "text/tab-separated-values" },
      because: "which takes whole rows only",
      status: 406,
    },
    {
      feature: "handler.any-element",
      request: "GET /studios?select=name,id&order=id",
      headers: { accept: "app/lines" },
      status: 200,
      answer: "(Toho,1)\n(Ciné-Tamaris,2)\n",
      answerHeaders: { "Content-Type": "app/lines" },
    },
    {
      feature: "handler.override",
      request: "GET /actors?limit=1",
      headers: { accept: "application/json" },
      status: 200,
      answer: { actors: 1 },
    },
    {
      feature: "handler.any-type",
      request: "GET /anything?order=id",
      headers: { accept: "text/html" },
      status: 200,
      answer: "1;2;",
      answerHeaders: { "Content-Type": "application/octet-stream" },
    },
    {
      feature: "plan.json",
      request: "GET /films?id=eq.1",
      headers: { accept: "application/vnd.pgrst.plan+json; options=verbose|settings" },
      status: 200,
      answerHeaders: {
        "Content-Type":
          'application/vnd.pgrst.plan+json; for="application/json"; options=verbose|settings; charset=utf-8',
      },
    },
    {
      feature: "plan.text",
      request: "GET /films?id=eq.1",
      headers: { accept: "application/vnd.pgrst.plan" },
      status: 200,
      answerHeaders: {
        "Content-Type": 'application/vnd.pgrst.plan+text; for="application/json"; charset=utf-8',
      },
    },
    {
      feature: "page.max-rows",
      request: "GET /films?select=id,screenings(id)&order=id&screenings.order=id",
      because: "at every level",
      status: 200,
      answer: [
        { id: 1, screenings: [{ id: 1 }, { id: 2 }] },
        { id: 2, screenings: [{ id: 3 }, { id: 4 }] },
      ],
      answerHeaders: { "Content-Range": "0-1/*" },
    },
    {
      feature: "page.max-rows",
      request: "GET /films?select=id&id=gt.2&order=id",
      headers: { prefer: "count=exact" },
      status: 206,
      answerHeaders: { "Content-Range": "0-1/4" },
    },
    {
      feature: "count.estimated",
      request: "HEAD /films?id=lt.3",
      headers: { prefer: "count=estimated" },
      because: "exact up to db-max-rows",
      status: 200,
      answerHeaders: { "Content-Range": "0-1/2" },
    },
    {
      feature: "aggregate.disabled",
      request: "GET /films?select=screenings(seats.sum())",
      status: 400,
      answer: {
        code: "PGRST123",
        message: "Use of aggregate functions is not allowed",
        details: null,
        hint: null,
      },
    },
    {
      feature: "embed.legacy-names-off",
      request: "GET /films?select=id,the_director:directors(name)&directors.name=like.Aki*",
      status: 400,
      answer: {
        code: "PGRST108",
        message: "'directors' is not an embedded resource in this request",
        details: "Target names are not allowed in filters if they have an alias",
        hint: "Change 'directors' to 'the_director' in filters, orders or limits.",
      },
    },
  ],
);

testFeature({ feature: "handler.bytes" }, "a handler's bytes are the body", async () => {
  const headers = { accept: "application/octet-stream" };
  const answer = await world.ask("GET /studios?order=id", { headers });
  assert.deepEqual([...answer.body], [128, 129]);
  assert.equal(answer.headers["content-type"], "application/octet-stream");
});
