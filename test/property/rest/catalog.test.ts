import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { distance, mostSimilar } from "../../../src/doors/rest/catalog/find/similarity.ts";
import { type ViewColumn, viewColumns } from "../../../src/doors/rest/catalog/node-tree.ts";

/** outfuncs.c puts a backslash before white space and brackets of a name. */
function token(name: string): string {
  return name === "" ? '""' : name.replaceAll(/[ \n\t(){}\\]/g, "\\$&").replace(/^["<0-9+-]/, "\\$&");
}

interface Entry extends ViewColumn {
  readonly name: string;
  readonly junk: boolean;
  /** What is computed: any expression, also one with queries in it. */
  readonly expression: string;
}

function targetEntry(entry: Entry): string {
  const { number, name, relation, column, junk, expression } = entry;
  return `{TARGETENTRY :expr ${expression} :resno ${number} :resname ${token(name)} :ressortgroupref 0 :resorigtbl ${relation} :resorigcol ${column} :resjunk ${junk}}`;
}

function query(entries: readonly Entry[], inner: string, after: string): string {
  const targets = entries.length === 0 ? "<>" : `(${entries.map(targetEntry).join(" ")})`;
  return `{QUERY :commandType 1 :rtable ({RANGETBLENTRY :alias {ALIAS :aliasname x :colnames ("a" "b\\ c")} :subquery ${inner} :relkind r}) :jointree {FROMEXPR :fromlist ({RANGETBLREF :rtindex 1}) :quals <>} :targetList ${targets} :override 0 :limitCount ${after}}`;
}

const { entryList, tree } = fc.letrec<{ entryList: readonly Entry[]; tree: string }>((tie) => ({
  entryList: fc.array(
    fc.record({
      number: fc.integer({ min: 1, max: 1600 }),
      relation: fc.oneof(fc.constant("0"), fc.integer({ min: 1, max: 4_294_967_295 }).map(String)),
      column: fc.integer({ min: -7, max: 1600 }),
      junk: fc.boolean(),
      name: fc.oneof(fc.string(), fc.constantFrom(":targetList", "{TARGETENTRY", ":resno 1", "a)(b", "}")),
      expression: fc.oneof(
        { maxDepth: 3, withCrossShrink: true },
        fc.constant("{VAR :varno 1 :varattno 1 :location -1}"),
        tie("tree").map((inner) => `{SUBLINK :subselect ${inner} :location 9}`),
      ),
    }),
    { maxLength: 4 },
  ),
  tree: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.constant("<>"),
    fc
      .tuple(tie("entryList"), tie("tree"), tie("tree"))
      .map(([entries, inner, after]) => query(entries, inner, after)),
  ),
}));

test("a view's columns are those of its own target list, whatever queries are nested around it", () => {
  fc.assert(
    fc.property(entryList, tree, tree, (entries, inner, after) => {
      const expected = entries
        .filter(({ relation, column, junk }) => relation !== "0" && column > 0 && !junk)
        .map(({ number, relation, column }) => ({ number, relation, column }));
      assert.deepEqual(viewColumns(`(${query(entries, inner, after)})`), expected);
    }),
    { numRuns: 300 },
  );
});

test("a parse tree that was cut off or garbled gives columns or none, and ends", () => {
  const pieces = fc.constantFrom(
    "{",
    "}",
    "(",
    ")",
    "\\",
    " ",
    ":targetList",
    ":resno",
    ":resorigtbl",
    "1",
    "x",
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.array(pieces).map((all) => all.join("")),
        fc.string(),
      ),
      (text) => {
        for (const column of viewColumns(text)) assert.ok(column.number > 0 && column.column > 0);
      },
    ),
  );
  fc.assert(
    fc.property(entryList, fc.nat(), (entries, cut) => {
      const whole = `(${query(entries, "<>", "<>")})`;
      const all = viewColumns(whole);
      const some = viewColumns(whole.slice(0, cut % whole.length));
      assert.deepEqual(some, all.slice(0, some.length));
    }),
  );
});

const word = fc.string({ unit: fc.constantFrom("a", "b", "c", "_", "Z", "ü"), maxLength: 12 });

/** The plain definition, without any short cut. */
function best(wanted: string, candidates: readonly string[], least: number): number {
  const scores = candidates.map((one) => {
    const longest = Math.max(one.length, wanted.length);
    return longest === 0 ? 0 : 1 - distance(wanted.toLowerCase(), one.toLowerCase()) / longest;
  });
  return Math.max(-1, ...scores.filter((score) => score > least - 1e-9));
}

test("what is suggested is as alike as the best there is, and never less than was asked for", () => {
  fc.assert(
    fc.property(word, fc.array(word), fc.constantFrom(0.2, 0.33, 0.75), (wanted, candidates, least) => {
      const found = mostSimilar(wanted, candidates, least);
      const expected = best(wanted, candidates, least);
      if (found === undefined) assert.equal(expected <= 0, true, `${expected}`);
      else {
        assert.ok(candidates.includes(found));
        assert.ok(Math.abs(best(wanted, [found], least) - expected) < 1e-9);
      }
    }),
    { numRuns: 1000 },
  );
});

test("the distance of two words is a metric", () => {
  fc.assert(
    fc.property(word, word, word, (a, b, c) => {
      assert.equal(distance(a, a), 0);
      assert.equal(distance(a, b), distance(b, a));
      assert.ok(distance(a, c) <= distance(a, b) + distance(b, c));
      assert.ok(distance(a, b) >= Math.abs(a.length - b.length));
      assert.ok(distance(a, b) <= Math.max(a.length, b.length));
    }),
  );
});

test("the search for what was meant looks at ten thousand names, and gives up where comparing them costs too much", () => {
  const looked = (wanted: string, nameOf: (n: number) => string): number => {
    let count = 0;
    const names = function* () {
      for (; count < 10_000; count++) yield nameOf(count);
    };
    mostSimilar(wanted, names(), 0.3);
    return count;
  };
  const letters = "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz0123456789";
  assert.equal(
    looked("customers", (n) => `${(n * 7919).toString(36)}_of_${n}`),
    10_000,
  );
  assert.ok(
    looked([...letters].reverse().join(""), (n) => letters.slice(n % 60) + letters.slice(0, n % 60)) < 2000,
  );
});
