import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { copyFileSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { findServerProcess, isRunning, terminate } from "../../../../src/doors/pam/server-process.ts";
import { eventually } from "../../../support/eventually.ts";

const directory = mkdtempSync(join(tmpdir(), "postern-pam-process-"));
let child: ChildProcess;

/** A process that is called as PostgreSQL's are. */
before(() => {
  const sleep = ["/bin/sleep", "/usr/bin/sleep"].find((file) => existsSync(file)) ?? "sleep";
  copyFileSync(sleep, join(directory, "postgres"));
  child = spawn(join(directory, "postgres"), ["60"], { stdio: "ignore" });
});
after(() => {
  child.kill("SIGKILL");
  rmSync(directory, { recursive: true });
});

test("another program's process is no server process, and is never ended", () => {
  assert.equal(findServerProcess(process.pid), undefined);
  assert.ok(terminate({ pid: process.pid, startedAt: "1" }));
});

test("a process that does not exist is none", () => {
  assert.equal(findServerProcess(2 ** 31 - 1), undefined);
});

test("a server process is ended, and an earlier one of the same id is not mistaken for it", async () => {
  const { pid = 0 } = child;
  const found = await eventually("the process is called postgres", () => findServerProcess(pid));
  assert.ok(isRunning(found));
  const earlier = { ...found, startedAt: "1" };
  assert.equal(isRunning(earlier), false);
  assert.ok(terminate(earlier), "it is gone");
  assert.ok(isRunning(found), "a later process of the same id was ended");
  const ended = new Promise((resolve) => child.once("exit", (_, signal) => resolve(signal)));
  assert.ok(terminate(found));
  assert.equal(await ended, "SIGTERM");
  assert.equal(isRunning(found), false);
});
