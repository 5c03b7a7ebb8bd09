import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { parse, parseAllDocuments } from "yaml";
import { LEVELS } from "../../../src/audit/log.ts";
import { Metrics } from "../../../src/audit/metrics.ts";
import { faultText } from "../../../src/config/errors.ts";
import { loadConfig } from "../../../src/config/load.ts";
import { routes } from "../../../src/doors/control/routes.ts";
import { VirtualClock } from "../../support/clock.ts";
import { directoryWith } from "../../support/config-files.ts";

const ROOT = join(import.meta.dirname, "../../..");
const PAGE = readFileSync(join(ROOT, "docs/operations.md"), "utf8");
const MANIFEST = readFileSync(join(ROOT, "deploy/kubernetes/postern.yaml"), "utf8");

/** The rows of the page's tables whose first cell is code of this form. */
function rows(form: RegExp): string[][] {
  return PAGE.split("\n")
    .filter((line) => line.startsWith("| `"))
    .map((line) => line.split(/(?<!\\)\|/).map((cell) => cell.trim()))
    .filter(([, first = ""]) => form.test(first))
    .map((cells) => cells.slice(1, -1));
}

/** What the level of an event depends on, where that is not the way of a grant. */
const LEVEL_BY: Readonly<Record<string, string>> = {
  "request.v1": "by status",
  "store.server.v1": "by state",
  "store.state.v1": "by state",
};

test("docs/operations.md lists every event with its level, and no other", () => {
  const listed = rows(/^`[a-z.]+\.v\d+`$/).map(([event, level]) => [event?.replaceAll("`", ""), level]);
  const levels = Object.entries(LEVELS).map(([event, level]) => [
    event,
    typeof level === "function" ? (LEVEL_BY[event] ?? "by way") : level,
  ]);
  assert.deepEqual(listed.sort(), levels.sort());
});

test("docs/operations.md lists every metric with its labels, and no other", async () => {
  const registry = new Metrics({ clock: new VirtualClock(), read: () => undefined });
  const ours = (await registry.json()).map(({ name }) => name).filter((name) => name.startsWith("postern_"));
  const listed = rows(/^`postern_\w+`$/).map(([name]) => name?.replaceAll("`", ""));
  assert.deepEqual(listed.sort(), ours.sort());
});

test("docs/operations.md lists every path of the control door, and no other", () => {
  const listed = rows(/^`\/[\w./]+`$/).map(([path]) => path?.replaceAll("`", ""));
  assert.deepEqual(
    listed,
    routes.map(({ path }) => path),
  );
});

interface Manifest {
  readonly kind: string;
  readonly data: Readonly<Record<string, string>>;
  readonly spec: {
    readonly template: {
      readonly spec: {
        readonly terminationGracePeriodSeconds: number;
        readonly containers: readonly {
          readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
          readonly lifecycle: { readonly preStop: { readonly sleep: { readonly seconds: number } } };
          readonly readinessProbe: Probe;
          readonly livenessProbe: Probe;
          readonly startupProbe: Probe;
        }[];
      };
    };
  };
}
interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
}

function manifest(kind: string): Manifest {
  const found = parseAllDocuments(MANIFEST)
    .map((document): Manifest => document.toJS())
    .find((one) => one.kind === kind);
  return found ?? assert.fail(`no ${kind}`);
}

test("the Kubernetes manifest's configuration is accepted without a warning, and its ports and times fit it", (t) => {
  const files = ["tls/tls.crt", "tls/tls.key", "secrets/database-ca.crt", "secrets/database-password"];
  const names = [...files, "account/ca.crt", "account/token"];
  const contents = Object.fromEntries(names.map((name) => [name, "x"]));
  const token = { "secrets/admin-token": "0123456789abcdef" };
  const directory = directoryWith(t, { ...contents, ...token });
  const text = (manifest("ConfigMap").data["postern.yaml"] ?? "")
    .replaceAll("/etc/postern", directory)
    .replaceAll("/var/run/secrets/kubernetes.io/serviceaccount", join(directory, "account"));
  const result = loadConfig({ value: parse(text), source: "the manifest", env: {} });
  assert.deepEqual((result.kind === "ok" ? result.warnings : result.faults).map(faultText), []);
  assert.ok(result.kind === "ok");
  const { doors, admin, limits } = result.config;

  const { containers, terminationGracePeriodSeconds } = manifest("Deployment").spec.template.spec;
  const [container = assert.fail()] = containers;
  const port = (name: string) => container.ports.find((one) => one.name === name)?.containerPort;
  assert.deepEqual([port("postgres"), port("control")], [doors.postgres?.port, admin?.port]);
  const probes = [container.readinessProbe, container.livenessProbe, container.startupProbe];
  const open = routes.filter(({ permission }) => permission === "public").map(({ path }) => path as string);
  for (const { httpGet } of probes) assert.ok(open.includes(httpGet.path) && httpGet.port === "control");
  const needed = container.lifecycle.preStop.sleep.seconds * 1000 + limits.drainTimeout;
  assert.ok(terminationGracePeriodSeconds * 1000 > needed);
});

test("the systemd unit waits longer than the default drain time", () => {
  const unit = readFileSync(join(ROOT, "deploy/systemd/postern.service"), "utf8");
  const seconds = Number(/^TimeoutStopSec=(\d+)$/m.exec(unit)?.[1]);
  const result = loadConfig({
    value: {
      issuers: [{ name: "x", algorithms: ["HS256"], keys: { secret: "0123456789abcdef0123456789abcdef" } }],
      clusters: [{ name: "main", hosts: [{ host: "db" }], login: { method: "trust" } }],
    },
    source: "the defaults",
    env: {},
  });
  assert.ok(result.kind === "ok");
  assert.ok(seconds * 1000 > result.config.limits.drainTimeout);
});
