import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { parse, stringify } from "yaml";
import { MIGRATIONS } from "../../../src/store/migrations/all.ts";
import { exampleDirectory, readIn, shell, writeIn } from "../../support/postern.ts";
import type { TestPostgres } from "../../support/postgres.ts";
import { startPostgres } from "../../support/postgres.ts";
import { createStoreDatabase, storeSettings } from "../../support/store.ts";

let postgres: TestPostgres;
before(async () => {
  postgres = await startPostgres();
  await createStoreDatabase(postgres);
});
after(() => postgres.stop());

test("postern migrate tells what it would do, does it, and has nothing more to do", (t) => {
  const directory = exampleDirectory(t);
  const settings = { ...parse(readIn(directory, "postern.yaml")), store: storeSettings(postgres) };
  writeIn(directory, "postern.yaml", stringify(settings));
  const steps = (verb: string) =>
    MIGRATIONS.map(({ version, name }) => `${verb} ${version}: ${name}\n`).join("");
  const dry = shell("postern migrate --dry-run", directory);
  assert.deepEqual(dry, { code: 0, stdout: steps("would apply"), stderr: "" });
  const done = shell("postern migrate --config postern.yaml", directory);
  assert.deepEqual(done, { code: 0, stdout: steps("applied"), stderr: "" });
  const { stdout } = shell("postern migrate --json", directory);
  assert.deepEqual(JSON.parse(stdout), { applied: [], version: MIGRATIONS.length, dryRun: false });
});

test("postern migrate says what is wrong in one line, without the password", (t) => {
  const directory = exampleDirectory(t);
  const none = shell("postern migrate", directory);
  assert.equal(none.code, 1);
  assert.equal(
    none.stderr,
    "postern: postern.yaml: store: there is no store in the configuration; add store.url or store.embedded to it\n",
  );
  const store = storeSettings(postgres, { password: "hunter2-hunter2" });
  writeIn(directory, "postern.yaml", stringify({ ...parse(readIn(directory, "postern.yaml")), store }));
  const refused = shell("postern migrate", directory);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /^postern: postern\.yaml: store: password authentication failed [^\n]*\n$/);
  assert.doesNotMatch(refused.stderr, /hunter2/);
});
