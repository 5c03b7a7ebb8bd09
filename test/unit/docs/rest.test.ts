import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { parse, parseAllDocuments } from "yaml";
import { loadPostgrest } from "../../../src/config/compat/postgrest/load.ts";
import { faultText } from "../../../src/config/errors.ts";
import type { LoadResult } from "../../../src/config/load.ts";
import { loadConfig } from "../../../src/config/load.ts";
import { routes } from "../../../src/doors/control/routes.ts";
import { tokenDecisionOf } from "../../support/bearer.ts";
import { directoryWith } from "../../support/config-files.ts";

const ROOT = join(import.meta.dirname, "../../..");
const read = (file: string) => readFileSync(join(ROOT, file), "utf8");

function configOf(result: LoadResult) {
  assert.ok(result.kind === "ok", result.kind === "faults" ? result.faults.map(faultText).join("\n") : "");
  return result.config;
}

test("the postern.yaml of docs/rest.md is accepted without a warning", () => {
  const [, text = ""] = /```yaml\n# postern\.yaml\n([\s\S]*?)```/.exec(read("docs/rest.md")) ?? [];
  const env = {};
  const result = loadConfig({ value: parse(text), source: "docs/rest.md", env });
  const { doors, clusters } = configOf(result);
  assert.deepEqual(result.kind === "ok" && result.warnings.map(faultText), []);
  assert.equal(doors.rest?.database, "shop");
  assert.equal(tokenDecisionOf(clusters[0]).anonymousRole, "web_anon");
});

interface Container {
  readonly args: readonly string[];
  readonly env: readonly { readonly name: string; readonly value?: string }[];
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly readinessProbe: Probe;
  readonly livenessProbe: Probe;
  readonly startupProbe: Probe;
}
interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
}

function containerOf(manifest: string): Container {
  const deployment = parseAllDocuments(manifest)
    .map((document): { kind: string; spec: { template: { spec: { containers: Container[] } } } } =>
      document.toJS(),
    )
    .find(({ kind }) => kind === "Deployment");
  return deployment?.spec.template.spec.containers[0] ?? assert.fail("no container");
}

test("the settings of deploy/kubernetes/rest.yaml are accepted, and its ports and probes fit them", (t) => {
  const names = [
    "secrets/database-ca.crt",
    "secrets/tls.crt",
    "secrets/tls.key",
    "account/ca.crt",
    "account/token",
  ];
  const directory = directoryWith(t, Object.fromEntries(names.map((name) => [name, "x"])));
  const container = containerOf(read("deploy/kubernetes/rest.yaml"));
  const placed = (text: string) =>
    text
      .replaceAll("/etc/postern", directory)
      .replaceAll("/var/run/secrets/kubernetes.io/serviceaccount", join(directory, "account"));
  const env = Object.fromEntries(
    container.env.map(({ name, value = "from the Secret" }) => [name, placed(value)]),
  );
  const result = loadPostgrest({ env });
  assert.ok(result.kind === "ok", result.kind === "faults" ? result.faults.map(faultText).join("\n") : "");
  // The admin server shows no secret, and inside a cluster it is for the probes and the scraper.
  const warnings = result.warnings.map(faultText).filter((warning) => !warning.includes("admin.token"));
  assert.deepEqual(warnings, []);

  const { doors, admin, issuers, clusters } = result.config;
  assert.deepEqual(container.args, ["rest"]);
  const port = (name: string) => container.ports.find((one) => one.name === name)?.containerPort;
  assert.deepEqual([port("rest"), port("admin")], [doors.rest?.port, admin?.port]);
  assert.deepEqual(issuers[0]?.audience, ["rest"]);
  assert.equal(clusters[0]?.targetSessionAttrs, "read-only");
  assert.equal(clusters[0]?.tls.mode, "verify-full");
  assert.equal(String(tokenDecisionOf(clusters[0]).roleClaim), "$.sub");
  const open = routes.filter(({ permission }) => permission === "public").map(({ path }) => path as string);
  for (const { httpGet } of [container.readinessProbe, container.livenessProbe, container.startupProbe])
    assert.ok(open.includes(httpGet.path) && httpGet.port === "admin");
});
