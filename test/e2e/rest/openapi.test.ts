import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import type { RestCase, RestWorld } from "../../support/rest.ts";
import { startRest, testRest } from "../../support/rest.ts";

const SQL = `
  SET search_path TO api;
  COMMENT ON SCHEMA api IS E'Films\\n\\nAll of them';
  CREATE TABLE films (id int PRIMARY KEY, title text NOT NULL DEFAULT 'untitled');
  COMMENT ON COLUMN films.title IS 'As shown in France';
  CREATE TABLE roles (film_id int REFERENCES films, name text);
  GRANT SELECT ON films TO anon;
  CREATE FUNCTION find(word text, VARIADIC tags text[] DEFAULT '{}') RETURNS int LANGUAGE sql STABLE AS 'SELECT 1';
  CREATE FUNCTION audit() RETURNS int LANGUAGE sql VOLATILE AS 'SELECT 1';
  REVOKE EXECUTE ON FUNCTION audit FROM PUBLIC; GRANT EXECUTE ON FUNCTION audit TO web;
  CREATE TYPE mood AS ENUM ('calm', 'loud'); CREATE TYPE public.shade AS ENUM ('dark');
  CREATE TABLE moods (id int, mood mood); GRANT SELECT ON moods TO anon;
  CREATE SCHEMA inner_types; CREATE DOMAIN inner_types.stars AS int; GRANT USAGE ON SCHEMA inner_types TO anon, web;
  CREATE FUNCTION rate(mood mood, moods mood[], shade public.shade, stars inner_types.stars, at date) RETURNS int
    LANGUAGE sql STABLE AS 'SELECT 1';
  CREATE SCHEMA other; GRANT USAGE ON SCHEMA other TO anon, web;
  CREATE TABLE other.things (id int); GRANT SELECT ON other.things TO anon;
`;

let world: RestWorld;
let open: RestWorld;
before(async () => {
  world = await startRest({ sql: SQL });
  open = await startRest({
    sql: SQL,
    env: {
      PGRST_OPENAPI_MODE: "ignore-privileges",
      PGRST_OPENAPI_SECURITY_ACTIVE: "true",
      PGRST_OPENAPI_SERVER_PROXY_URI: "https://films.example/api",
      PGRST_DB_SCHEMAS: "api, other",
    },
  });
});
after(async () => {
  await world?.stop();
  await open?.stop();
});

const OPENAPI = "application/openapi+json; charset=utf-8";

const heads: readonly RestCase[] = [
  {
    feature: "openapi.root",
    request: "GET /",
    status: 200,
    answerHeaders: { "Content-Type": OPENAPI, "Content-Length": /^\d+$/ },
  },
  {
    feature: "openapi.root",
    request: "GET /",
    because: "asked for by its type",
    headers: { Accept: "application/openapi+json" },
    status: 200,
    answerHeaders: { "Content-Type": OPENAPI },
  },
  {
    feature: "openapi.root",
    request: "HEAD /",
    status: 200,
    answer: "",
    answerHeaders: { "Content-Type": OPENAPI, "Content-Length": null },
  },
  {
    feature: "openapi.root",
    request: "GET /",
    because: "nothing else than JSON is to be had",
    headers: { Accept: "text/csv" },
    status: 406,
    answer: {
      code: "PGRST107",
      details: null,
      hint: null,
      message: "None of these media types are available: text/csv",
    },
  },
  {
    feature: "openapi.root",
    request: "GET /films",
    because: "and only at the root",
    headers: { Accept: "application/openapi+json" },
    status: 406,
  },
];

suite("the description of the API", () => testRest(() => world, heads));

