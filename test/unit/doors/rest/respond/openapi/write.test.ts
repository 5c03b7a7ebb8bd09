import assert from "node:assert/strict";
import { test } from "node:test";
import type { Catalog } from "../../../../../../src/doors/rest/catalog/types.ts";
import { keptDocument } from "../../../../../../src/doors/rest/respond/openapi/kept.ts";
import { writeSections } from "../../../../../../src/doors/rest/respond/openapi/write.ts";

const text = (pieces: readonly Buffer[]) => Buffer.concat(pieces).toString("utf8");

test("the pieces are one JSON object, whatever its members are called", async () => {
  const members = [
    ["__proto__", { a: 1 }],
    ['"\\', { b: "é\u2028" }],
    ["", {}],
  ] as const;
  const pieces = await writeSections({
    head: { x: 1 },
    sections: [
      ["one", members],
      ["none", []],
    ],
  });
  assert.equal(text(pieces), `{"x":1,"one":{"__proto__":{"a":1},"\\"\\\\":{"b":"é\u2028"},"":{}},"none":{}}`);
});

test("others have their turn while a large description is written", async () => {
  const members = Array.from({ length: 5000 }, (_, at) => [`t${at}`, { name: "x".repeat(1000) }] as const);
  let turns = 0;
  let writing = true;
  const turn = () => {
    turns += 1;
    if (writing) setImmediate(turn);
  };
  setImmediate(turn);
  let ms = 0;
  const pieces = await writeSections({ head: {}, sections: [["definitions", members]] }, () => ms++);
  writing = false;
  assert.ok(turns > 500, `${turns} turns`);
  assert.ok(pieces.length > 50);
  assert.equal(Object.keys((JSON.parse(text(pieces)) as { definitions: object }).definitions).length, 5000);
});

const catalogOf = () => ({}) as Catalog;

test("a description is written once for all who ask for the same", async () => {
  const catalog = catalogOf();
  let written = 0;
  const write = async () => [Buffer.from(String(++written))];
  const [first, second] = await Promise.all([
    keptDocument(catalog, "a", write),
    keptDocument(catalog, "a", write),
  ]);
  assert.equal(text(first), "1");
  assert.equal(second, first);
  assert.equal(text(await keptDocument(catalog, "b", write)), "2");
  assert.equal(text(await keptDocument(catalogOf(), "a", write)), "3", "another catalog has others");
});

test("of many descriptions the oldest are forgotten, and one that could not be written is not kept", async () => {
  const catalog = catalogOf();
  let written = 0;
  const write = async () => [Buffer.from(String(++written))];
  for (let at = 0; at < 20; at++) await keptDocument(catalog, `k${at}`, write);
  assert.equal(text(await keptDocument(catalog, "k19", write)), "20");
  assert.equal(text(await keptDocument(catalog, "k0", write)), "21");
  const fails = () => Promise.reject(new Error("no"));
  await assert.rejects(keptDocument(catalog, "x", fails));
  assert.equal(text(await keptDocument(catalog, "x", write)), "22");
});
