import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { dumpCatalog } from "../../../../../src/doors/rest/catalog/dump.ts";
import { relationshipsOf } from "../../../../../src/doors/rest/catalog/find/relationship.ts";
import { tableOf } from "../../../../../src/doors/rest/catalog/find/table.ts";
import { loadCatalog } from "../../../../../src/doors/rest/catalog/load.ts";
import type { CatalogSource, TextRow } from "../../../../../src/doors/rest/catalog/source.ts";
import {
  ANY_MEDIA_TYPE,
  type Catalog,
  type Column,
  type Relationship,
  type Routine,
  type Table,
} from "../../../../../src/doors/rest/catalog/types.ts";
import { readCatalog, withSource } from "../../../../support/catalog.ts";
import { debianPostgresMissing, startDebianPostgres } from "../../../../support/debian-postgres.ts";
import { startPostgres } from "../../../../support/postgres.ts";
import { ARCHIVE } from "./fixture.ts";

interface Server {
  readonly port: number;
  query(sql: string): Promise<unknown>;
  stop(): Promise<void>;
}

const EVERYBODY = ["host all all 127.0.0.1/32 trust"];
const embedded = () => startPostgres({ tls: false, sql: ARCHIVE, hba: EVERYBODY });

const SCOPE = { schemas: ["api"], extraSearchPath: ["public"], hoistedSettings: [] };

/** A source that gives at once what the database answered, as if it had each relation a thousand times. */
async function asked(port: number): Promise<CatalogSource> {
  const answers: (readonly TextRow[])[] = [];
  const from = { port, user: "test_admin", database: "postgres" };
  const recording = (source: CatalogSource): CatalogSource => ({
    query: async (sql, parameters) => {
      const rows = await source.query(sql, parameters);
      answers.push(rows);
      return rows;
    },
  });
  await withSource(from, (source) => loadCatalog(recording(source), SCOPE));
  const copies = Array.from({ length: 1000 }, (_, copy) => copy);
  const repeated = (rows: readonly TextRow[]) =>
    rows.flatMap((row) =>
      row[0] === "table" ? copies.map((copy) => [row[0] ?? null, renamed(String(row[1]), copy)]) : [row],
    );
  return { query: async () => repeated(answers.shift() ?? []) };
}

function renamed(payload: string, copy: number): string {
  const [oid, schema, name, ...rest]: unknown[] = JSON.parse(payload);
  return JSON.stringify([
    copy === 0 ? oid : `${oid}/${copy}`,
    schema,
    copy === 0 ? name : `${name}_${copy}`,
    ...rest,
  ]);
}

/** What a column is, apart from what most columns are. */
function differs(column: Column | undefined): object {
  const usual: Partial<Record<keyof Column, unknown>> = {
    nullable: true,
    hasDefault: false,
    defaultExpression: null,
    generated: "no",
    maxLength: null,
    description: null,
  };
  const shown = Object.entries(column ?? {}).filter(
    ([name, value]) => name !== "enumValues" && !(name in usual && usual[name as keyof Column] === value),
  );
  return Object.fromEntries(shown);
}

const COLUMNS: readonly (readonly [table: string, column: object])[] = [
  [
    "films",
    {
      name: "id",
      type: "bigint",
      nominalType: "bigint",
      nullable: false,
      hasDefault: true,
      generated: "identity-always",
    },
  ],
  [
    "films",
    {
      name: "serial",
      type: "integer",
      nominalType: "integer",
      nullable: false,
      hasDefault: true,
      defaultExpression: "nextval('api.films_serial_seq'::regclass)",
      generated: "identity-by-default",
    },
  ],
  [
    "films",
    {
      name: "title",
      type: "character varying",
      nominalType: "character varying",
      nullable: false,
      hasDefault: true,
      defaultExpression: "'untitled'::character varying",
      maxLength: 80,
    },
  ],
  ["films", { name: "rating", type: "character", nominalType: "bpchar", maxLength: 2 }],
  [
    "films",
    {
      name: "mood",
      type: "api.mood",
      nominalType: "api.good_mood",
      nullable: false,
      hasDefault: true,
      defaultExpression: "'calm'::api.mood",
    },
  ],
  ["films", { name: "code", type: "character varying", nominalType: "api.short_code", maxLength: 5 }],
  ["films", { name: "tags", type: "text[]", nominalType: "text[]" }],
  [
    "films",
    {
      name: "title_length",
      type: "integer",
      nominalType: "integer",
      hasDefault: true,
      generated: "stored",
    },
  ],
  ["films", { name: 'Odd "name"', type: "bit", nominalType: '"bit"', maxLength: 3 }],
  [
    "directors",
    {
      name: "name",
      type: "text",
      nominalType: "text",
      nullable: false,
      description: "Given and family name",
    },
  ],
  ["long_films", { name: "by", type: "integer", nominalType: "integer" }],
];

