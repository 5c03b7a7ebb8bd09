import assert from "node:assert/strict";
import { test } from "node:test";
import { parseHead } from "../../../../../src/doors/rest/http/head.ts";
import { KnownFields } from "../../../../../src/doors/rest/http/known-fields.ts";

const BOUNDS = { targetBytes: 1000, headerBytes: 10_000 };
const head = (target: string, ...lines: readonly string[]) =>
  Buffer.from([`GET ${target} HTTP/1.1`, "Host: here", ...lines].join("\r\n"));

test("fields that came before are read once, whatever they are asked with", () => {
  const known = new KnownFields();
  const first = parseHead(head("/a", "Authorization: Bearer x"), BOUNDS, known);
  const second = parseHead(head("/b", "Authorization: Bearer x"), BOUNDS, known);
  assert.equal(second.headers, first.headers);
  assert.deepEqual([first.target, second.target], ["/a", "/b"]);
});

test("fields that differ in a single byte are other fields", () => {
  const known = new KnownFields();
  const seen = ["Bearer x", "Bearer X", "Bearer x.", "bearer x", "Bearer  x"].map(
    (value) => parseHead(head("/", `Authorization: ${value}`), BOUNDS, known).headers,
  );
  assert.equal(new Set(seen).size, seen.length);
  assert.deepEqual(
    seen.map((headers) => headers.get("authorization")),
    ["Bearer x", "Bearer X", "Bearer x.", "bearer x", "Bearer  x"],
  );
});

test("fields that are refused are refused again", () => {
  const known = new KnownFields();
  for (const line of ["Host: there", "A : b", " folded", "X: \x01", "Content-Length: 1\r\nContent-Length: 2"])
    for (let time = 0; time < 2; time++)
      assert.throws(() => parseHead(head("/", line), BOUNDS, known), { code: "http/malformed" }, line);
});

test("fields are read again once they were not met for two generations, and after all connections have left", () => {
  const known = new KnownFields();
  const read = () => parseHead(head("/", "Authorization: Bearer x"), BOUNDS, known).headers;
  let before = read();
  const start = 1_000_000;
  for (let generation = 0; generation < 5; generation++) {
    known.age(start + generation * 15_000);
    assert.equal(read(), before, "they are met in each generation");
  }
  known.age(start + 5 * 15_000);
  known.age(start + 6 * 15_000);
  assert.notEqual(read(), before);
  before = read();
  known.clear();
  assert.notEqual(read(), before);
});

test("who sends other fields each time drives others out, and fills no memory", () => {
  const known = new KnownFields();
  const read = (value: string) =>
    parseHead(head("/", `Authorization: Bearer ${value}`), BOUNDS, known).headers;
  const before = read("x");
  for (let n = 0; n < 600; n++) read(String(n));
  assert.notEqual(read("x"), before);
  const long = "x".repeat(5000);
  assert.notEqual(read(long), read(long), "long ones are not kept");
});
