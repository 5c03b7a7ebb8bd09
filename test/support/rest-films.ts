/**
 * A small library of films for the tests of reading, in schema `api`: every kind of relationship, and columns of the
 * types that operators are about.
 */
export const FILMS = `
  CREATE SCHEMA IF NOT EXISTS api;
  SET search_path TO api, public;

  CREATE TABLE directors (
    id int PRIMARY KEY,
    name text NOT NULL,
    born date
  );
  INSERT INTO directors VALUES
    (1, 'Agnès Varda', '1928-05-30'), (2, 'Akira Kurosawa', '1910-03-23'), (3, 'Satyajit Ray', '1921-05-02'),
    (4, 'Nobody Yet', NULL);

  CREATE TABLE studios (id int PRIMARY KEY, name text NOT NULL);
  INSERT INTO studios VALUES (1, 'Toho'), (2, 'Ciné-Tamaris');

  CREATE TABLE films (
    id int PRIMARY KEY,
    title text NOT NULL,
    year int,
    rating numeric(3,1),
    seen boolean,
    director_id int REFERENCES directors (id),
    studio_id int CONSTRAINT films_made_by REFERENCES studios (id),
    distributor_id int CONSTRAINT films_sold_by REFERENCES studios (id),
    tags text[] NOT NULL DEFAULT '{}',
    shown daterange,
    details jsonb,
    plot tsvector,
    sequel_of int CONSTRAINT films_sequel REFERENCES films (id)
  );
  INSERT INTO films VALUES
    (1, 'Cléo from 5 to 7', 1962, 7.8, true, 1, 2, NULL, '{paris,bw}', '[1962-04-11,1962-10-01)',
      '{"runtime": 90, "cast": [{"name": "Corinne"}, {"name": "Antoine"}], "studio": {"city": "Paris"}}',
      to_tsvector('english', 'A singer waits for the result of a medical test'), NULL),
    (2, 'Ikiru', 1952, 8.3, false, 2, 1, 1, '{tokyo,bw}', '[1952-10-09,1953-01-01)',
      '{"runtime": 143, "cast": [{"name": "Takashi"}]}',
      to_tsvector('english', 'A dying clerk wants a playground built'), NULL),
    (3, 'Ran', 1985, 8.2, NULL, 2, 1, 2, '{colour}', '[1985-06-01,1985-12-31)',
      '{"runtime": 162, "studio": {"city": "Tokyo"}}',
      to_tsvector('english', 'An old lord divides his lands among three sons'), NULL),
    (4, 'Pather Panchali', 1955, 8.2, true, 3, NULL, NULL, '{bengal,bw}', NULL, NULL,
      to_tsvector('english', 'A boy grows up in a poor village'), NULL),
    (5, 'Aparajito', 1956, 8.0, false, 3, NULL, NULL, '{bengal,bw}', NULL, '{"runtime": 110}',
      to_tsvector('english', 'The boy leaves for the city'), 4),
    (6, 'Lost Reel', NULL, NULL, NULL, NULL, NULL, NULL, '{}', NULL, NULL, NULL, NULL);

  CREATE TABLE technical_specs (
    film_id int PRIMARY KEY REFERENCES films (id),
    camera text,
    sound jsonb
  );
  INSERT INTO technical_specs VALUES
    (1, 'Éclair', '{"channels": 1}'), (2, 'Mitchell', '{"channels": 2}'), (3, 'Panaflex', '{"channels": 10}');

  CREATE TABLE actors (id int PRIMARY KEY, name text NOT NULL);
  INSERT INTO actors VALUES (1, 'Corinne Marchand'), (2, 'Takashi Shimura'), (3, 'Tatsuya Nakadai'), (4, 'Idle Hands');

  CREATE TABLE roles (
    film_id int REFERENCES films (id),
    actor_id int REFERENCES actors (id),
    character text,
    fee int,
    PRIMARY KEY (film_id, actor_id)
  );
  INSERT INTO roles VALUES
    (1, 1, 'Cléo', 100), (2, 2, 'Kanji', 200), (3, 3, 'Hidetora', 400), (2, 3, 'Doctor', 50), (3, 2, NULL, NULL);

  CREATE TABLE screenings (
    id int PRIMARY KEY,
    film_id int NOT NULL REFERENCES films (id),
    city text NOT NULL,
    seats int NOT NULL
  );
  INSERT INTO screenings VALUES
    (1, 1, 'Paris', 120), (2, 1, 'Lyon', 80), (3, 2, 'Tokyo', 300), (4, 2, 'Paris', 60), (5, 3, 'Tokyo', 250);

  CREATE VIEW old_films AS SELECT id, title, year, director_id FROM films WHERE year < 1960;

  CREATE FUNCTION decade(films) RETURNS text STABLE LANGUAGE sql
    AS $$ SELECT ($1.year / 10 * 10)::text || 's' $$;
  CREATE FUNCTION sequels(films) RETURNS SETOF films STABLE LANGUAGE sql
    AS $$ SELECT * FROM api.films WHERE sequel_of = $1.id $$;
  CREATE FUNCTION prequel(films) RETURNS SETOF films ROWS 1 STABLE LANGUAGE sql
    AS $$ SELECT * FROM api.films WHERE id = $1.sequel_of $$;
  CREATE FUNCTION films_of(director int) RETURNS SETOF films STABLE LANGUAGE sql
    AS $$ SELECT * FROM api.films WHERE director_id = director $$;

  CREATE DOMAIN colour AS int;
  CREATE FUNCTION colour_json(colour) RETURNS json IMMUTABLE LANGUAGE sql
    AS $$ SELECT to_json('#' || lpad(upper(to_hex($1)), 6, '0')) $$;
  CREATE FUNCTION colour_of_text(text) RETURNS colour IMMUTABLE LANGUAGE sql
    AS $$ SELECT ('x' || lpad(ltrim($1, '#'), 8, '0'))::bit(32)::int::colour $$;
  CREATE CAST (colour AS json) WITH FUNCTION colour_json(colour) AS IMPLICIT;
  CREATE CAST (text AS colour) WITH FUNCTION colour_of_text(text) AS IMPLICIT;
  CREATE TABLE posters (id int PRIMARY KEY, film_id int REFERENCES films (id), ink colour);
  INSERT INTO posters VALUES (1, 1, 255), (2, 2, 65280), (3, 3, NULL);

  CREATE TABLE clashing (t int, count int, rows text);
  INSERT INTO clashing VALUES (1, 7, 'r');
`;

