/** Resource embedding, as PostgREST's clients do it. The finer points are in test/unit/doors/rest/sql. */
import { after, before } from "node:test";
import { type RestWorld, startRest, testRest } from "../../support/rest.ts";
import { FILMS } from "../../support/rest-films.ts";

let world: RestWorld;
before(async () => {
  world = await startRest({
    sql: `${FILMS} GRANT SELECT ON ALL TABLES IN SCHEMA api TO anon;`,
    env: { PGRST_DB_AGGREGATES_ENABLED: "true" },
  });
});
after(() => world.stop());

testRest(
  () => world,
  [
    {
      feature: "embed.to-one",
      request: "GET /films?select=id,directors(name)&id=in.(1,6)&order=id",
      status: 200,
      answer: [
        { id: 1, directors: { name: "Agnès Varda" } },
        { id: 6, directors: null },
      ],
    },
    {
      feature: "embed.to-many",
      request: "GET /directors?select=id,films(title)&films.order=title.desc&id=in.(2,4)&order=id",
      status: 200,
      answer: [
        { id: 2, films: [{ title: "Ran" }, { title: "Ikiru" }] },
        { id: 4, films: [] },
      ],
    },
    {
      feature: "embed.one-to-one",
      request: "GET /films?select=id,technical_specs(camera)&id=eq.1",
      status: 200,
      answer: [{ id: 1, technical_specs: { camera: "Éclair" } }],
    },
    {
      feature: "embed.many-to-many",
      request: "GET /films?select=id,actors(name)&id=eq.2&actors.order=name",
      status: 200,
      answer: [{ id: 2, actors: [{ name: "Takashi Shimura" }, { name: "Tatsuya Nakadai" }] }],
    },
    {
      feature: "embed.views",
      request: "GET /old_films?select=id,directors(name)&id=eq.2",
      status: 200,
      answer: [{ id: 2, directors: { name: "Akira Kurosawa" } }],
    },
    {
      feature: "embed.computed",
      request: "GET /films?select=id,sequels(id),prequel(id)&id=eq.4",
      status: 200,
      answer: [{ id: 4, sequels: [{ id: 5 }], prequel: null }],
    },
    {
      feature: "embed.self",
      request: "GET /films?select=id,films(id),first:sequel_of(id)&id=eq.4",
      status: 200,
      answer: [{ id: 4, films: [{ id: 5 }], first: null }],
    },
    {
      feature: "embed.nested",
      request: "GET /actors?select=name,roles(character,films(title,directors(name)))&id=eq.1",
      status: 200,
      answer: [
        {
          name: "Corinne Marchand",
          roles: [
            { character: "Cléo", films: { title: "Cléo from 5 to 7", directors: { name: "Agnès Varda" } } },
          ],
        },
      ],
    },
    {
      feature: "embed.alias",
      request:
        "GET /films?select=id,a:screenings(city),b:screenings(city)&a.seats=gt.100&b.seats=lt.100&id=eq.1",
      status: 200,
      answer: [{ id: 1, a: [{ city: "Paris" }], b: [{ city: "Lyon" }] }],
    },
    {
      feature: "embed.ambiguous",
      request: "GET /films?select=studios(name)",
      status: 300,
      answer: {
        code: "PGRST201",
        message: "Could not embed because more than one relationship was found for 'films' and 'studios'",
        hint: "Try changing 'studios' to one of the following: 'studios!films_made_by', 'studios!films_sold_by'. Find the desired relationship in the 'details' key.",
        details: [
          {
            cardinality: "many-to-one",
            embedding: "films with studios",
            relationship: "films_made_by using films(studio_id) and studios(id)",
          },
          {
            cardinality: "many-to-one",
            embedding: "films with studios",
            relationship: "films_sold_by using films(distributor_id) and studios(id)",
          },
        ],
      },
    },
    {
      feature: "embed.hint",
      request:
        "GET /films?select=by:studios!films_made_by(name),films_sold_by(name),distributor_id(id)&id=eq.3",
      status: 200,
      answer: [{ by: { name: "Toho" }, films_sold_by: { name: "Ciné-Tamaris" }, distributor_id: { id: 2 } }],
    },
    {
      feature: "embed.unknown",
      request: "GET /films?select=directorz(name)",
      status: 400,
      answer: {
        code: "PGRST200",
        message: "Could not find a relationship between 'films' and 'directorz' in the schema cache",
        details:
          "Searched for a foreign key relationship between 'films' and 'directorz' in the schema 'api', but no matches were found.",
        hint: "Perhaps you meant 'directors' instead of 'directorz'.",
      },
    },
    {
      feature: "embed.filter",
      request:
        "GET /directors?select=id,films(id)&films.year=gt.1960&films.or=(id.lt.3,seen.is.null)&id=eq.2",
      status: 200,
      answer: [{ id: 2, films: [{ id: 3 }] }],
    },
    {
      feature: "embed.filter",
      request: "GET /films?select=id&directors.name=eq.x",
      status: 400,
      answer: {
        code: "PGRST108",
        message: "'directors' is not an embedded resource in this request",
        details: null,
        hint: "Verify that 'directors' is included in the 'select' query parameter.",
      },
    },
    {
      feature: "embed.limit",
      request: "GET /directors?select=id,films(id)&films.order=id&films.limit=1&films.offset=1&id=eq.3",
      status: 200,
      answer: [{ id: 3, films: [{ id: 5 }] }],
    },
    {
      feature: "embed.legacy-names",
      request: "GET /films?select=id,the_director:directors(name)&directors.name=like.Aki*&id=eq.1",
      status: 200,
      answer: [{ id: 1, the_director: null }],
      answerHeaders: {
        Warning: /^299 .*Update `directors` to `the_director` in query string filters, orders or limits\."$/,
      },
    },
    {
      feature: "embed.inner",
      request: "GET /films?select=id,screenings!inner(city)&screenings.city=eq.Lyon",
      headers: { prefer: "count=exact" },
      status: 200,
      answer: [{ id: 1, screenings: [{ city: "Lyon" }] }],
      answerHeaders: { "Content-Range": "0-0/1" },
    },
    {
      feature: "embed.null-filter",
      request: "GET /films?select=id,directors()&directors=is.null",
      status: 200,
      answer: [{ id: 6 }],
    },
    {
      feature: "embed.null-filter",
      request:
        "GET /films?select=id,screenings(),directors()&screenings.city=eq.Lyon&directors.name=like.Sat*&or=(screenings.not.is.null,directors.not.is.null)&order=id",
      status: 200,
      answer: [{ id: 1 }, { id: 4 }, { id: 5 }],
    },
    {
      feature: "embed.empty",
      request: "GET /films?select=id,actors()&id=eq.1",
      status: 200,
      answer: [{ id: 1 }],
    },
    {
      feature: "embed.order",
      request: "GET /films?select=id,directors(name)&order=directors(name).desc.nullslast,id&limit=1",
      status: 200,
      answer: [{ id: 4, directors: { name: "Satyajit Ray" } }],
    },
    {
      feature: "embed.order-hidden",
      request: "GET /films?select=id,directors(name)&order=directors(born).nullslast,id&limit=1",
      status: 200,
      answer: [{ id: 2, directors: { name: "Akira Kurosawa" } }],
    },
    {
      feature: "embed.order",
      request: "GET /films?select=id,screenings(id)&order=screenings(city)",
      status: 400,
      answer: {
        code: "PGRST118",
        message: "A related order on 'screenings' is not possible",
        details: "'films' and 'screenings' do not form a many-to-one or one-to-one relationship",
        hint: null,
      },
    },
    {
      feature: "embed.spread-to-one",
      request: "GET /screenings?select=city,...films(title,...directors(director:name))&id=eq.1",
      status: 200,
      answer: [{ city: "Paris", title: "Cléo from 5 to 7", director: "Agnès Varda" }],
    },
    {
      feature: "embed.spread-to-many",
      request:
        "GET /directors?select=id,...films(titles:title,years:year)&films.order=year&id=in.(2,4)&order=id",
      status: 200,
      answer: [
        { id: 2, titles: ["Ikiru", "Ran"], years: [1952, 1985] },
        { id: 4, titles: [], years: [] },
      ],
    },
    {
      feature: "aggregate.embeds",
      request: "GET /films?select=id,screenings(seats.sum())&id=eq.1",
      status: 200,
      answer: [{ id: 1, screenings: [{ sum: 200 }] }],
    },
    {
      feature: "aggregate.grouped-by-embed",
      request: "GET /films?select=rating.max(),directors(name)&order=directors(name)&director_id=lt.3",
      status: 200,
      answer: [
        { max: 7.8, directors: { name: "Agnès Varda" } },
        { max: 8.3, directors: { name: "Akira Kurosawa" } },
      ],
    },
    {
      feature: "aggregate.spread",
      request: "GET /screenings?select=city,...films(rating.max())&order=city&city=neq.Lyon",
      status: 200,
      answer: [
        { city: "Paris", max: 8.3 },
        { city: "Tokyo", max: 8.3 },
      ],
    },
    {
      feature: "aggregate.spread",
      request: "GET /directors?select=name,...films(rating.max())",
      because: "not of spreads to many",
      status: 400,
      answer: {
        code: "PGRST127",
        message: "Feature not implemented",
        details: "Aggregates are not implemented for one-to-many or many-to-many spreads.",
        hint: null,
      },
    },
    {
      feature: "embed.json",
      request: "GET /films?select=id,technical_specs(sound,camera)&id=eq.1",
      status: 200,
      answer: '[{"id":1,"technical_specs":{"sound":{"channels": 1},"camera":"Éclair"}}]',
    },
    {
      feature: "embed.bounds",
      request: `GET /films?select=${"directors(films(".repeat(20)}id${"))".repeat(20)}`,
      because: "too deep",
      status: 400,
    },
    {
      feature: "embed.bounds",
      request: `GET /films?select=${Array.from({ length: 65 }, (_, n) => `d${n}:directors(id)`).join(",")}`,
      because: "too many",
      status: 400,
    },
  ],
);
