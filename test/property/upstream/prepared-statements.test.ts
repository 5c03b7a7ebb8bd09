import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Statement } from "../../../src/upstream/pool/pool.ts";
import {
  LONGEST_NAMED,
  MAX_CHARS,
  type Prepared,
  PreparedStatements,
} from "../../../src/upstream/pool/prepared-statements.ts";

const LIMIT = 4;
const statement = (text: string, parameterTypes?: readonly number[]): Statement => ({
  text,
  parameters: [],
  prepare: true,
  binary: false,
  ...(parameterTypes === undefined ? {} : { parameterTypes }),
});

const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant("use" as const),
      text: fc.constantFrom(..."abcdefgh"),
      works: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: "fail" as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: "forget" as const }) },
);

test("a name always means the same text, the least recently used go first, and the server is told of each once", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const kept = new PreparedStatements(LIMIT);
      /** What the server has: name → text. */
      const server = new Map<string, string>();
      /** What should be kept, least recently used first: text → whether the server has it. */
      const model = new Map<string, boolean>();
      /** The latest of each text, whether it is kept or not. */
      const used = new Map<string, Prepared>();
      for (const one of steps) {
        if (one.kind === "use") {
          const prepared = kept.use(statement(one.text));
          assert.ok(prepared);
          const known = model.get(one.text) ?? false;
          assert.equal(prepared.state === "known", known);
          if (known) assert.equal(server.get(prepared.name), one.text);
          else assert.ok(!server.has(prepared.name), "a name is used again");
          if (one.works) {
            prepared.state = "known";
            server.set(prepared.name, one.text);
          }
          used.set(one.text, prepared);
          model.delete(one.text);
          model.set(one.text, known || one.works);
          const [oldest = ""] = model.keys();
          if (model.size > LIMIT) model.delete(oldest);
        } else if (one.kind === "fail") {
          kept.forget([...used.values()].filter(({ state }) => state !== "known"));
          for (const [name, known] of model) if (!known) model.delete(name);
        } else {
          kept.forgetAll();
          model.clear();
        }
        for (const name of kept.evicted()) server.delete(name);
        assert.deepEqual(kept.evicted(), []);
        assert.equal(kept.size, model.size);
        assert.deepEqual(
          new Set(server.values()),
          new Set([...model].flatMap(([name, known]) => (known ? [name] : []))),
        );
      }
    }),
  );
});

test("the types of its parameters are part of a statement", () => {
  const kept = new PreparedStatements(LIMIT);
  const names = [statement("a"), statement("a", [25]), statement("a", [17]), statement("a", [17, 0])].map(
    (one) => kept.use(one)?.name,
  );
  assert.equal(new Set(names).size, 4);
  assert.equal(kept.use(statement("a", [17]))?.name, names[2]);
});

test("what is not to be prepared gets no name, and nothing does when none are kept", () => {
  assert.equal(new PreparedStatements(LIMIT).use({ ...statement("a"), prepare: false }), undefined);
  assert.equal(new PreparedStatements(0).use(statement("a")), undefined);
});

test("long statements drive out others before they fill the server's memory, and very long ones get no name", () => {
  const kept = new PreparedStatements(1000);
  const text = (n: number, length: number) => String(n).padEnd(length, "x");
  for (let n = 0; n < 100; n++) {
    assert.ok(kept.use(statement(text(n, LONGEST_NAMED))));
    assert.ok(kept.use(statement("often used")));
  }
  assert.equal(kept.size, MAX_CHARS / LONGEST_NAMED);
  assert.equal(kept.evicted().length, 101 - kept.size);
  assert.equal(kept.use(statement(text(0, LONGEST_NAMED + 1))), undefined);
  kept.forgetAll();
  for (let n = 0; n < 1001; n++) kept.use(statement(text(n, 100)));
  assert.equal(kept.size, 1000);
});
