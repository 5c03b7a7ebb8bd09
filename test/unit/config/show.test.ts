import assert from "node:assert/strict";
import { test } from "node:test";
import { loadPostgrest } from "../../../src/config/compat/postgrest/load.ts";
import { showConfig } from "../../../src/config/show.ts";

test("a configuration is shown whole, without any of its secrets", () => {
  const env = {
    PGRST_DB_URI: "postgres://me:hunter2@localhost/app",
    PGRST_JWT_SECRET: "hunter2-hunter2-hunter2-hunter2-hunter2",
    PGRST_APP_SETTINGS_KEY: "hunter2",
    PGRST_OPENAPI_SERVER_PROXY_URI: "https://proxy:hunter2@api.example/base",
    PGRST_ADMIN_SERVER_PORT: "3001",
    POSTERN__ADMIN__TOKEN: "hunter2-hunter2-hunter2",
  };
  const loaded = loadPostgrest({ env });
  assert.ok(loaded.kind === "ok");
  const text = showConfig(loaded.config);
  assert.doesNotMatch(text, /hunter/);
  assert.ok(!text.includes(Buffer.from("hunter2-hunter2").toString("base64").slice(0, 12)));
  const { doors, clusters, issuers } = JSON.parse(text);
  assert.equal(doors.rest.openapi.serverProxyUri, "https://[secret]@api.example/base");
  assert.deepEqual(doors.rest.appSettings, { key: "[secret]" });
  assert.deepEqual(clusters[0].login.passwords, { me: "[secret]" });
  assert.equal(issuers[0].keys.secret, "[secret]");
  assert.equal(clusters[0].decide.roleClaim, "$.role");
});
