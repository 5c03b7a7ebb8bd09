import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { asTail } from "../../../src/audit/ledger/file-end.ts";
import type { FindingKind, Verdict } from "../../../src/audit/ledger/verdict.ts";
import { verifyLedger } from "../../../src/audit/ledger/verify.ts";
import { asLines, chainLines, checkpointsIn, newSigner, recordOf, sealAgain } from "../../support/ledger.ts";

const signer = newSigner();
const keys = [signer.publicKey];

/** Texts that a client may choose: line ends, escapes, quotes, any script, broken surrogates. */
const texts = fc.array(fc.string({ unit: "binary", maxLength: 20 }), { minLength: 4, maxLength: 25 });
const place = fc.nat();

async function verdictOf(
  lines: readonly string[],
  held: ReturnType<typeof checkpointsIn> = [],
): Promise<Verdict> {
  return verifyLedger(asLines(lines), { keys, held });
}

function kindsOf({ findings }: Verdict): FindingKind[] {
  return findings.map(({ kind }) => kind);
}

/** Runs a property on chains: `harm` returns what it made of one, and the first record that is wrong in it. */
function isFound(
  harm: (lines: readonly string[], at: number) => { readonly lines: readonly string[]; readonly seq: number },
) {
  return fc.assert(
    fc.asyncProperty(texts, place, async (sources, at) => {
      const whole = await chainLines(sources, { signer });
      const { lines, seq } = harm(whole, at);
      const { ok, findings } = await verdictOf(lines);
      assert.equal(ok, false);
      assert.equal(Math.min(...findings.map((finding) => finding.seq ?? Number.POSITIVE_INFINITY)), seq);
    }),
    { numRuns: 100 },
  );
}

test("a chain that nobody touched is found to be whole, signed to its end, whatever texts are in it", () =>
  fc.assert(
    fc.asyncProperty(texts, async (sources) => {
      const lines = await chainLines(sources, { signer });
      const { ok, findings, chains } = await verdictOf(lines, checkpointsIn(lines));
      assert.deepEqual(findings, []);
      assert.equal(ok, true);
      assert.deepEqual(
        chains.map(({ first, last, signedTo, heldTo }) => [first, last, signedTo, heldTo]),
        [[1, lines.length, lines.length - 1, lines.length - 1]],
      );
    }),
    { numRuns: 100 },
  ));

test("any character that is another one is found, in the record where it is", () =>
  fc.assert(
    fc.asyncProperty(
      texts,
      place,
      place,
      fc.string({ unit: "grapheme-ascii", minLength: 1, maxLength: 1 }),
      async (sources, at, column, other) => {
        const lines = [...(await chainLines(sources, { signer }))];
        const index = at % lines.length;
        const line = lines[index] ?? "";
        const cut = column % line.length;
        fc.pre(line[cut] !== other);
        lines[index] = `${line.slice(0, cut)}${other}${line.slice(cut + 1)}`;
        const { ok, findings } = await verdictOf(lines);
        assert.equal(ok, false);
        assert.equal(findings[0]?.where, `audit.jsonl:${index + 1}`);
      },
    ),
    { numRuns: 300 },
  ));

test("a record that was taken out is found", () =>
  isFound((lines, at) => {
    const index = at % (lines.length - 1);
    return { lines: lines.toSpliced(index, 1), seq: index + 1 };
  }));

test("records in another order are found", () =>
  isFound((lines, at) => {
    const index = at % (lines.length - 1);
    const [one = "", other = ""] = lines.slice(index);
    // The one that comes too early is told by the one that is missing before it.
    return { lines: lines.toSpliced(index, 2, other, one), seq: index + 1 };
  }));

test("a record that is there twice is found", () =>
  isFound((lines, at) => {
    const index = at % lines.length;
    return { lines: lines.toSpliced(index, 0, lines[index] ?? ""), seq: index + 1 };
  }));

test("a record that was edited and sealed anew, without those behind it, is found", () =>
  isFound((lines, at) => {
    const index = at % (lines.length - 1);
    const record = recordOf(lines[index]);
    // At its own time: a checkpoint, which says its time, would tell any other by itself.
    const before = { ...asTail(record), seq: index, hash: record.prev };
    const [forged = ""] = sealAgain([{ ...record.event, source: "forged" }], before);
    return { lines: lines.toSpliced(index, 1, forged), seq: index + 2 };
  }));

