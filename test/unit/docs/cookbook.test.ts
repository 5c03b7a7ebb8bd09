/** docs/policy-cookbook.md: its objects are taken as they stand, and every row of its tables is what happens. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { createProgram } from "../../../src/cli/program.ts";
import { loadConfig } from "../../../src/config/load.ts";
import type { Config } from "../../../src/config/schema.ts";
import { configOf } from "../../support/config-files.ts";
import { commonConfig, PAGE, type Recipe, recipe, recipes } from "../../support/cookbook.ts";
import { Kitchen } from "../../support/cookbook-kitchen.ts";

type Settings = Readonly<Record<string, unknown>>;

/** The page leaves out what is said elsewhere: where servers are, and how to log in to them. */
function complete(written: Settings): Config {
  const clusters = (written["clusters"] as readonly Settings[]).map((cluster) => ({
    hosts: [{ host: "db.internal" }],
    login: { method: "trust" },
    ...cluster,
  }));
  const value = { doors: { postgres: { defaultCluster: "main" } }, ...commonConfig, ...written, clusters };
  return configOf(loadConfig({ value, source: "docs/policy-cookbook.md", env: {} }));
}

async function cook(from: Recipe, config: Config): Promise<void> {
  const kitchen = new Kitchen(from, config);
  for (const step of from.steps) {
    const { who, groups, does, answer } = step;
    assert.equal(await kitchen.take(step), answer, `${who} (${groups.join(", ")}) ${does}`);
  }
}

test("the page has eleven recipes, each with objects and with what comes of them", () => {
  assert.deepEqual(
    recipes.map(({ title }) => Number.parseInt(title, 10)),
    Array.from({ length: 11 }, (_, index) => index + 1),
  );
  for (const { title, objects, steps } of recipes) {
    assert.ok(objects.length >= 2, title);
    assert.ok(steps.length >= 4, title);
    assert.ok(
      new Set(steps.map(({ answer }) => answer)).size >= 2,
      `${title} refuses nothing, or everything`,
    );
  }
});

suite("a recipe does what its table says", () => {
  const config = complete(commonConfig);
  for (const each of recipes) test(each.title, () => cook(each, config));
});

test("the mapping of token mode that a recipe leaves behind gave the same answers", async () => {
  const old = recipe(11);
  const [written = {}] = old.configs;
  const config = complete(written);
  assert.equal(config.clusters[0]?.decide.mode, "token");
  await cook(old, config);
});

test("the commands that the page shows are commands", () => {
  const known = new Set(createProgram().commands.map((command) => command.name()));
  const shown = [...PAGE.matchAll(/(?:^|`)postern ([\w-]+)/gm)].map(([, name = ""]) => name);
  assert.ok(shown.length >= 4);
  for (const name of shown) assert.ok(known.has(name), name);
});

test("the command that makes the narrow token makes the one of the request's body", () => {
  const { name, expiresIn, roles, cidrs } = recipe(8).token as {
    readonly [setting: string]: string | readonly string[];
  };
  const command = `postern token create --name "${name}" --expires ${expiresIn} --roles ${roles} --cidr ${cidrs}`;
  assert.ok(PAGE.includes(`\`${command}\``), command);
});