type Abilities = readonly [kind: Table["kind"], changes: string, primaryKey: readonly string[]];

const TABLES: Readonly<Record<string, Abilities>> = {
  films: ["table", "insert update delete", ["id"]],
  casting: ["table", "insert update delete", ["film_id", "actor_id"]],
  sales: ["partitioned", "insert update delete", ["day", "film_id"]],
  labels: ["view", "insert update delete", ["id"]],
  long_films: ["view", "", ["film_id"]],
  cast_names: ["materialized", "", ["film_id", "actor_id"]],
  all_names: ["view", "", []],
  guarded: ["view", "insert", ["id"]],
  circle: ["view", "", []],
};

/** A relationship in a line, as an ambiguous request is told of it. */
function line(one: Relationship): string {
  const pairs = (columns: readonly (readonly [string, string])[]) =>
    columns.map((pair) => pair.join("=")).join(",");
  switch (one.kind) {
    case "foreign-key":
      return `${one.target.name}: ${one.cardinality} by ${one.constraint}(${pairs(one.columns)})`;
    case "junction":
      return `${one.target.name}: ${one.cardinality} through ${one.junction.name} by ${one.originConstraint}(${pairs(one.originColumns)}) ${one.targetConstraint}(${pairs(one.targetColumns)})`;
    case "computed":
      return `${one.target.name}: ${one.cardinality} by ${one.function.name}()`;
    default:
      return one satisfies never;
  }
}

/** In the order in which clients are told of them. */
const RELATIONSHIPS: Readonly<Record<string, readonly string[]>> = {
  directors: [
    "films: one-to-many by films_director(id=director_id)",
    "long_films: one-to-many by films_director(id=again)",
    "long_films: one-to-many by films_director(id=by)",
  ],
  specs: [
    "films: one-to-one by specs_film_id_fkey(film_id=id)",
    "long_films: one-to-one by specs_film_id_fkey(film_id=film_id)",
  ],
  // No relationship through reviews: its primary key does not have the foreign keys.
  actors: [
    "cast_names: one-to-many by casting_actor(id=actor_id)",
    "casting: one-to-many by casting_actor(id=actor_id)",
    "films: many-to-many through cast_names by casting_actor(id=actor_id) casting_film(id=film_id)",
    "films: many-to-many through casting by casting_actor(id=actor_id) casting_film(id=film_id)",
    "long_films: many-to-many through cast_names by casting_actor(id=actor_id) casting_film(film_id=film_id)",
    "long_films: many-to-many through casting by casting_actor(id=actor_id) casting_film(film_id=film_id)",
    "reviews: one-to-many by reviews_actor_id_fkey(id=actor_id)",
  ],
  orders: [
    "addresses: many-to-one by addresses()",
    "addresses: many-to-one by billing(billing_id=id)",
    "addresses: many-to-one by shipping(shipping_id=id)",
  ],
  people: [
    "people: one-to-many by people_parent(id=parent)",
    "people: many-to-one by people_parent(parent=id)",
  ],
  visits: ["shifts: many-to-one by first_shift(first_unit=unit,first_day=day)"],
  posters: [
    "follows: one-to-many by follows_followed(id=followed)",
    "follows: one-to-many by follows_follower(id=follower)",
    "posters: many-to-many through follows by follows_followed(id=followed) follows_follower(id=follower)",
    "posters: many-to-many through follows by follows_follower(id=follower) follows_followed(id=followed)",
  ],
  // The partition is not there; the key of the partitioned table is, once.
  sales: [
    "films: many-to-one by sales_film(film_id=id)",
    "long_films: many-to-one by sales_film(film_id=film_id)",
  ],
  // Views of tables that are not exposed; the junction between them and films is hidden.
  screens: ["labels: many-to-one by screens_label(label_id=id)"],
  labels: ["screens: one-to-many by screens_label(id=label_id)"],
  all_names: [],
};

