/** A single node with a store of its own: what is in it outlives Postern, and its server is never left in the way. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { directoryWith } from "../support/config-files.ts";
import type { SingleNode } from "../support/embedded-store.ts";
import { benLogsIn, grantToBen, putPolicy, startSingleNode } from "../support/embedded-store.ts";
import { eventually } from "../support/eventually.ts";
import type { Gateway } from "../support/gateway.ts";
import { shell } from "../support/postern.ts";

let node: SingleNode;
let gateway: Gateway;
before(async () => {
  node = await startSingleNode();
  gateway = node.world.gateway;
});
after(async () => {
  await gateway?.stop();
  await node?.stop();
});

const runs = (pid: number) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};
const serverTold = (state: string) => (line: Gateway["log"][number]) =>
  line.event === "store.server.v1" && line["state"] === state;

suite("a store that Postern brings itself", () => {
  test("keeps policy, requests, grants and the ledger, end to end", async () => {
    await putPolicy(node);
    assert.notEqual(await benLogsIn(node, gateway), undefined);
    await grantToBen(node, gateway);
    assert.equal(await benLogsIn(node, gateway), undefined);
    const steps = gateway.log.filter(serverTold("starting")).map((line) => line["detail"]);
    assert.deepEqual(steps, ["making a PostgreSQL data directory", "starting PostgreSQL"]);
  });

  test("is the same after an orderly end, which leaves no process", async () => {
    const pid = node.serverPid();
    assert.equal(await gateway.stop(), 0);
    assert.equal(runs(pid), false);
    assert.equal(existsSync(join(node.directory, "data/postmaster.pid")), false);
    gateway = await node.again();
    assert.equal(await benLogsIn(node, gateway), undefined);
  });

  test("is the same after Postern was killed, whose server the next start ends", async () => {
    const orphan = node.serverPid();
    await gateway.stop("SIGKILL");
    assert.equal(runs(orphan), true);
    gateway = await node.again();
    assert.equal(runs(orphan), false);
    assert.equal(await benLogsIn(node, gateway), undefined);
  });

  test("is started again when its server is killed, and logins that rest on it work again", async () => {
    const before = node.serverPid();
    process.kill(before, "SIGKILL");
    await gateway.logged(serverTold("ended"));
    await eventually("it serves again", () => gateway.log.filter(serverTold("started")).length === 2);
    assert.notEqual(node.serverPid(), before);
    await eventually("ben logs in again", async () => (await benLogsIn(node, gateway)) === undefined);
  });

  test("is refused to another Postern, which says who has it", async () => {
    await assert.rejects(node.again(), (error: Error) => {
      assert.match(error.message, /store\.embedded: \S+ is in use by process \d+/);
      assert.ok(error.message.includes(String(gateway.pid)));
      return true;
    });
    assert.equal(await benLogsIn(node, gateway), undefined);
  });

  test("belongs to the supervisor where there are several workers", async () => {
    await gateway.stop();
    const { doors } = node.world.config as { readonly doors: { readonly postgres: object } };
    gateway = await node.again({ doors: { postgres: { ...doors.postgres, workers: 2 } } });
    assert.equal(await benLogsIn(node, gateway), undefined);
    assert.deepEqual(
      gateway.log.filter(serverTold("started")).map((line) => line["worker"]),
      [undefined],
    );
    const pid = node.serverPid();
    assert.equal(await gateway.stop(), 0);
    assert.equal(runs(pid), false);
  });

  test("has a whole ledger after all that, which can be read and verified while Postern does not run", async (t) => {
    const cwd = directoryWith(t, { "postern.yaml": JSON.stringify(node.world.config) });
    const { code, stdout, stderr } = shell("postern audit verify", cwd);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /whole/);
    assert.equal(existsSync(join(node.directory, "data/postmaster.pid")), false);
    gateway = await node.again();
  });
});
