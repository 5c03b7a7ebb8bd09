import type { TestContext } from "node:test";
import { test } from "node:test";

/** A test that shows a feature of docs/postgrest.md: `testFeature({ feature: "cli.ready" }, "what a user sees", …)`. */
export function testFeature(
  { feature }: { readonly feature: string },
  title: string,
  body: (t: TestContext) => void | Promise<void>,
): void {
  test(`${feature}: ${title}`, body);
}
