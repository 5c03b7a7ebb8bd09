import assert from "node:assert/strict";
import { test } from "node:test";
import { openTelemetrySpans } from "../../../src/audit/spans.ts";
import { noSpans } from "../../../src/base/spans.ts";
import type { EndedSpan } from "../../support/recording-sdk.ts";
import { installSdk } from "../../support/recording-sdk.ts";

test("without an SDK nothing is traced", async () => {
  assert.equal(openTelemetrySpans(), noSpans);
  assert.equal(await noSpans.step("a step", async () => "its result"), "its result");
});

test("with an SDK each step is a span; one that fails says its code and not its message", async () => {
  const ended: EndedSpan[] = [];
  installSdk((span) => ended.push(span));
  const spans = openTelemetrySpans();
  const failure = Object.assign(new Error("password=hunter2"), { code: "wire/alpn" });
  await assert.rejects(
    spans.step("outer", async (note) => {
      note({ known: "so far" });
      assert.equal(await spans.step("inner", async () => "its result"), "its result");
      throw failure;
    }),
    failure,
  );
  assert.deepEqual(ended, [
    { span: "inner", parent: "outer", failed: false, attributes: {} },
    {
      span: "outer",
      parent: undefined,
      failed: true,
      attributes: { known: "so far", "error.type": "wire/alpn" },
    },
  ]);
});
