/** What each method of postgrest-js's builders gets from the REST door. */
import type { PostgrestClient } from "@supabase/postgrest-js";

export type Client = PostgrestClient;

/** What every builder becomes when it is awaited. */
export interface Answered {
  readonly data: unknown;
  readonly count: number | null;
  readonly status: number;
  readonly error: null | Readonly<Record<"message" | "code" | "details" | "hint", unknown>>;
}

export const films = (db: Client) => db.from("films").select("id").order("id");
type Films = ReturnType<typeof films>;

interface Filter {
  /** The method that it is about. */
  readonly method: string;
  readonly filter: (all: Films) => PromiseLike<Answered>;
  /** The films that are found. */
  readonly ids: readonly number[];
}

const SHOWN = "[1952-01-01,1960-01-01)";

export const filters: readonly Filter[] = [
  { method: "eq", filter: (all) => all.eq("title", "Ran"), ids: [3] },
  { method: "eq", filter: (all) => all.eq("details->studio->>city", "Paris"), ids: [1] },
  { method: "neq", filter: (all) => all.neq("director_id", 2), ids: [1, 4, 5] },
  { method: "gt", filter: (all) => all.gt("rating", 8.2), ids: [2] },
  { method: "gte", filter: (all) => all.gte("rating", 8.2), ids: [2, 3, 4] },
  { method: "lt", filter: (all) => all.lt("year", 1955), ids: [2] },
  { method: "lte", filter: (all) => all.lte("year", 1955), ids: [2, 4] },
  { method: "like", filter: (all) => all.like("title", "%a%"), ids: [3, 4, 5] },
  { method: "likeAllOf", filter: (all) => all.likeAllOf("title", ["%a%", "R%"]), ids: [3] },
  { method: "likeAnyOf", filter: (all) => all.likeAnyOf("title", ["I%", "R%"]), ids: [2, 3] },
  { method: "ilike", filter: (all) => all.ilike("title", "ik%"), ids: [2] },
  { method: "ilikeAllOf", filter: (all) => all.ilikeAllOf("title", ["%A%", "r%"]), ids: [3] },
  { method: "ilikeAnyOf", filter: (all) => all.ilikeAnyOf("title", ["i%", "r%"]), ids: [2, 3] },
  { method: "regexMatch", filter: (all) => all.regexMatch("title", "^[IR]"), ids: [2, 3] },
  { method: "regexIMatch", filter: (all) => all.regexIMatch("title", "^[ir]"), ids: [2, 3] },
  { method: "is", filter: (all) => all.is("year", null), ids: [6] },
  { method: "is", filter: (all) => all.is("seen", true), ids: [1, 4] },
  { method: "isDistinct", filter: (all) => all.isDistinct("director_id", 2), ids: [1, 4, 5, 6] },
  { method: "in", filter: (all) => all.in("id", [1, 3, 99]), ids: [1, 3] },
  { method: "in", filter: (all) => all.in("title", ["Ran", "Not, (a film)"]), ids: [3] },
  { method: "notIn", filter: (all) => all.notIn("id", [1, 3]), ids: [2, 4, 5, 6] },
  { method: "contains", filter: (all) => all.contains("tags", ["bw", "tokyo"]), ids: [2] },
  { method: "contains", filter: (all) => all.contains("details", { runtime: 110 }), ids: [5] },
  { method: "contains", filter: (all) => all.contains("shown", "[1962-05-01,1962-06-01)"), ids: [1] },
  { method: "containedBy", filter: (all) => all.containedBy("tags", ["colour", "other"]), ids: [3, 6] },
  { method: "containedBy", filter: (all) => all.containedBy("shown", SHOWN), ids: [2] },
  { method: "rangeGt", filter: (all) => all.rangeGt("shown", SHOWN), ids: [1, 3] },
  { method: "rangeGte", filter: (all) => all.rangeGte("shown", SHOWN), ids: [1, 2, 3] },
  { method: "rangeLt", filter: (all) => all.rangeLt("shown", "[1970-01-01,1980-01-01)"), ids: [1, 2] },
  { method: "rangeLte", filter: (all) => all.rangeLte("shown", SHOWN), ids: [2] },
  {
    method: "rangeAdjacent",
    filter: (all) => all.rangeAdjacent("shown", "[1953-01-01,1954-01-01)"),
    ids: [2],
  },
  { method: "overlaps", filter: (all) => all.overlaps("tags", ["paris", "colour"]), ids: [1, 3] },
  { method: "overlaps", filter: (all) => all.overlaps("shown", SHOWN), ids: [2] },
  { method: "textSearch", filter: (all) => all.textSearch("plot", "boy & village"), ids: [4] },
  {
    method: "textSearch",
    filter: (all) => all.textSearch("plot", "the boys", { type: "plain", config: "english" }),
    ids: [4, 5],
  },
  { method: "textSearch", filter: (all) => all.textSearch("plot", "old lord", { type: "phrase" }), ids: [3] },
  {
    method: "textSearch",
    filter: (all) => all.textSearch("plot", "boy -village", { type: "websearch" }),
    ids: [5],
  },
  { method: "match", filter: (all) => all.match({ director_id: 2, studio_id: 1 }), ids: [2, 3] },
  { method: "not", filter: (all) => all.not("director_id", "is", null), ids: [1, 2, 3, 4, 5] },
  { method: "not", filter: (all) => all.not("id", "in", "(1,2)"), ids: [3, 4, 5, 6] },
  { method: "or", filter: (all) => all.or("year.lt.1955,and(rating.eq.8.2,seen.is.true)"), ids: [2, 4] },
  { method: "filter", filter: (all) => all.filter("title", "not.like(any)", "{R%,I%}"), ids: [1, 4, 5, 6] },
  { method: "limit", filter: (all) => all.limit(2), ids: [1, 2] },
  { method: "range", filter: (all) => all.range(1, 3), ids: [2, 3, 4] },
  {
    method: "order",
    filter: (all) => all.order("year", { ascending: false }).limit(1),
    ids: [1],
  },
  { method: "retry", filter: (all) => all.retry(false).eq("id", 1), ids: [1] },
  { method: "returns", filter: (all) => all.eq("id", 1).returns(), ids: [1] },
  { method: "overrideTypes", filter: (all) => all.eq("id", 1).overrideTypes(), ids: [1] },
  { method: "throwOnError", filter: (all) => all.eq("id", 1).throwOnError(), ids: [1] },
  {
    method: "setHeader",
    filter: (all) => all.setHeader("Prefer", "timezone=Asia/Tokyo").eq("id", 1),
    ids: [1],
  },
];

