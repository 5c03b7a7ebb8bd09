import assert from "node:assert/strict";
import { test } from "node:test";
import { advice, nearest } from "../../../src/config/suggest.ts";
import { parseDuration, parseSize } from "../../../src/config/units.ts";

test("the nearest word is found over slips, swaps, case and separators", () => {
  const words = ["connections", "connectionsPerIdentity", "handshakeTimeout", "port", "host"];
  for (const [written, meant] of [
    ["conections", "connections"],
    ["connectionsPerIdentiy", "connectionsPerIdentity"],
    ["HANDSHAKE_TIMEOUT", "handshakeTimeout"],
    ["prot", "port"],
    ["hosts", "host"],
  ] as const)
    assert.equal(nearest(written, words), meant);
});

test("a word that resembles nothing gets the list instead of a guess", () => {
  assert.equal(nearest("colour", ["port", "host"]), undefined);
  assert.equal(advice("colour", ["port", "host"]), "it can be port, host");
  assert.equal(advice("colour", []), "see docs/configuration.md");
  assert.equal(nearest("x".repeat(10_000), ["port"]), undefined);
});

test("durations and sizes are a whole number and a unit, and nothing else", () => {
  for (const [text, ms] of [
    ["500ms", 500],
    ["30s", 30_000],
    ["5m", 300_000],
    ["8h", 28_800_000],
    ["1d", 86_400_000],
    ["0s", 0],
  ] as const)
    assert.equal(parseDuration(text), ms);
  for (const [text, bytes] of [
    ["512B", 512],
    ["64kB", 65_536],
    ["1MB", 1_048_576],
  ] as const)
    assert.equal(parseSize(text), bytes);
  for (const text of ["", "5", "s", "-1s", "1.5h", "1 s", "1S", "1w", "9999999999s", "٣s", "1s\n"]) {
    assert.equal(parseDuration(text), undefined, text);
    assert.equal(parseSize(text), undefined, text);
  }
});
