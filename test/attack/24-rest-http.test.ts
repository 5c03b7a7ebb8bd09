import { join } from "node:path";
import { suite, test } from "node:test";
import { CASE_MS, suiteOnBun } from "../support/on-bun.ts";
import { cases } from "./rest-http/cases.ts";
import { onStage } from "./rest-http/stage.ts";

suite("HTTP on Node", () => {
  for (const [name, play] of cases) test(name, { timeout: CASE_MS }, () => onStage(play));
});

suiteOnBun("HTTP on Bun", join(import.meta.dirname, "rest-http/on-bun.ts"), cases);