interface Document {
  readonly info: { readonly title: string; readonly description: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, object>>>>;
  readonly definitions: Readonly<Record<string, { readonly properties: Readonly<Record<string, object>> }>>;
  readonly [name: string]: unknown;
}
const read = async (of: RestWorld, as?: string, headers: Readonly<Record<string, string>> = {}) =>
  (await of.ask("GET /", { as, headers })).json() as Document;
const paths = ({ paths: all }: Document) => Object.keys(all).sort();

interface Shown {
  readonly feature: string;
  readonly that: string;
}
const show = ({ feature, that }: Shown, work: () => Promise<void>) => void test(`${feature}: ${that}`, work);

show({ feature: "openapi.follow-privileges", that: "a role sees what it may use" }, async () => {
  assert.deepEqual(paths(await read(world)), ["/", "/films", "/moods", "/rpc/find", "/rpc/rate"]);
  assert.deepEqual(paths(await read(world, "web")), [
    "/",
    "/films",
    "/moods",
    "/roles",
    "/rpc/audit",
    "/rpc/find",
    "/rpc/rate",
  ]);
});

show({ feature: "openapi.ignore-privileges", that: "everybody sees everything" }, async () => {
  assert.deepEqual(paths(await read(open)), [
    "/",
    "/films",
    "/moods",
    "/roles",
    "/rpc/audit",
    "/rpc/find",
    "/rpc/rate",
  ]);
});

show(
  { feature: "openapi.schemas", that: "another schema is described when its profile is asked for" },
  async () => {
    assert.deepEqual(paths(await read(open, undefined, { "Accept-Profile": "other" })), ["/", "/things"]);
    const { headers } = await open.ask("GET /", { headers: { "Accept-Profile": "other" } });
    assert.equal(headers["content-profile"], "other");
  },
);

show(
  { feature: "openapi.comments", that: "comments of the schema, tables and columns are in it" },
  async () => {
    const { info, definitions } = await read(world);
    assert.deepEqual([info.title, info.description], ["Films", "All of them"]);
    assert.deepEqual(definitions["films"]?.properties["title"], {
      default: "untitled",
      description: "As shown in France",
      format: "text",
      type: "string",
    });
  },
);

show({ feature: "openapi.keys", that: "primary and foreign keys are marked" }, async () => {
  const { definitions } = await read(world, "web");
  assert.deepEqual(definitions["roles"]?.properties["film_id"], {
    description: "Note:\nThis is a Foreign Key to `films.id`.<fk table='films' column='id'/>",
    format: "int32",
    type: "integer",
  });
});

show(
  {
    feature: "openapi.functions",
    that: "functions have GET where they change nothing, with their arguments",
  },
  async () => {
    const document = await read(world, "web");
    assert.deepEqual(Object.keys(document.paths["/rpc/audit"] ?? {}), ["post"]);
    assert.deepEqual(Object.keys(document.paths["/rpc/find"] ?? {}), ["get", "post"]);
  },
);

for (const [which, at, formats] of [
  ["follow-privileges", () => world, ["mood", "mood[]", "shade", "inner_types.stars", "date"]],
  ["ignore-privileges", () => open, ["api.mood", "api.mood[]", "public.shade", "inner_types.stars", "date"]],
] as const)
  show(
    { feature: "openapi.functions", that: `${which} names the types of arguments as PostgREST does` },
    async () => {
      const { paths: described, definitions } = await read(at());
      const get: unknown = described["/rpc/rate"]?.["get"];
      assert.ok(
        typeof get === "object" && get !== null && "parameters" in get && Array.isArray(get.parameters),
      );
      assert.deepEqual(
        get.parameters.map(({ format }: { readonly format: string }) => format),
        formats,
      );
      assert.match(JSON.stringify(definitions["moods"]), /"format":"api\.mood"/);
    },
  );

show({ feature: "openapi.proxy", that: "behind a proxy the API is where the proxy is" }, async () => {
  const { host, basePath, schemes } = await read(open);
  assert.deepEqual([host, basePath, schemes], ["films.example:443", "/api", ["https"]]);
});

show({ feature: "openapi.security", that: "requests are said to carry a token" }, async () => {
  const { security, securityDefinitions } = await read(open);
  assert.deepEqual(security, [{ JWT: [] }]);
  assert.deepEqual(Object.keys(securityDefinitions ?? {}), ["JWT"]);
  assert.equal((await read(world))["security"], undefined);
});