const RETURNS: Readonly<Record<string, Routine["returns"]>> = {
  add: {
    kind: "scalar",
    setOf: false,
    type: { schema: "pg_catalog", name: "int4" },
    typeText: "integer",
  },
  nothing: { kind: "void" },
  best: { kind: "composite", setOf: true, type: { schema: "api", name: "films" }, alias: false },
  film_domain: { kind: "composite", setOf: true, type: { schema: "api", name: "films" }, alias: true },
  hidden_labels: {
    kind: "composite",
    setOf: true,
    type: { schema: "hidden", name: "labels" },
    alias: false,
  },
  spot: { kind: "composite", setOf: false, type: { schema: "api", name: "point_2d" }, alias: false },
  stats: {
    kind: "columns",
    setOf: true,
    columns: [
      { name: "n", type: "integer" },
      { name: "label", type: "character varying" },
    ],
  },
  double: { kind: "columns", setOf: false, columns: [{ name: "doubled", type: "integer" }] },
  anything: { kind: "record", setOf: true },
};

function catalogTests(start: () => Promise<Server>): void {
  let server: Server;
  let catalog: Catalog;
  before(async () => {
    server = await start();
    catalog = await read();
  });
  after(() => server.stop());
  const read = (scope: Parameters<typeof readCatalog>[1] = {}) =>
    readCatalog({ port: server.port, user: "authenticator", database: "postgres" }, scope);
  const routine = (name: string) => catalog.routines.get("api")?.get(name) ?? [];

  test("columns have their types, defaults, lengths and descriptions", () => {
    const films = tableOf(catalog, { schema: "api", name: "films" });
    assert.equal(films?.columns.has("dropped"), false);
    assert.deepEqual(films?.columns.get("mood")?.enumValues, ["calm", "loud"]);
    for (const [table, column] of COLUMNS) {
      const name = "name" in column ? String(column.name) : "";
      assert.deepEqual(differs(tableOf(catalog, { schema: "api", name: table })?.columns.get(name)), column);
    }
  });

  test("relations have their kinds, primary keys and what can be changed in them", () => {
    for (const [name, [kind, changes, primaryKey]] of Object.entries(TABLES)) {
      const table = tableOf(catalog, { schema: "api", name });
      const can = [
        table?.insertable === true ? ["insert"] : [],
        table?.updatable === true ? ["update"] : [],
        table?.deletable === true ? ["delete"] : [],
      ].flat();
      assert.deepEqual([table?.kind, can.join(" "), table?.primaryKey], [kind, changes, primaryKey], name);
    }
    assert.equal(tableOf(catalog, { schema: "api", name: "directors" })?.description, "People who direct");
    assert.equal(tableOf(catalog, { schema: "api", name: "sales_2020" }), undefined, "a partition");
  });

  test("a relation that only a routine returns is known, but not exposed", () => {
    const labels = tableOf(catalog, { schema: "hidden", name: "labels" });
    assert.equal(labels?.exposed, false);
    assert.deepEqual([...(labels?.columns.keys() ?? [])], ["id", "name"]);
    assert.equal(tableOf(catalog, { schema: "hidden", name: "screens" }), undefined);
  });

  for (const [origin, expected] of Object.entries(RELATIONSHIPS)) {
    test(`relationships of ${origin}`, () => {
      assert.deepEqual(relationshipsOf(catalog, { schema: "api", name: origin }).map(line), expected);
    });
  }

  test("functions of a row that give rows are relationships, and only those of the search path", () => {
    const computed = relationshipsOf(catalog, { schema: "api", name: "films" })
      .filter(({ kind }) => kind === "computed")
      .map(line);
    assert.deepEqual(computed, [
      "directors: many-to-one by director()",
      "directors: many-to-one by studio()",
      "films: one-to-many by sequels()",
    ]);
  });

  test("functions of a row that give a value are computed fields, and only those of the search path", () => {
    const { computedFields } = tableOf(catalog, { schema: "api", name: "films" }) ?? {};
    assert.deepEqual(
      [...(computedFields?.values() ?? [])],
      [
        { name: "shout", function: { schema: "api", name: "shout" }, type: "text" },
        { name: "whisper", function: { schema: "public", name: "whisper" }, type: "text" },
      ],
    );
  });

  for (const [name, returns] of Object.entries(RETURNS)) {
    test(`what the function ${name} returns`, () => {
      assert.deepEqual(
        routine(name).map((one) => one.returns),
        [returns],
      );
    });
  }

  test("parameters have their types, defaults and modes", () => {
    const parameters = (name: string) => routine(name).map((one) => one.parameters);
    const plain = { required: true, variadic: false };
    assert.deepEqual(parameters("add"), [
      [
        { name: "a", type: "integer", castType: "integer", ...plain },
        { name: "b", type: "integer", castType: "integer", required: false, variadic: false },
      ],
    ]);
    assert.deepEqual(parameters("many"), [
      [{ name: "v", type: "integer[]", castType: "integer[]", required: false, variadic: true }],
    ]);
    assert.deepEqual(parameters("double"), [[{ name: "n", type: "integer", castType: "integer", ...plain }]]);
    assert.deepEqual(
      parameters("cut")[0]?.map(({ castType }) => castType),
      ['"bit"', "bpchar", "api.mood"],
    );
  });

  test("functions have their volatility, description and the settings that are hoisted", () => {
    const [[add], [best]] = [routine("add"), routine("best")];
    assert.deepEqual([add?.volatility, add?.description, add?.isolation], ["immutable", "Adds", null]);
    assert.deepEqual(
      [best?.volatility, best?.isolation, best?.settings],
      ["stable", "serializable", [["statement_timeout", "4s"]]],
    );
  });

  test("what nobody can call by name is no routine", () => {
    for (const name of ["uncallable", "unnamed_int", "proceed", "guard", "png_agg", "shout", "mumble"])
      assert.deepEqual(routine(name), [], name);
  });

  test("aggregates and functions of a media type's domain are its handlers", () => {
    const handlers = catalog.mediaHandlers.map(({ mediaType, function: { name }, handles, binary }) => [
      mediaType,
      name,
      handles.kind,
      binary,
    ]);
    const byName = (a: readonly unknown[], b: readonly unknown[]) => String(a[1]).localeCompare(String(b[1]));
    assert.deepEqual(handlers.sort(byName), [
      ["image/png", "png_agg", "table", true],
      ["image/png", "png_final", "routine", true],
      ["image/png", "poster", "routine", true],
      ["text/tab", "tab_agg", "any-element", false],
      ["text/tab", "tab_step", "routine", false],
      [ANY_MEDIA_TYPE, "whatever", "routine", true],
    ]);
  });

  test("implicit casts between a domain and json or text are its representations", () => {
    const { toJson, toText, fromJson, fromText } = catalog.representations;
    assert.deepEqual(
      [[...toJson], [...toText], [...fromJson], [...fromText]],
      [
        [["api.app_uuid", { schema: "api", name: "show_uuid" }]],
        [],
        [["api.app_uuid", { schema: "api", name: "app_uuid" }]],
        [["api.app_uuid", { schema: "api", name: "app_uuid" }]],
      ],
    );
  });

  test("roles that the authenticator can become have their settings, without those that make them others", () => {
    assert.deepEqual(catalog.roles.get("web"), {
      isolation: "repeatable read",
      settings: [
        ["statement_timeout", "7s"],
        ["app.tone", "warm"],
      ],
    });
    assert.deepEqual(catalog.roles.get("night"), {
      isolation: null,
      settings: [["statement_timeout", "2s"]],
    });
    assert.equal(catalog.roles.has("stranger"), false);
  });

  test("a setting that was granted to the authenticator is applied too", async () => {
    await server.query("GRANT SET ON PARAMETER log_min_duration_statement TO authenticator");
    const web = (await read()).roles.get("web")?.settings;
    assert.ok(web?.some(([name, value]) => name === "log_min_duration_statement" && value === "1s"));
  });

  test("the dump has all of it, under PostgREST's names", async () => {
    const dump: unknown = JSON.parse(await dumpCatalog(catalog));
    assert.ok(typeof dump === "object" && dump !== null);
    const sizes = Object.entries(dump).map(([name, items]) => [name, Array.isArray(items) && items.length]);
    const relationships = [...(catalog.relationships.get("api")?.values() ?? [])].flat().length;
    const routines = [...(catalog.routines.get("api")?.values() ?? [])].flat().length;
    assert.deepEqual(sizes, [
      ["dbMediaHandlers", catalog.mediaHandlers.length],
      ["dbRelationships", relationships],
      ["dbRepresentations", 3],
      ["dbRoutines", routines],
      ["dbTables", (catalog.tables.get("api")?.size ?? 0) + 1],
    ]);
    const text = JSON.stringify(dump);
    for (const part of [
      '"primaryKey":["film_id","actor_id"]',
      '"mediaType":"*/*"',
      '"enumValues":["calm","loud"]',
    ])
      assert.ok(text.includes(part), part);
  });

  test("a large answer is worked through in slices, so that others have their turn", async () => {
    const source = await asked(server.port);
    const [start, turns] = [performance.now(), { count: 0, on: true }];
    const turn = () => {
      turns.count++;
      if (turns.on) setImmediate(turn);
    };
    setImmediate(turn);
    const large = await loadCatalog(source, SCOPE);
    const loaded = turns.count;
    await dumpCatalog(large);
    turns.on = false;
    const elapsed = performance.now() - start;
    assert.ok(loaded >= 5, `${loaded} turns of the event loop in a load`);
    assert.ok(turns.count >= elapsed / 50, `${turns.count} turns of the event loop in ${elapsed} ms`);
  });

  test("relations of several schemas are kept apart", async () => {
    const both = await read({ schemas: ["hidden", "api"] });
    assert.deepEqual(both.schemas, ["hidden", "api"]);
    assert.equal(tableOf(both, { schema: "hidden", name: "labels" })?.exposed, true);
    assert.deepEqual(relationshipsOf(both, { schema: "hidden", name: "screens" }).map(line), [
      "film_screens: one-to-many by film_screens_screen(id=screen_id)",
      "inner_films: many-to-many through film_screens by film_screens_screen(id=screen_id) film_screens_film(id=film_id)",
      "labels: many-to-one by screens_label(label_id=id)",
    ]);
    const through = relationshipsOf(both, { schema: "api", name: "screens" }).filter(
      ({ kind, target }) => kind === "junction" && target.name === "films",
    );
    assert.deepEqual(through.map(line), [
      "films: many-to-many through film_screens by film_screens_screen(id=screen_id) film_screens_film(id=film_id)",
    ]);
  });

  test("a schema that does not exist is an error, not an empty API", async () => {
    await assert.rejects(read({ schemas: ["api", 'no "such"'] }), {
      code: "catalog/no-such-schema",
      message: 'schema "no \\"such\\"" does not exist',
    });
    await assert.rejects(read({ extraSearchPath: ["extensions"] }), { code: "catalog/no-such-schema" });
  });
}

describe("the catalog of PostgreSQL 18", () => catalogTests(embedded));
describe("the catalog of PostgreSQL 15", { skip: debianPostgresMissing }, () =>
  catalogTests(() => startDebianPostgres(ARCHIVE)),
);

test("a foreign key over a period, as PostgreSQL 18 has them, relates nothing: no columns are equal by it", async () => {
  const server = await startPostgres({
    tls: false,
    sql: `
      CREATE SCHEMA api;
      CREATE TABLE api.prices (id int4range, valid daterange, PRIMARY KEY (id, valid WITHOUT OVERLAPS));
      CREATE TABLE api.sold (
        id int4range, valid daterange, FOREIGN KEY (id, PERIOD valid) REFERENCES api.prices (id, PERIOD valid))`,
  });
  try {
    const catalog = await readCatalog({ port: server.port, user: "test_admin", database: "postgres" });
    assert.deepEqual(tableOf(catalog, { schema: "api", name: "prices" })?.primaryKey, ["id", "valid"]);
    assert.deepEqual(catalog.relationships, new Map());
  } finally {
    await server.stop();
  }
});
