import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { pgbenchScript } from "../../../../bench/rest/pgbench-script.ts";
import { executed } from "../../../../bench/rest/statement-log.ts";

const VARIED = { id: "no value is this one", ids: 9 };
const AT = "2026-11-24 09:35:15.255 UTC [123] ";

const values = fc.array(
  fc.string({ unit: "binary" }).filter((text) => !text.includes("\0")),
  {
    minLength: 1,
    maxLength: 12,
  },
);

function statement(count: number): string {
  return `SELECT ${Array.from({ length: count }, (_, i) => `$${i + 1}::text`).join(", ")}`;
}

/** As PostgreSQL writes it: quotes doubled, a tab after each line break. */
function logged(text: string, parameters: readonly string[]): readonly string[] {
  const list = parameters.map((value, i) => `$${i + 1} = '${value.replaceAll("'", "''")}'`).join(", ");
  const message = (severity: string, body: string) => `${AT}${severity}:  ${body.replaceAll("\n", "\n\t")}`;
  const log = `${message("LOG", `execute postern_1: ${text}`)}\n${message("DETAIL", `Parameters: ${list}`)}`;
  return log.split("\n");
}

test("whatever the values are, they come back from the log as they were", () => {
  fc.assert(
    fc.property(values, (parameters) => {
      const text = statement(parameters.length);
      assert.deepEqual(executed(logged(text, parameters)), [{ backend: "123", text, parameters }]);
    }),
  );
});

test("whatever the values are, the script is the same: they are variables and never part of a statement", () => {
  fc.assert(
    fc.property(values, (parameters) => {
      const text = statement(parameters.length);
      const script = pgbenchScript(executed(logged(text, parameters)), VARIED);
      const plain = pgbenchScript([{ backend: "123", text, parameters: parameters.map(() => "x") }], VARIED);
      assert.equal(script.text, plain.text);
      const given = script.variables.filter(([name]) => name !== "prepared").map(([, value]) => value);
      assert.deepEqual(given, parameters);
    }),
  );
});
