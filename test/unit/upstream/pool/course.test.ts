import assert from "node:assert/strict";
import { test } from "node:test";
import { parseRoleName } from "../../../../src/base/ids.ts";
import { courseOf, endingOf } from "../../../../src/upstream/pool/course.ts";
import type { Statement, Transaction } from "../../../../src/upstream/pool/pool.ts";

const role = parseRoleName("web");
const main: Statement = { text: "MAIN", parameters: [], prepare: true, binary: false };
const plain: Transaction = { readOnly: true, settings: [], statements: [main], end: "commit" };

/** The first words of each statement, which is enough to tell them apart. */
const words = (statements: readonly Statement[]) =>
  statements.map(({ text }) => text.replace(/pg_catalog\.|\(.*/g, "").trim());

const TIDY = ["RESET ALL", "UNLISTEN *", "CLOSE ALL", "DISCARD TEMP", "SELECT pg_advisory_unlock_all"];
const TIDY_WRITE = ["SET CONSTRAINTS ALL IMMEDIATE", "DISCARD SEQUENCES", ...TIDY];
const FRONT = "SELECT set_config";

const rows: readonly (readonly [
  what: string,
  Partial<Transaction>,
  implicitBlocks: boolean,
  readonly string[],
])[] = [
  ["a read", {}, false, [FRONT, "MAIN", ...TIDY]],
  ["a write", { readOnly: false }, true, [FRONT, "MAIN", ...TIDY_WRITE]],
  [
    "a write before PostgreSQL 18",
    { readOnly: false },
    false,
    ["BEGIN", FRONT, "MAIN", ...TIDY_WRITE, "COMMIT"],
  ],
  [
    "a read that is rolled back",
    { end: "rollback" },
    true,
    ["BEGIN READ ONLY", FRONT, "MAIN", ...TIDY, "ROLLBACK"],
  ],
  [
    "a write with an isolation level",
    { readOnly: false, isolation: "serializable" },
    true,
    ["BEGIN ISOLATION LEVEL SERIALIZABLE", FRONT, "MAIN", ...TIDY_WRITE, "COMMIT"],
  ],
  [
    "a write that decides by its results",
    { readOnly: false, end: () => "commit" },
    true,
    ["BEGIN", FRONT, "MAIN"],
  ],
];

for (const [what, more, implicitBlocks, expected] of rows)
  test(`${what} is sent as ${expected.length} statements in this order`, () => {
    const { statements, from, last } = courseOf(
      { role, transaction: { ...plain, ...more } },
      { implicitBlocks, closely: false },
    );
    assert.deepEqual(words(statements), expected);
    assert.equal(statements[from], main);
    assert.equal(
      last === undefined ? undefined : words(statements)[last],
      typeof more.end === "function" ? undefined : TIDY.at(-1),
    );
  });

test("a transaction that saw its results is ended as it decides", () => {
  for (const [end, word] of [
    ["commit", "COMMIT"],
    ["rollback", "ROLLBACK"],
  ] as const) {
    const ending = endingOf({ ...plain, readOnly: false }, end, { implicitBlocks: true, closely: true });
    assert.deepEqual(words(ending), [...TIDY_WRITE, word]);
    assert.match(ending.at(-2)?.text ?? "", /from_sql/);
  }
});

test("role and settings are parameters, in order, and read-only comes last", () => {
  const settings = [
    ["search_path", "a, b"],
    ["request.path", "'); DROP"],
  ] as const;
  const [front] = courseOf(
    { role, transaction: { ...plain, settings } },
    { implicitBlocks: true, closely: false },
  ).statements;
  assert.deepEqual(front?.parameters, ["web", ...settings.flat(), "transaction_read_only", "on"]);
  assert.equal(front.text.match(/set_config/g)?.length, 4);
  assert.ok(!front.text.includes("DROP"));
  const none = courseOf(
    { role: undefined, transaction: { ...plain, readOnly: false } },
    { implicitBlocks: true, closely: false },
  );
  assert.deepEqual(none.statements[0]?.parameters, ["none"]);
});

test("what the login role sets comes before the role is taken, and after another one is given back", () => {
  const loginSettings = [["log_min_duration_statement", "1s"]] as const;
  const [front] = courseOf(
    { role, transaction: { ...plain, loginSettings, settings: [["a.b", "c"]] } },
    { implicitBlocks: true, closely: false },
  ).statements;
  assert.deepEqual(
    [front?.text.replaceAll("pg_catalog.", ""), front?.parameters],
    [
      "SELECT set_config('role', 'none', true), set_config($1, $2, true), set_config('role', $3, true), " +
        "set_config($4, $5, true), set_config($6, $7, true)",
      ["log_min_duration_statement", "1s", "web", "a.b", "c", "transaction_read_only", "on"],
    ],
  );
});

for (const name of ["role", "Session_Authorization"])
  test(`${name} is no setting that anybody but the pool makes`, () => {
    for (const more of [{ loginSettings: [[name, "postgres"]] }, { settings: [[name, "postgres"]] }] as const)
      assert.throws(
        () =>
          courseOf(
            { role, transaction: { ...plain, ...more } as Transaction },
            { implicitBlocks: true, closely: false },
          ),
        TypeError,
      );
  });

test("a read that others of its write follow leaves the clean-up to the last of them", () => {
  const { statements, last } = courseOf(
    { role, transaction: plain },
    { implicitBlocks: false, closely: true, followed: true },
  );
  assert.deepEqual(words(statements), [FRONT, "MAIN"]);
  assert.equal(last, undefined);
});
