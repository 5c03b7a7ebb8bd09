import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { after, before, describe } from "node:test";
import { debianPostgresMissing, startDebianPostgres } from "../../../../support/debian-postgres.ts";
import { testFeature } from "../../../../support/feature.ts";
import { type Reads, readsOf, testReads } from "../../../../support/rest-reads.ts";

const missing =
  debianPostgresMissing ||
  (existsSync("/usr/share/postgresql/15/extension/postgis.control")
    ? false
    : "needs PostGIS: apt-get install postgresql-15-postgis-3");

const SHOPS = `
  CREATE EXTENSION postgis SCHEMA public;
  CREATE SCHEMA api;
  CREATE TABLE api.shops (id int PRIMARY KEY, name text, place public.geometry(POINT, 4326));
  INSERT INTO api.shops VALUES (1, 'Corner', 'SRID=4326;POINT(-71.1 42.3)'), (2, 'Market', 'SRID=4326;POINT(-71.2 42.4)');
  CREATE TABLE api.plain (id int);
  INSERT INTO api.plain VALUES (1);
`;

/** PostGIS is not among the extensions of the embedded server. */
describe("GeoJSON", { skip: missing }, () => {
  let reads: Reads;
  before(async () => {
    reads = await readsOf(await startDebianPostgres(SHOPS));
  });
  after(() => reads.stop());

  const geojson = "application/geo+json";
  const feature = (coordinates: readonly number[], properties: object) => ({
    type: "Feature",
    geometry: { type: "Point", coordinates },
    properties,
  });

  testFeature({ feature: "representation.geojson" }, "rows with a geometry are features", async () => {
    const { body } = await reads.read("/shops?select=name,place&id=eq.1", { accept: geojson });
    assert.deepEqual(JSON.parse(String(body)), {
      type: "FeatureCollection",
      features: [feature([-71.1, 42.3], { name: "Corner" })],
    });
  });

  testReads(
    () => reads,
    [
      {
        read: "/shops?order=id",
        accept: geojson,
        gives: {
          type: "FeatureCollection",
          features: [
            feature([-71.1, 42.3], { id: 1, name: "Corner" }),
            feature([-71.2, 42.4], { id: 2, name: "Market" }),
          ],
        },
      },
      { read: "/shops?id=eq.9", accept: geojson, gives: { type: "FeatureCollection", features: [] } },
      { read: "/plain", accept: geojson, refuses: { code: "22023", message: "geometry column is missing" } },
    ],
  );
});
