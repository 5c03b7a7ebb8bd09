import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { parseConfigFile } from "../../../../../src/config/compat/postgrest/config-file.ts";
import { dumpSettings, exampleSettings } from "../../../../../src/config/compat/postgrest/dump.ts";
import { loadPostgrest } from "../../../../../src/config/compat/postgrest/load.ts";
import { SETTING_NAMES } from "../../../../../src/config/compat/postgrest/settings.ts";
import { faultText } from "../../../../../src/config/errors.ts";
import { directoryWith } from "../../../../support/config-files.ts";
import { testFeature } from "../../../../support/feature.ts";

type Variables = Readonly<Record<string, string>>;

const SECRETS = {
  PGRST_DB_URI: "postgres://me:hunter2@localhost/app",
  PGRST_JWT_SECRET: "hunter2-hunter2-hunter2-hunter2-hunter2",
  PGRST_APP_SETTINGS_KEY: "hunter2",
};

function dump(env: Variables, file?: string): string {
  const loaded = loadPostgrest({ env, file });
  return loaded.kind === "ok" ? dumpSettings(loaded.values) : loaded.faults.map(faultText).join("\n");
}

testFeature(
  { feature: "cli.dump-config" },
  "the settings in force are shown sorted, as a file that PostgREST reads, without secrets",
  () => {
    const lines = dump({ ...SECRETS, PGRST_DB_SCHEMAS: "a,  b", PGRST_SERVER_HOST: "127.0.0.1" }).split("\n");
    assert.deepEqual(lines, [...lines].sort());
    assert.equal(lines.length, SETTING_NAMES.length + 1);
    for (const line of [
      'admin-server-host = "127.0.0.1"',
      'admin-server-port = ""',
      'app.settings.key = "[secret]"',
      'db-hoisted-tx-settings = "statement_timeout,plan_filter.statement_cost_limit,default_transaction_isolation"',
      "db-pool = 10",
      'db-schemas = "a,b"',
      'db-uri = "[secret]"',
      'jwt-role-claim-key = "$$.role"',
      'jwt-secret = "[secret]"',
      "log-query = false",
    ])
      assert.ok(lines.includes(line), line);
    assert.doesNotMatch(lines.join("\n"), /hunter/);
  },
);

test("what was shown and is read again is shown the same", (t) => {
  const first = dump({ ...SECRETS, PGRST_SERVER_TRACE_HEADER: "X-Id", PGRST_DB_MAX_ROWS: "5" });
  const file = join(directoryWith(t, { "postgrest.conf": first }), "postgrest.conf");
  assert.equal(dump(SECRETS, file), first);
});

testFeature({ feature: "cli.example" }, "the example names every setting, and can be used as it is", (t) => {
  const example = exampleSettings();
  for (const name of SETTING_NAMES) assert.match(example, new RegExp(`^(# )?${name} = `, "m"), name);
  const uncommented = example.replaceAll(/^# /gm, "");
  assert.equal(parseConfigFile(uncommented, {}).kind, "ok");
  const file = join(directoryWith(t, { "postgrest.conf": uncommented }), "postgrest.conf");
  assert.match(dump({ PGRST_JWT_SECRET: SECRETS.PGRST_JWT_SECRET }, file), /^db-anon-role = "anon"$/m);
});