export interface Call {
  readonly method: string;
  readonly does: string;
  readonly run: (db: Client) => PromiseLike<Answered>;
  readonly data?: unknown;
  /** For what is text and not all in our hands. */
  readonly matches?: RegExp;
  readonly count?: number;
  /** 200 by default. */
  readonly status?: number;
  readonly error?: Readonly<Record<string, unknown>>;
}

export const reads: readonly Call[] = [
  {
    method: "select",
    does: "renames, casts and reaches into JSON, blanks and all",
    run: (db) => db.from("films").select("name:title, year::text, details->runtime").eq("id", 2),
    data: [{ name: "Ikiru", year: "1952", runtime: 143 }],
  },
  {
    method: "select",
    does: "embeds to one, to many, and through a junction",
    run: (db) =>
      db.from("films").select("title, directors(name), screenings(city), actors(name)").eq("id", 1),
    data: [
      {
        title: "Cléo from 5 to 7",
        directors: { name: "Agnès Varda" },
        screenings: [{ city: "Paris" }, { city: "Lyon" }],
        actors: [{ name: "Corinne Marchand" }],
      },
    ],
  },
  {
    method: "select",
    does: "embeds by a hint, inner, and filters by what is embedded",
    run: (db) =>
      db
        .from("films")
        .select("id, maker:studios!films_made_by!inner(name)")
        .eq("maker.name", "Toho")
        .order("id"),
    data: [
      { id: 2, maker: { name: "Toho" } },
      { id: 3, maker: { name: "Toho" } },
    ],
  },
  {
    method: "select",
    does: "spreads and aggregates",
    run: (db) => db.from("films").select("...directors(name), rating.max()").eq("director_id", 2),
    data: [{ name: "Akira Kurosawa", max: 8.3 }],
  },
  {
    method: "or",
    does: "filters what is embedded",
    run: (db) =>
      db
        .from("films")
        .select("id, screenings(city)")
        .eq("id", 1)
        .or("city.eq.Lyon,seats.gt.500", { referencedTable: "screenings" }),
    data: [{ id: 1, screenings: [{ city: "Lyon" }] }],
  },
  {
    method: "order",
    does: "orders and limits what is embedded",
    run: (db) =>
      db
        .from("films")
        .select("id, screenings(city)")
        .eq("id", 2)
        .order("seats", { referencedTable: "screenings", ascending: true })
        .limit(1, { referencedTable: "screenings" }),
    data: [{ id: 2, screenings: [{ city: "Paris" }] }],
  },
  {
    method: "order",
    does: "puts nulls first, and orders by several columns",
    run: (db) =>
      db
        .from("films")
        .select("id")
        .order("rating", { ascending: false, nullsFirst: true })
        .order("title")
        .limit(4),
    data: [{ id: 6 }, { id: 2 }, { id: 4 }, { id: 3 }],
  },
  {
    method: "select",
    does: "counts the rows exactly beside a range of them",
    run: (db) => db.from("films").select("id", { count: "exact" }).order("id").range(0, 1),
    data: [{ id: 1 }, { id: 2 }],
    count: 6,
    status: 206,
  },
  {
    method: "select",
    does: "counts without reading",
    run: (db) => db.from("films").select("*", { count: "exact", head: true }).eq("seen", true),
    data: null,
    count: 2,
  },
  {
    method: "single",
    does: "reads one object",
    run: (db) => db.from("films").select("id").eq("id", 3).single(),
    data: { id: 3 },
  },
  {
    method: "single",
    does: "is an error when there are several",
    run: (db) => db.from("films").select("id").single(),
    status: 406,
    error: {
      code: "PGRST116",
      message: "Cannot coerce the result to a single JSON object",
      details: "The result contains 6 rows",
      hint: null,
    },
  },
  {
    method: "maybeSingle",
    does: "is null when there is none",
    run: (db) => db.from("films").select("id").eq("id", 99).maybeSingle(),
    data: null,
  },
  {
    method: "stripNulls",
    does: "leaves nulls out",
    run: (db) => db.from("films").select("id, year, rating").eq("id", 6).stripNulls(),
    data: [{ id: 6 }],
  },
  {
    method: "stripNulls",
    does: "leaves nulls of one object out",
    run: (db) => db.from("films").select("id, year").eq("id", 6).stripNulls().single(),
    data: { id: 6 },
  },
  {
    method: "csv",
    does: "reads CSV",
    run: (db) => db.from("directors").select("id,name").lte("id", 2).order("id").csv(),
    data: 'id,name\n1,"Agnès Varda"\n2,"Akira Kurosawa"',
  },
  {
    method: "explain",
    does: "shows the plan as text",
    run: (db) => db.from("films").select("id").explain({ analyze: true, verbose: true }),
    matches: /Seq Scan on .*films.*actual/,
  },
  {
    method: "explain",
    does: "shows the plan as JSON",
    run: (db) => db.from("films").select("id").explain({ format: "json" }),
    matches: /"Plan":/,
  },
  {
    method: "getOpenApiSpec",
    does: "describes the API",
    run: (db) => db.getOpenApiSpec(),
    matches: /^\{"swagger":"2\.0".*"\/films":/,
  },
  {
    method: "schema",
    does: "reads from another schema",
    run: (db) => db.schema("archive").from("boxes").select(),
    data: [{ id: 1, label: "letters" }],
  },
  {
    method: "schema",
    does: "is an error when the schema is not shown",
    run: (db) => db.schema("pg_catalog").from("pg_class").select(),
    status: 406,
    error: {
      code: "PGRST106",
      message: "Invalid schema: pg_catalog",
      hint: "Only the following schemas are exposed: api, archive",
      details: null,
    },
  },
  {
    method: "from",
    does: "is an error when there is no such relation",
    run: (db) => db.from("film").select(),
    status: 404,
    error: {
      code: "PGRST205",
      message: "Could not find the table 'api.film' in the schema cache",
      hint: "Perhaps you meant the table 'api.films'",
      details: null,
    },
  },
  {
    method: "select",
    does: "is an error when there is no such column",
    run: (db) => db.from("films").select("colour"),
    status: 400,
    error: { code: "42703", message: "column films.colour does not exist" },
  },
];

const NOTE = { id: 1, body: "first", stars: 3 };
const FIELDS = "id, body, stars";

/** Each takes back what it did, so that the next finds what it expects. */
export const writes: readonly Call[] = [
  {
    method: "insert",
    does: "inserts and says no more",
    run: (db) => db.from("notes").insert({ body: "fourth" }).rollback(),
    data: null,
    status: 201,
  },
  {
    method: "insert",
    does: "inserts one row and reads it",
    run: (db) => db.from("notes").insert({ id: 9, body: "ninth" }).select(FIELDS).rollback().single(),
    data: { id: 9, body: "ninth", stars: 3 },
    status: 201,
  },
  {
    method: "insert",
    does: "inserts rows with different keys, defaults where one is missing, and counts them",
    run: (db) =>
      db
        .from("notes")
        .insert(
          [
            { id: 8, body: "eighth" },
            { id: 9, body: "ninth", stars: 5 },
          ],
          { defaultToNull: false, count: "exact" },
        )
        .select(FIELDS)
        .rollback(),
    data: [
      { id: 8, body: "eighth", stars: 3 },
      { id: 9, body: "ninth", stars: 5 },
    ],
    count: 2,
    status: 201,
  },
  {
    method: "insert",
    does: "is an error when a constraint is violated",
    run: (db) => db.from("notes").insert({ body: "" }),
    status: 400,
    error: {
      code: "23514",
      message: 'new row for relation "notes" violates check constraint "notes_body_check"',
      hint: null,
    },
  },
  {
    method: "insert",
    does: "is an error when a key is there already",
    run: (db) => db.from("notes").insert({ body: "first" }),
    status: 409,
    error: { code: "23505", details: "Key (body)=(first) already exists." },
  },
  {
    method: "upsert",
    does: "updates what is there already",
    run: (db) => db.from("notes").upsert({ id: 1, body: "first", stars: 5 }).select(FIELDS).rollback(),
    data: [{ ...NOTE, stars: 5 }],
  },
  {
    method: "upsert",
    does: "leaves alone what is there already, by other columns than the key",
    run: (db) =>
      db
        .from("notes")
        .upsert([{ body: "first" }, { body: "tenth" }], { onConflict: "body", ignoreDuplicates: true })
        .select("body")
        .rollback(),
    data: [{ body: "tenth" }],
    status: 201,
  },
  {
    method: "update",
    does: "updates what is found and counts it",
    run: (db) =>
      db
        .from("notes")
        .update({ stars: 4 }, { count: "exact" })
        .lte("id", 2)
        .select("id, stars")
        .order("id")
        .rollback(),
    data: [
      { id: 1, stars: 4 },
      { id: 2, stars: 4 },
    ],
    count: 2,
  },
  {
    method: "update",
    does: "updates and says no more",
    run: (db) => db.from("notes").update({ stars: 4 }).eq("id", 1).rollback(),
    data: null,
    status: 204,
  },
  {
    method: "delete",
    does: "deletes what is found and reads it",
    run: (db) => db.from("notes").delete().eq("id", 1).select(FIELDS).rollback(),
    data: [NOTE],
  },
  {
    method: "delete",
    does: "deletes and counts",
    run: (db) => db.from("notes").delete({ count: "exact" }).gte("id", 2).rollback(),
    data: null,
    count: 2,
    status: 204,
  },
  {
    method: "maxAffected",
    does: "is an error when more would be deleted",
    // Its types forbid this for a client whose server they know no version of.
    run: (db) => db.from("notes").delete().gte("id", 1).maxAffected(2) as unknown as PromiseLike<Answered>,
    status: 400,
    error: { code: "PGRST124", details: "The query affects 3 rows" },
  },
  {
    method: "rollback",
    does: "has left nothing of all that",
    run: (db) => db.from("notes").select(FIELDS).order("id"),
    data: [NOTE, { id: 2, body: "second", stars: 3 }, { id: 3, body: "third", stars: 3 }],
  },
  {
    method: "schema",
    does: "writes to another schema",
    run: (db) => db.schema("archive").from("boxes").insert({ id: 2, label: "maps" }).select().rollback(),
    data: [{ id: 2, label: "maps" }],
    status: 201,
  },
];

export const calls: readonly Call[] = [
  { method: "rpc", does: "calls a function", run: (db) => db.rpc("add", { a: 1, b: 2 }), data: 3 },
  {
    method: "rpc",
    does: "calls a function by GET, with an array",
    run: (db) => db.rpc("total", { numbers: [1, 2, 3] }, { get: true }),
    data: 6,
  },
  {
    method: "rpc",
    does: "filters, orders and embeds what a function returns",
    run: (db) =>
      db.rpc("films_of", { director: 2 }).select("id, directors(name)").gt("year", 1960).order("id"),
    data: [{ id: 3, directors: { name: "Akira Kurosawa" } }],
  },
  {
    method: "rpc",
    does: "counts what a function returns",
    run: (db) => db.rpc("films_of", { director: 3 }, { head: true, count: "exact" }),
    data: null,
    count: 2,
  },
  { method: "rpc", does: "runs as the role of the token", run: (db) => db.rpc("who"), data: "web" },
  {
    method: "rpc",
    does: "answers nothing when a function returns nothing",
    run: (db) => db.rpc("nothing"),
    data: null,
    status: 204,
  },
  {
    method: "rpc",
    does: "calls a function of another schema",
    run: (db) => db.schema("archive").rpc("count_boxes"),
    data: 1,
  },
  {
    method: "rpc",
    does: "is an error with the status that a function chose",
    run: (db) => db.rpc("refuse", { status: "no coffee" }),
    status: 418,
    error: { code: "PT418", message: "no coffee", details: "the detail", hint: "the hint" },
  },
  {
    method: "rpc",
    does: "is an error when there is no function with these arguments",
    run: (db) => db.rpc("add", { a: 1, c: 2 }),
    status: 404,
    error: {
      code: "PGRST202",
      message: "Could not find the function api.add(a, c) in the schema cache",
      hint: "Perhaps you meant to call the function api.add(a, b)",
    },
  },
];
