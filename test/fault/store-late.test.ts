/** A gateway that is started while its store, which has its ledger too, is away. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { AccessWorld } from "../support/access-world.ts";
import { bind, group, may, role, startAccessWorld } from "../support/access-world.ts";
import { eventually } from "../support/eventually.ts";
import type { FlakyProxy } from "../support/flaky-proxy.ts";
import { startFlakyProxy } from "../support/flaky-proxy.ts";
import { shellMeanwhile } from "../support/postern.ts";
import { storeSettings } from "../support/store.ts";
import { UPSTREAM_PASSWORD } from "../support/world.ts";

let world: AccessWorld;
let proxy: FlakyProxy;
before(async () => {
  world = await startAccessWorld({
    door: { defaultCluster: "main" },
    config: async (postgres) => {
      proxy = await startFlakyProxy(postgres.port);
      proxy.mode = "away";
      const server = {
        hosts: [{ host: "localhost", port: postgres.port }],
        tls: { mode: "verify-full", caFile: postgres.caFile },
        login: { method: "shared-password", password: UPSTREAM_PASSWORD },
      };
      const rbac = { namespace: "shop", decide: { mode: "rbac" } };
      return {
        clusters: [
          { name: "main", ...rbac, ...server },
          { name: "recorded", decide: { mode: "token", roleClaim: "$.sub" }, audit: "required", ...server },
          { name: "stateless", decide: { mode: "token", roleClaim: "$.sub" }, ...server },
        ],
        store: storeSettings(postgres, { url: `postgres://postern_store@127.0.0.1:${proxy.port}/postern` }),
        audit: { node: "late", sink: { kind: "store" } },
      };
    },
  });
});
after(async () => {
  await world?.stop();
  await proxy?.stop();
});

const codeOf = (cluster: string) =>
  world.connect({ database: `${cluster}/postgres` }).then(
    async (client) => void (await client.end()),
    (error: { readonly code?: string }) => error.code ?? String(error),
  );

test("it starts; logins that rest on the store are refused with the reason, until it was heard of once", async () => {
  // Who is disabled is in the store, and holds for every credential.
  for (const cluster of ["main", "recorded", "stateless"]) assert.equal(await codeOf(cluster), "08006");
  await world.gateway.logged(({ code }) => code === "access/unavailable");
  await world.gateway.logged(({ event }) => event === "audit.failed.v1");
  assert.equal((await world.as("ada")("GET", "/accessrequests")).status, 503);
});

test("it recovers by itself when the store comes, with a ledger that is whole and has what waited", async () => {
  proxy.mode = "pass";
  await world.gateway.logged(({ event }) => event === "audit.recovered.v1");
  await eventually("the store's policy can be written", async () => {
    const written = world.put(role("connect", may("connect", "databases", "main/*")));
    return written.then(
      () => true,
      () => false,
    );
  });
  await world.put(bind("everybody", "connect", group("system:authenticated")));
  await world.put(role("ada", may("assume", "databaseroles", "ada")));
  await world.put(bind("ada", "ada", group("system:authenticated")));
  for (const cluster of ["main", "recorded", "stateless"])
    await eventually(`a login to ${cluster}`, async () => (await codeOf(cluster)) === undefined);
  const { directory, configFile } = world.gateway;
  const { code, stdout, stderr } = await shellMeanwhile(
    `postern audit verify --config ${configFile}`,
    directory,
  );
  assert.equal(code, 0, stderr + stdout);
  const query = await shellMeanwhile(`postern audit query --config ${configFile} --json`, directory);
  const events = query.stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line).event);
  const names = events.map((event) => event.event ?? event);
  assert.equal(names.filter((name) => name === "ledger.begun.v1").length, 1);
  // From before the store was there.
  assert.ok(names.indexOf("login.denied.v1") < names.indexOf("policy.changed.v1"), names.join());
  assert.ok(!names.includes("ledger.clock-stepped.v1"), names.join());
});
