import assert from "node:assert/strict";
import { mkdirSync, renameSync, rmSync, symlinkSync, watch, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { test } from "node:test";
import { watchFiles } from "../../../src/config/watch.ts";
import { VirtualClock } from "../../support/clock.ts";
import { directoryWith } from "../../support/config-files.ts";

/** Longer than a burst of changes, shorter than the next look at the contents. */
const QUIET_MS = 1000;
const LOOK_MS = 10_000;

/** Watches files with a clock that is turned by hand; `stirred` resolves when the system has told of a change. */
function watching(t: TestContext, paths: readonly string[]) {
  const clock = new VirtualClock();
  let changes = 0;
  const files = watchFiles(paths, () => changes++, clock);
  t.after(() => files.close());
  const idle = clock.pending;
  const stirred = async () => {
    while (clock.pending === idle) await new Promise((resolve) => setImmediate(resolve));
  };
  return { clock, files, stirred, changes: () => changes };
}

const CHANGES: Readonly<Record<string, (directory: string) => void>> = {
  "written in place": (d) => writeFileSync(join(d, "postern.yaml"), "two"),
  "replaced by renaming": (d) => {
    writeFileSync(join(d, "postern.yaml.new"), "two");
    renameSync(join(d, "postern.yaml.new"), join(d, "postern.yaml"));
  },
  deleted: (d) => rmSync(join(d, "postern.yaml")),
};

for (const [how, change] of Object.entries(CHANGES)) {
  test(`a file that is ${how} is noticed once things are quiet`, async (t) => {
    const directory = directoryWith(t, { "postern.yaml": "one" });
    const { clock, stirred, changes } = watching(t, [join(directory, "postern.yaml")]);
    change(directory);
    await stirred();
    assert.equal(changes(), 0);
    clock.advance(QUIET_MS);
    assert.equal(changes(), 1);
  });
}

test("a mount whose directory link is exchanged, as Kubernetes does, is noticed", async (t) => {
  const directory = directoryWith(t, { "..1/postern.yaml": "one" });
  symlinkSync("..1", join(directory, "..data"));
  symlinkSync("..data/postern.yaml", join(directory, "postern.yaml"));
  const { clock, stirred, changes } = watching(t, [join(directory, "postern.yaml")]);
  mkdirSync(join(directory, "..2"));
  writeFileSync(join(directory, "..2", "postern.yaml"), "two");
  symlinkSync("..2", join(directory, "..data_tmp"));
  renameSync(join(directory, "..data_tmp"), join(directory, "..data"));
  await stirred();
  clock.advance(QUIET_MS);
  assert.equal(changes(), 1);
});

test("a directory that is replaced as a whole is noticed at the next look, and watched again", async (t) => {
  const directory = directoryWith(t, { "etc/postern.yaml": "one" });
  const file = join(directory, "etc", "postern.yaml");
  const { clock, changes } = watching(t, [file]);
  renameSync(join(directory, "etc"), join(directory, "old"));
  mkdirSync(join(directory, "etc"));
  writeFileSync(file, "two");
  clock.advance(LOOK_MS);
  assert.equal(changes(), 1);
  writeFileSync(file, "three");
  clock.advance(LOOK_MS);
  assert.equal(changes(), 2);
});

test("a touch that changes no content, and a neighbour's change, are no changes", async (t) => {
  const directory = directoryWith(t, { "postern.yaml": "one" });
  const { clock, stirred, changes } = watching(t, [join(directory, "postern.yaml")]);
  writeFileSync(join(directory, "postern.yaml"), "one");
  writeFileSync(join(directory, "other"), "x");
  await stirred();
  clock.advance(LOOK_MS);
  assert.equal(changes(), 0);
});

test("a log that grows beside a file does not put off its change", async (t) => {
  const directory = directoryWith(t, { "postern.yaml": "one", "postern.log": "" });
  const { clock, stirred, changes } = watching(t, [join(directory, "postern.yaml")]);
  writeFileSync(join(directory, "postern.yaml"), "two");
  await stirred();
  let told = 0;
  const log = watch(directory, { persistent: false }, () => told++);
  t.after(() => log.close());
  for (let line = 0; line < 10; line++) {
    const before = told;
    writeFileSync(join(directory, "postern.log"), `line ${line}`);
    while (told === before) await new Promise((resolve) => setImmediate(resolve));
    clock.advance(QUIET_MS / 10);
  }
  assert.equal(changes(), 1);
});

test("a file that is still being written is waited for", async (t) => {
  const directory = directoryWith(t, { "postern.yaml": "one" });
  const { clock, stirred, changes } = watching(t, [join(directory, "postern.yaml")]);
  writeFileSync(join(directory, "postern.yaml"), "t");
  await stirred();
  for (const text of ["tw", "two", "two\n"]) {
    writeFileSync(join(directory, "postern.yaml"), text);
    clock.advance(QUIET_MS / 4);
    assert.equal(changes(), 0);
  }
  clock.advance(QUIET_MS);
  assert.equal(changes(), 1);
});

test("after close nothing is called and no timer is left", async (t) => {
  const directory = directoryWith(t, { "postern.yaml": "one" });
  const { clock, files, stirred, changes } = watching(t, [join(directory, "postern.yaml")]);
  writeFileSync(join(directory, "postern.yaml"), "two");
  await stirred();
  files.close();
  clock.advance(LOOK_MS);
  assert.equal(changes(), 0);
  assert.equal(clock.pending, 0);
});
