import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { test } from "node:test";
import { filesOf } from "../../src/audit/ledger/file-names.ts";
import { readLines } from "../../src/audit/ledger/lines.ts";
import { verifyLedger } from "../../src/audit/ledger/verify.ts";
import { startGateway } from "../support/gateway.ts";
import { linesIn, recordOf } from "../support/ledger.ts";
import { startWorld } from "../support/world.ts";

function place(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), "postern-second-"));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

const RUNTIMES = ["node", "bun"] as const;

for (const runtime of RUNTIMES)
  for (const workers of [1, 2])
    test(`a second start writes nothing to the ledger, and the first goes on letting people in (${runtime}, ${workers} processes)`, async (t) => {
      const directory = place(t);
      const path = join(directory, "audit.jsonl");
      const audit = { node: "gw1", sink: { kind: "file", path }, signingKey: join(directory, "audit.key") };
      const env = { POSTERN_RUNTIME: runtime };
      const settings = { config: { audit }, cluster: { audit: "required" }, door: { workers }, env };
      const world = await startWorld(settings);
      t.after(() => world.stop());
      await world.freshLoginWorks();
      // Any port will do, as with a copied configuration: the ledger is all that they share.
      await assert.rejects(
        startGateway(world.config, { env }),
        /ended with code 1.*another Postern keeps this ledger/s,
      );
      await world.freshLoginWorks();
      const kinds = filesOf(path).flatMap((file) => linesIn(file).map((line) => recordOf(line).event.event));
      assert.equal(kinds.filter((kind) => kind === "login.allowed.v1").length, 2);
      assert.equal(kinds.filter((kind) => kind === "ledger.begun.v1").length, filesOf(path).length);
      assert.equal(kinds.filter((kind) => kind === "ledger.resumed.v1").length, 0);
    });

for (const runtime of RUNTIMES)
  for (const workers of [1, 2])
    test(`after kill -9 the ledger can be kept at once, and is whole (${runtime}, ${workers} processes)`, async (t) => {
      const directory = place(t);
      const path = join(directory, "audit.jsonl");
      const audit = { node: "gw1", sink: { kind: "file", path } };
      const env = { POSTERN_RUNTIME: runtime };
      const settings = { config: { audit }, cluster: { audit: "required" }, door: { workers }, env };
      const world = await startWorld(settings);
      t.after(() => world.stop());
      const client = await world.connect();
      client.on("error", () => {}); // its gateway is killed
      const killed = once(world.gateway.process, "exit");
      world.gateway.process.kill("SIGKILL");
      await killed;
      const next = await startGateway(world.config, { env });
      t.after(() => next.stop("SIGKILL"));
      const again = world.client({ port: next.port });
      await again.connect();
      await again.end();
      assert.equal(await next.stop(), 0);
      const verdict = await verifyLedger(readLines(filesOf(path)), { keys: [], held: [] });
      assert.deepEqual(verdict.findings, []);
    });