test("a record of another chain in the place of one is found", () =>
  fc.assert(
    fc.asyncProperty(texts, place, async (sources, at) => {
      const [one, other] = await Promise.all([
        chainLines(sources, { signer }),
        chainLines(sources, { signer }),
      ]);
      const index = at % (one.length - 1);
      const { ok, findings } = await verdictOf(one.toSpliced(index, 1, other[index] ?? ""));
      assert.equal(ok, false);
      assert.ok(findings.some(({ kind, seq }) => kind === "missing" && seq === index + 1));
    }),
    { numRuns: 100 },
  ));

test("a chain whose end was cut off is found by a checkpoint that was held elsewhere", () =>
  fc.assert(
    fc.asyncProperty(texts, place, async (sources, at) => {
      const lines = await chainLines(sources, { signer });
      const [last] = checkpointsIn(lines).slice(-1);
      assert.ok(last);
      const left = lines.slice(0, at % last.seq);
      const verdict = await verdictOf(left, [last]);
      assert.ok(kindsOf(verdict).includes("truncated"));
      assert.equal(verdict.findings.find(({ kind }) => kind === "truncated")?.seq, left.length + 1);
    }),
    { numRuns: 100 },
  ));

/** A chain with the record at `index` edited, and every one behind it sealed anew. */
function rewritten(
  lines: readonly string[],
  index: number,
  events = lines.map((line) => recordOf(line).event),
) {
  const record = recordOf(lines[index]);
  const before = { ...asTail(record), seq: index, hash: record.prev };
  const edited = events.slice(index).map((event, n) => (n === 0 ? { ...event, source: "forged" } : event));
  return [...lines.slice(0, index), ...sealAgain(edited, before)];
}

test("a chain that was sealed anew from an edited record on is found by the checkpoints behind it", () =>
  fc.assert(
    fc.asyncProperty(texts, place, async (sources, at) => {
      const lines = await chainLines(sources, { signer });
      const forged = rewritten(lines, at % (lines.length - 2));
      assert.ok(kindsOf(await verdictOf(forged)).includes("replayed"));
    }),
    { numRuns: 100 },
  ));

test("a chain whose checkpoints were all taken out before it was sealed anew is found to be unsigned", () =>
  fc.assert(
    fc.asyncProperty(texts, async (sources) => {
      const lines = await chainLines(sources, { signer });
      const events = lines.map((line) => recordOf(line).event);
      const bare = events.filter(({ event }) => event !== "ledger.checkpoint.v1");
      const first = recordOf(lines[0]);
      const forged = sealAgain(bare, { ...asTail(first), seq: 0, hash: first.prev });
      assert.deepEqual(kindsOf(await verdictOf(forged)), ["unsigned"]);
    }),
    { numRuns: 50 },
  ));

test("a chain that was written anew and signed with another key is found by the signatures", () =>
  fc.assert(
    fc.asyncProperty(texts, async (sources) => {
      const forged = await chainLines(sources, { signer: newSigner() });
      assert.ok(kindsOf(await verdictOf(forged)).includes("signature"));
    }),
    { numRuns: 50 },
  ));

test("a chain that was written anew with the stolen key is found by any checkpoint that was held elsewhere", () =>
  fc.assert(
    fc.asyncProperty(texts, place, async (sources, at) => {
      const lines = await chainLines(sources, { signer });
      const forged = await chainLines(["forged", ...sources], { signer });
      const checkpoints = checkpointsIn(lines);
      const held = checkpoints[at % checkpoints.length];
      assert.ok(held);
      assert.equal((await verdictOf(forged)).ok, true, "nothing in the chain itself can show it");
      // Its chain has another name; under the same name it would be another history.
      const renamed = { ...held, node: recordOf(forged[0]).node };
      assert.deepEqual(kindsOf(await verdictOf(forged, [held])), ["truncated"]);
      const verdict = await verifyLedger(asLines(forged), { keys: [], held: [renamed] });
      assert.ok(kindsOf(verdict).some((kind) => kind === "rewritten" || kind === "truncated"));
    }),
    { numRuns: 50 },
  ));

test("an old checkpoint that is put at the end again is found", () =>
  fc.assert(
    fc.asyncProperty(texts, place, async (sources, at) => {
      const lines = await chainLines(sources, { signer });
      const checkpoints = lines.map(recordOf).filter(({ event }) => event.event === "ledger.checkpoint.v1");
      const old = checkpoints[at % checkpoints.length];
      assert.ok(old);
      const forged = [...lines, ...sealAgain([old.event], asTail(recordOf(lines.at(-1))))];
      const verdict = await verdictOf(forged);
      assert.deepEqual(
        verdict.findings.map(({ kind, seq }) => [kind, seq]),
        [["replayed", forged.length]],
      );
    }),
    { numRuns: 100 },
  ));
