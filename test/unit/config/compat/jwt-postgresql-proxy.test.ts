// biome-ignore-all lint/suspicious/noTemplateCurlyInString: a password may look like a reference

import assert from "node:assert/strict";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { test } from "node:test";
import { loadProxyConfig } from "../../../../src/config/compat/jwt-postgresql-proxy.ts";
import { faultText } from "../../../../src/config/errors.ts";
import type { Env } from "../../../../src/config/overlay.ts";
import { tokenDecisionOf } from "../../../support/bearer.ts";
import { configOf, directoryWith } from "../../../support/config-files.ts";

function environment(t: TestContext): Record<string, string> {
  const directory = directoryWith(t, { "cert.pem": "cert", "key.pem": "key" });
  return {
    PUBLIC_KEYS__10: "third",
    PUBLIC_KEYS__0: "first\\nline",
    PUBLIC_KEYS__2: "second",
    UPSTREAM__HOST: "db.internal",
    UPSTREAM__PORT: "5433",
    UPSTREAM__PASSWORD: "hun${ter}2",
    DOWNSTREAM__IP: "",
    DOWNSTREAM__PORT: "7777",
    DOWNSTREAM__CERTFILE: join(directory, "cert.pem"),
    DOWNSTREAM__KEYFILE: join(directory, "key.pem"),
  };
}

function faults(env: Env): string[] {
  const result = loadProxyConfig(env);
  return result.kind === "faults" ? result.faults.map(faultText) : [];
}

test("the environment of jwt-postgresql-proxy alone is a whole configuration", (t) => {
  const config = configOf(loadProxyConfig(environment(t)));
  assert.deepEqual(config.issuers[0]?.keys.pem, ["first\nline", "second", "third"]);
  assert.equal(config.issuers[0]?.issuer, undefined);
  const door = config.doors.postgres;
  assert.deepEqual([door?.host, door?.port], ["", 7777]);
  const cluster = config.clusters[0];
  assert.deepEqual(cluster?.hosts, [{ host: "db.internal", port: 5433 }]);
  assert.equal(cluster?.tls.mode, "prefer");
  assert.equal(cluster?.privilegedRoles, "any");
  assert.equal(String(tokenDecisionOf(cluster).roleClaim), "$.sub");
  assert.ok(cluster?.login.method === "shared-password");
  assert.equal(cluster.login.password.reveal(), "hun${ter}2");
});

test("each missing variable is named, alone and with all the others", (t) => {
  const env = environment(t);
  for (const name of Object.keys(env).filter((one) => !one.startsWith("PUBLIC_KEYS"))) {
    const { [name]: _, ...rest } = env;
    assert.deepEqual(faults(rest), [`environment: ${name} is missing; set it and start again`]);
  }
  assert.deepEqual(faults({ DOWNSTREAM__IP: "", UPSTREAM__HOST: "" }), [
    "environment: PUBLIC_KEYS__0, UPSTREAM__HOST, UPSTREAM__PORT, UPSTREAM__PASSWORD, DOWNSTREAM__PORT, DOWNSTREAM__CERTFILE, DOWNSTREAM__KEYFILE are missing; set them and start again",
  ]);
});

test("a port that is none is refused by its variable's name", (t) => {
  assert.deepEqual(faults({ ...environment(t), UPSTREAM__PORT: "0", DOWNSTREAM__PORT: "5432x" }), [
    "environment UPSTREAM__PORT: is no port; write a whole number from 1 to 65535",
    "environment DOWNSTREAM__PORT: is no port; write a whole number from 0 to 65535",
  ]);
});

test("Postern's own variables are laid over it", (t) => {
  const env = {
    ...environment(t),
    POSTERN__LIMITS__FAILED_LOGINS_PER_ADDRESS: "0",
    POSTERN__CLUSTERS__0__TLS__MODE: "verify-full",
  };
  const config = configOf(loadProxyConfig(env));
  assert.equal(config.limits.failedLoginsPerAddress, 0);
  assert.equal(config.clusters[0]?.tls.mode, "verify-full");
});

test("that the server is not verified, as that project does it, is said", (t) => {
  const result = loadProxyConfig(environment(t));
  assert.ok(result.kind === "ok");
  assert.deepEqual(result.warnings.map(faultText), [
    "environment: clusters[0].tls.mode: prefer does not verify who answers at db.internal; use verify-full, with caFile if the CA is your own",
  ]);
});
