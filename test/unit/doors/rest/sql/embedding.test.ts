import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { FILMS } from "../../../../support/rest-films.ts";
import { type Reads, startReads, testReads } from "../../../../support/rest-reads.ts";

/** A relationship that counts how often it is followed. */
const COUNTED = `
  CREATE SEQUENCE api.followed;
  CREATE FUNCTION api.counted_films(api.directors) RETURNS SETOF api.films LANGUAGE sql AS
    'SELECT nextval(''api.followed''); SELECT * FROM api.films WHERE director_id = $1.id ORDER BY id';
`;

let reads: Reads;
before(async () => {
  reads = await startReads(`${FILMS}${COUNTED}`);
});
after(() => reads.stop());

const AMBIGUOUS = {
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
};

testReads(
  () => reads,
  [
    // To one, to many, through a junction, of views.
    {
      read: "/films?select=title,directors(name)&id=in.(1,6)&order=id",
      gives: [
        { title: "Cléo from 5 to 7", directors: { name: "Agnès Varda" } },
        { title: "Lost Reel", directors: null },
      ],
    },
    {
      read: "/directors?select=name,films(title)&films.order=title.desc&id=in.(2,4)&order=id",
      gives: [
        { name: "Akira Kurosawa", films: [{ title: "Ran" }, { title: "Ikiru" }] },
        { name: "Nobody Yet", films: [] },
      ],
    },
    {
      read: "/films?select=id,technical_specs(camera)&id=in.(1,4)&order=id",
      because: "one to one",
      gives: [
        { id: 1, technical_specs: { camera: "Éclair" } },
        { id: 4, technical_specs: null },
      ],
    },
    {
      read: "/technical_specs?select=camera,films(id)&film_id=eq.1",
      because: "one to one, the other way",
      gives: [{ camera: "Éclair", films: { id: 1 } }],
    },
    {
      read: "/films?select=id,actors(name)&id=in.(2,4)&actors.order=name&order=id",
      because: "many to many",
      gives: [
        { id: 2, actors: [{ name: "Takashi Shimura" }, { name: "Tatsuya Nakadai" }] },
        { id: 4, actors: [] },
      ],
    },
    {
      read: "/old_films?select=id,directors(name),screenings(city)&screenings.order=city&id=eq.2",
      because: "of a view",
      gives: [
        { id: 2, directors: { name: "Akira Kurosawa" }, screenings: [{ city: "Paris" }, { city: "Tokyo" }] },
      ],
    },
    {
      read: "/directors?select=name,old_films(id)&id=eq.3&old_films.order=id",
      because: "a view",
      gives: [{ name: "Satyajit Ray", old_films: [{ id: 4 }, { id: 5 }] }],
    },
    {
      read: "/films?select=id,sequels(id),prequel(id)&id=in.(4,5)&order=id",
      because: "computed relationships",
      gives: [
        { id: 4, sequels: [{ id: 5 }], prequel: null },
        { id: 5, sequels: [], prequel: { id: 4 } },
      ],
    },
    {
      read: "/films?select=id,films(id)&id=eq.4",
      because: "the relation's own name means the many of a self reference",
      gives: [{ id: 4, films: [{ id: 5 }] }],
    },
    {
      read: "/films?select=id,first:sequel_of(id),films_sequel(id)&id=eq.5",
      because: "its key's name means the one",
      gives: [{ id: 5, first: { id: 4 }, films_sequel: { id: 4 } }],
    },
    {
      read: "/actors?select=name,roles(character,films(title,directors(name)))&id=eq.1",
      because: "nested",
      gives: [
        {
          name: "Corinne Marchand",
          roles: [
            { character: "Cléo", films: { title: "Cléo from 5 to 7", directors: { name: "Agnès Varda" } } },
          ],
        },
      ],
    },
    {
      read: "/films?select=id,a:screenings(city),b:screenings(city)&a.seats=gt.100&b.seats=lt.100&id=eq.1",
      because: "the same twice",
      gives: [{ id: 1, a: [{ city: "Paris" }], b: [{ city: "Lyon" }] }],
    },
    // Which relationship.
    { read: "/films?select=studios(name)", refuses: AMBIGUOUS },
    {
      read: "/films?select=films_made_by(name)&id=eq.1",
      gives: [{ films_made_by: { name: "Ciné-Tamaris" } }],
    },
    { read: "/films?select=distributor_id(name)&id=eq.2", gives: [{ distributor_id: { name: "Toho" } }] },
    {
      read: "/films?select=studios!films_sold_by(name)&id=eq.3",
      gives: [{ studios: { name: "Ciné-Tamaris" } }],
    },
    { read: "/films?select=s:studios!studio_id(name)&id=eq.3", gives: [{ s: { name: "Toho" } }] },
    {
      read: "/studios?select=films!films_sold_by(id)&id=eq.1",
      because: "a hint from the other side",
      gives: [{ films: [{ id: 2 }] }],
    },
    { read: "/films?select=actors!roles(name)&id=eq.1", gives: [{ actors: [{ name: "Corinne Marchand" }] }] },
    {
      read: "/films?select=directorz(name)",
      refuses: {
        code: "PGRST200",
        message: "Could not find a relationship between 'films' and 'directorz' in the schema cache",
        details:
          "Searched for a foreign key relationship between 'films' and 'directorz' in the schema 'api', but no matches were found.",
        hint: "Perhaps you meant 'directors' instead of 'directorz'.",
      },
    },
    {
      read: "/films?select=directors!nothing(name)",
      refuses: {
        code: "PGRST200",
        details:
          "Searched for a foreign key relationship between 'films' and 'directors' using the hint 'nothing' in the schema 'api', but no matches were found.",
      },
    },
    {
      read: "/films?select=directors(banana)",
      refuses: { code: "42703", message: "column directors.banana does not exist" },
    },
    // Filters, order and range of embeds.
    {
      read: "/directors?select=id,films(id)&films.year=gt.1960&films.order=id&id=lt.4&order=id",
      because: "a filter of the embed leaves the parents",
      gives: [
        { id: 1, films: [{ id: 1 }] },
        { id: 2, films: [{ id: 3 }] },
        { id: 3, films: [] },
      ],
    },
    {
      read: "/directors?select=id,films(id)&films.or=(year.gt.1960,id.eq.5)&films.order=id&id=eq.3",
      gives: [{ id: 3, films: [{ id: 5 }] }],
    },
    {
      read: "/directors?select=id,films(id)&films.order=id&films.limit=1&films.offset=1&id=in.(2,3)&order=id",
      gives: [
        { id: 2, films: [{ id: 3 }] },
        { id: 3, films: [{ id: 5 }] },
      ],
    },
    {
      read: "/directors?select=id,films(id)&films.order=id&id=in.(2,3)&order=id",
      because: "db-max-rows holds for embeds to many",
      maxRows: 2,
      gives: [
        { id: 2, films: [{ id: 2 }, { id: 3 }] },
        { id: 3, films: [{ id: 4 }, { id: 5 }] },
      ],
    },
    {
      read: "/films?select=id,directors(id)&directors.offset=1&id=eq.1",
      because: "an offset of an embed to one leaves none",
      gives: [{ id: 1, directors: null }],
    },
    {
      read: "/actors?select=id,roles(films(id,directors(name)))&roles.films.directors.name=like.Aki*&id=in.(1,2)&roles.order=film_id&order=id",
      gives: [
        { id: 1, roles: [{ films: { id: 1, directors: null } }] },
        {
          id: 2,
          roles: [
            { films: { id: 2, directors: { name: "Akira Kurosawa" } } },
            { films: { id: 3, directors: { name: "Akira Kurosawa" } } },
          ],
        },
      ],
    },
    {
      read: "/films?select=id&directors.name=eq.x",
      refuses: {
        code: "PGRST108",
        message: "'directors' is not an embedded resource in this request",
        hint: "Verify that 'directors' is included in the 'select' query parameter.",
      },
    },
    {
      read: "/films?select=id,the_director:directors(name)&directors.name=like.Aki*&id=in.(1,2)&order=id",
      because: "the target's name where there is an alias, as before version 16",
      gives: [
        { id: 1, the_director: null },
        { id: 2, the_director: { name: "Akira Kurosawa" } },
      ],
    },
    {
      read: "/films?select=id,the_director:directors(name)&directors.name=like.Aki*",
      legacyNames: false,
      refuses: {
        code: "PGRST108",
        details: "Target names are not allowed in filters if they have an alias",
        hint: "Change 'directors' to 'the_director' in filters, orders or limits.",
      },
    },
    // Inner joins and null filters.
    {
      read: "/films?select=id,directors!inner(id)&directors.name=like.A*&order=id",
      count: "exact",
      gives: [
        { id: 1, directors: { id: 1 } },
        { id: 2, directors: { id: 2 } },
        { id: 3, directors: { id: 2 } },
      ],
      total: 3,
    },
    {
      read: "/films?select=id,screenings!inner(city)&screenings.city=eq.Paris&order=id&limit=1",
      because: "the total knows the inner join too",
      count: "exact",
      gives: [{ id: 1, screenings: [{ city: "Paris" }] }],
      total: 2,
    },
    {
      read: "/films?select=id,actors!inner(name)&actors.name=like.Tat*&order=id",
      gives: [
        { id: 2, actors: [{ name: "Tatsuya Nakadai" }] },
        { id: 3, actors: [{ name: "Tatsuya Nakadai" }] },
      ],
    },
    {
      read: "/directors?select=id,films!inner(id,screenings!inner(city))&films.screenings.city=eq.Lyon",
      because: "two levels",
      gives: [{ id: 1, films: [{ id: 1, screenings: [{ city: "Lyon" }] }] }],
    },
    {
      read: "/films?select=id,sequels!inner(id)",
      because: "of a function",
      gives: [{ id: 4, sequels: [{ id: 5 }] }],
    },
    { read: "/films?select=id,directors()&directors=is.null", gives: [{ id: 6 }] },
    {
      read: "/films?select=id,screenings()&screenings=is.null&order=id",
      gives: [{ id: 4 }, { id: 5 }, { id: 6 }],
    },
    {
      read: "/films?select=id,actors()&actors=not.is.null&order=id&limit=1",
      count: "exact",
      gives: [{ id: 1 }],
      total: 3,
    },
    {
      read: "/films?select=id,directors(name)&directors=not.is.null&id=in.(5,6)",
      gives: [{ id: 5, directors: { name: "Satyajit Ray" } }],
    },
    {
      read: "/films?select=id,screenings(),directors()&screenings.city=eq.Lyon&directors.name=like.Sat*&or=(screenings.not.is.null,directors.not.is.null)&order=id",
      because: "or across embeds",
      gives: [{ id: 1 }, { id: 4 }, { id: 5 }],
    },
    {
      read: "/films?select=id,a:directors()&a=is.null",
      because: "by its alias",
      gives: [{ id: 6 }],
    },
    {
      read: "/films?select=id,sequel_of(id)&sequel_of=eq.4",
      because: "a column of the same name is filtered as one",
      gives: [{ id: 5, sequel_of: { id: 4 } }],
    },
    {
      read: "/films?select=id,directors(id)&directors=eq.1",
      refuses: { code: "PGRST120", message: "Bad operator on the 'directors' embedded resource" },
    },
    // Order by a related row.
    {
      read: "/films?select=id,directors(name)&order=directors(name).desc.nullslast,id&limit=3",
      gives: [
        { id: 4, directors: { name: "Satyajit Ray" } },
        { id: 5, directors: { name: "Satyajit Ray" } },
        { id: 2, directors: { name: "Akira Kurosawa" } },
      ],
    },
    {
      read: "/films?select=id,directors(name)&order=directors(born).nullslast,id&limit=2",
      because: "by a column that is not shown",
      gives: [
        { id: 2, directors: { name: "Akira Kurosawa" } },
        { id: 3, directors: { name: "Akira Kurosawa" } },
      ],
    },
    {
      read: "/films?select=id,d:directors()&order=d(born).nullslast,id&limit=1",
      because: "of an embed that is not shown",
      gives: [{ id: 2 }],
    },
    {
      read: "/films?select=id,technical_specs(*)&order=technical_specs(sound->channels).desc.nullslast&limit=1",
      gives: [{ id: 3, technical_specs: { film_id: 3, camera: "Panaflex", sound: { channels: 10 } } }],
    },
    {
      read: "/films?select=id,screenings(id)&order=screenings(city)",
      refuses: {
        code: "PGRST118",
        message: "A related order on 'screenings' is not possible",
        details: "'films' and 'screenings' do not form a many-to-one or one-to-one relationship",
      },
    },
    { read: "/films?select=id&order=directors(name)", refuses: { code: "PGRST108" } },
    // Spreads.
    {
      read: "/films?select=id,...directors(director:name,born)&id=in.(1,6)&order=id",
      gives: [
        { id: 1, director: "Agnès Varda", born: "1928-05-30" },
        { id: 6, director: null, born: null },
      ],
    },
    {
      read: "/screenings?select=city,...films(title,...directors(director:name))&id=eq.1",
      because: "within each other",
      gives: [{ city: "Paris", title: "Cléo from 5 to 7", director: "Agnès Varda" }],
    },
    {
      read: "/films?select=id,actors:roles(character,...actors(name))&id=eq.1",
      because: "a junction's columns beside the target's",
      gives: [{ id: 1, actors: [{ character: "Cléo", name: "Corinne Marchand" }] }],
    },
    {
      read: "/directors?select=id,...films(titles:title,years:year)&films.order=year&id=in.(2,4)&order=id",
      because: "to many gives arrays",
      gives: [
        { id: 2, titles: ["Ikiru", "Ran"], years: [1952, 1985] },
        { id: 4, titles: [], years: [] },
      ],
    },
    {
      because: "to many of a page, beside columns and embeds of the same names",
      read: "/directors?select=id,id,name:id,...films(name:title,id:year),films(id)&films.order=year&id=in.(2,4)&order=id.desc&limit=1&offset=1",
      gives: [{ id: [1952, 1985], name: ["Ikiru", "Ran"], films: [{ id: 2 }, { id: 3 }] }],
    },
    {
      read: "/directors?select=films(id,...screenings(cities:city))&films.order=id&films.limit=1&films.screenings.order=city&id=eq.2",
      because: "to many of a page of an embed",
      gives: [{ films: [{ id: 2, cities: ["Paris", "Tokyo"] }] }],
    },
    {
      read: "/studios?select=*,...films!films_sold_by(ids:id)&order=id&films.order=id&limit=1",
      because: "beside all columns",
      gives: [{ id: 1, name: "Toho", ids: [2] }],
    },
    {
      read: "/directors?select=id,...films(titles:title,...technical_specs(camera),...screenings(cities:city))&films.order=id&films.screenings.order=city&id=eq.2&limit=1",
      because: "arrays of arrays of a page",
      gives: [
        {
          id: 2,
          titles: ["Ikiru", "Ran"],
          camera: ["Mitchell", "Panaflex"],
          cities: [["Paris", "Tokyo"], ["Tokyo"]],
        },
      ],
    },
    {
      read: "/directors?select=id,...films(titles:title,...technical_specs(camera),...screenings(cities:city))&films.order=id&films.screenings.order=city&id=eq.2",
      because: "arrays of arrays",
      gives: [
        {
          id: 2,
          titles: ["Ikiru", "Ran"],
          camera: ["Mitchell", "Panaflex"],
          cities: [["Paris", "Tokyo"], ["Tokyo"]],
        },
      ],
    },
    {
      read: "/films?select=id,...actors(names:name)&actors.order=name&id=eq.2",
      gives: [{ id: 2, names: ["Takashi Shimura", "Tatsuya Nakadai"] }],
    },
    {
      read: "/films?select=id,...technical_specs(*)&id=eq.2",
      because: "every column",
      gives: [{ id: 2, film_id: 2, camera: "Mitchell", sound: { channels: 2 } }],
    },
    { read: "/films?select=id,...directors()&id=eq.1", because: "nothing of it", gives: [{ id: 1 }] },
    {
      read: "/films?select=id,...directors(director:name)&order=directors(director).nullsfirst&limit=1",
      gives: [{ id: 6, director: null }],
    },
    { read: "/directors?select=id,...films!inner(ids:id)&id=gt.2", gives: [{ id: 3, ids: [4, 5] }] },
    { read: "/directors?select=id,...films(ids:id)&films=is.null", gives: [{ id: 4, ids: [] }] },
    // Aggregates.
    {
      read: "/films?select=screenings(seats.sum(),count())&id=in.(1,4)&order=id",
      gives: [{ screenings: [{ sum: 200, count: 2 }] }, { screenings: [{ sum: null, count: 0 }] }],
    },
    {
      read: "/films?select=rating.max(),directors(name)&order=directors(name)&director_id=lt.3",
      because: "grouped by an embed",
      gives: [
        { max: 7.8, directors: { name: "Agnès Varda" } },
        { max: 8.3, directors: { name: "Akira Kurosawa" } },
      ],
    },
    {
      read: "/screenings?select=seats.sum(),...films(...directors(name))&order=films(name)",
      because: "grouped by a spread",
      gives: [
        { sum: 200, name: "Agnès Varda" },
        { sum: 610, name: "Akira Kurosawa" },
      ],
    },
    {
      read: "/screenings?select=city,...films(rating.max())&order=city",
      because: "aggregates of a spread are the parent's",
      gives: [
        { city: "Lyon", max: 7.8 },
        { city: "Paris", max: 8.3 },
        { city: "Tokyo", max: 8.3 },
      ],
    },
    {
      read: "/screenings?select=city,...films(films:count())&order=city.desc&limit=1",
      gives: [{ city: "Tokyo", films: 2 }],
    },
    {
      read: "/directors?select=count(),films(id)&id=gt.2",
      because: "grouped by an embed to many",
      gives: [
        { count: 1, films: [] },
        { count: 1, films: [{ id: 4 }, { id: 5 }] },
      ],
    },
    {
      read: "/directors?select=name,...films(rating.max())",
      refuses: {
        code: "PGRST127",
        message: "Feature not implemented",
        details: "Aggregates are not implemented for one-to-many or many-to-many spreads.",
      },
    },
    {
      read: "/posters?select=id,films(id,posters(ink))&id=eq.1",
      gives: [{ id: 1, films: { id: 1, posters: [{ ink: "#0000FF" }] } }],
    },
  ],
);

test("a spread to many is built for the rows of a page only", async () => {
  const followed = async () => {
    const [row] = await reads.run({
      text: "SELECT nextval('api.followed')",
      parameters: [],
      binary: false,
    });
    return Number(row?.[0]);
  };
  const before = await followed();
  const { body } = await reads.read(
    "/directors?select=id,...counted_films(ids:id,titles:title)&order=name&limit=1",
  );
  assert.equal(String(body), '[{"id":1,"ids":[1],"titles":["Cléo from 5 to 7"]}]');
  assert.equal(
    (await followed()) - before,
    2,
    "once for the row before it, which is not shown, or not at all",
  );
});