/** Media type handlers on top: of one relation, of any, and of any media type. */
export const HANDLERS = `
  CREATE DOMAIN "text/tab-separated-values" AS text;
  CREATE FUNCTION tsv_line("text/tab-separated-values", studios) RETURNS "text/tab-separated-values" IMMUTABLE
    LANGUAGE sql AS $$ SELECT $1 || $2.id || E'\\t' || $2.name || E'\\n' $$;
  CREATE AGGREGATE tsv_agg(studios) (SFUNC = tsv_line, STYPE = "text/tab-separated-values", INITCOND = '');

  CREATE DOMAIN "application/octet-stream" AS bytea;
  CREATE FUNCTION first_byte("application/octet-stream", studios) RETURNS "application/octet-stream" IMMUTABLE
    LANGUAGE sql AS $$ SELECT $1 || decode(lpad(to_hex($2.id + 127), 2, '0'), 'hex') $$;
  CREATE AGGREGATE bytes_agg(studios) (SFUNC = first_byte, STYPE = "application/octet-stream", INITCOND = '');

  CREATE DOMAIN "text/xml" AS pg_catalog.xml;
  CREATE FUNCTION xml_step("text/xml", studios) RETURNS "text/xml" IMMUTABLE
    LANGUAGE sql AS $$ SELECT coalesce($1, xmlparse(CONTENT E'\\n<studios/>')) $$;
  CREATE AGGREGATE xml_of(studios) (SFUNC = xml_step, STYPE = "text/xml");

  CREATE DOMAIN "app/lines" AS text;
  CREATE FUNCTION any_line("app/lines", anyelement) RETURNS "app/lines" IMMUTABLE
    LANGUAGE sql AS $$ SELECT $1 || $2::text || E'\\n' $$;
  CREATE AGGREGATE lines_agg(anyelement) (SFUNC = any_line, STYPE = "app/lines", INITCOND = '');

  CREATE DOMAIN "application/json" AS json;
  CREATE FUNCTION counted("application/json", actors) RETURNS "application/json" IMMUTABLE
    LANGUAGE sql AS $$ SELECT json_build_object('actors', coalesce(($1->>'actors')::int, 0) + 1)::"application/json" $$;
  CREATE AGGREGATE json_count(actors) (SFUNC = counted, STYPE = "application/json", INITCOND = '{}');

  CREATE DOMAIN "*/*" AS text;
  CREATE VIEW anything AS SELECT id FROM studios;
  CREATE FUNCTION anything_line("*/*", anything) RETURNS "*/*" IMMUTABLE
    LANGUAGE sql AS $$ SELECT $1 || $2.id || ';' $$;
  CREATE AGGREGATE anything_agg(anything) (SFUNC = anything_line, STYPE = "*/*", INITCOND = '');

  CREATE TABLE quoted (a text, b text);
  INSERT INTO quoted VALUES ('with, comma', 'with "quote"'), (NULL, 'x');
  CREATE FUNCTION names_a_header() RETURNS boolean LANGUAGE sql
    AS $$ SELECT set_config('response.headers', '[{"X-Seen": "yes"}]', true) IS NOT NULL $$;
  CREATE VIEW talkative AS SELECT 1 AS id WHERE names_a_header();
`;
