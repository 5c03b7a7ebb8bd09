import assert from "node:assert/strict";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { readLines } from "../../src/audit/ledger/lines.ts";
import { verifyLedger } from "../../src/audit/ledger/verify.ts";
import { eventually } from "../support/eventually.ts";
import { checkpointsIn, linesIn, recordOf } from "../support/ledger.ts";
import { shell } from "../support/postern.ts";
import type { World } from "../support/world.ts";
import { startWorld, UPSTREAM_PASSWORD } from "../support/world.ts";

const directory = mkdtempSync(join(tmpdir(), "postern-attack-ledger-"));
after(() => rmSync(directory, { recursive: true, force: true }));

const file = join(directory, "audit.jsonl");
const audit = { node: "gw1", sink: { kind: "file", path: file }, signingKey: join(directory, "audit.key") };
let world: World;

function recordsIn(path = file) {
  return linesIn(path).map(recordOf);
}

suite("what a client sends", () => {
  before(async () => {
    world = await startWorld({ config: { audit } });
  });
  after(() => world.stop());

  /** Each would forge a line, hide one, or drive a terminal if it were written as it is. */
  const NAMES = [
    "x\n{}",
    "x\r\n2026-11-24T08:00:00.000Z gw1 #1 login.allowed",
    "\u001b[2J\u001b[1;1H",
    "\u001b]0;title\u0007",
    "\u202egnp.x",
    '","event":"login.allowed.v1',
  ];

  for (const name of NAMES)
    test(`a role called ${JSON.stringify(name)} is one record of one line, and harmless on a terminal`, async () => {
      const theirs = () => recordsIn().filter(({ event }) => event["role"] === name);
      await assert.rejects(world.connect({ user: name }));
      await eventually("the denial", () => theirs().length > 0);
      assert.equal(theirs().length, 1);
      const shown = shell(`postern audit tail --file ${file} --lines 1`, directory).stdout;
      assert.match(shown, /^[\x20-\x7e]+\n$/);
      const { ok } = await verifyLedger(readLines([file]), { keys: [], held: [] });
      assert.equal(ok, true);
    });

  test("no secret gets into the ledger", async () => {
    const token = world.token("ada");
    const client = await world.connect({ password: token });
    await client.end();
    await assert.rejects(world.connect({ password: `${token}x` }));
    await assert.rejects(world.connect({ user: "password=hunter2hunter2" }));
    const text = () => readFileSync(file, "utf8");
    await eventually("the denial", () => text().includes('"role":"password='));
    await eventually("the end of the session", () => text().includes("session.ended.v1"));
    const signature = token.split(".")[2] ?? assert.fail();
    for (const secret of [token, signature, UPSTREAM_PASSWORD, "hunter2hunter2", "PRIVATE KEY"])
      assert.ok(!text().includes(secret), secret);
  });
});

suite("whoever can write to the ledger of a gateway that is stopped", () => {
  /** As it was written, and the newest checkpoint as somebody else holds it. */
  const [copy, held] = [join(directory, "copy.jsonl"), join(directory, "held.jsonl")];
  const pub = join(directory, "audit.pub");

  before(async () => {
    const one = await startWorld({ config: { audit } });
    await one.freshLoginWorks();
    await one.stop();
    copyFileSync(file, copy);
    writeFileSync(held, `${JSON.stringify(checkpointsIn(linesIn(file)).at(-1))}\n`);
    writeFileSync(pub, shell(`postern audit key --file ${audit.signingKey}`, directory).stdout);
  });

  const verify = () =>
    shell(`postern audit verify --file ${file} --key ${pub} --checkpoint ${held}`, directory);

  test("leaves it alone: it is whole", () => {
    assert.deepEqual(verify().code, 0);
  });

  const CRIMES: Readonly<Record<string, readonly [() => void, RegExp]>> = {
    "cuts off the login": [
      () => truncateSync(file, readFileSync(file, "utf8").indexOf('{"event":{"bytesFromClient"')),
      /records \d+ to \d+ are missing: the checkpoint of .* is of record/,
    ],
    "empties it": [() => truncateSync(file, 0), /the chain is not there, but a checkpoint of it is/],
    "writes another name into the login": [
      () => writeFileSync(file, readFileSync(file, "utf8").replaceAll('"role":"ada"', '"role":"ben"')),
      /the line was edited/,
    ],
    "takes the login out": [
      () =>
        writeFileSync(
          file,
          `${linesIn(file)
            .filter((line) => !line.includes("login.allowed"))
            .join("\n")}\n`,
        ),
      /record \d+ is missing/,
    ],
  };

  for (const [crime, [commit, found]] of Object.entries(CRIMES))
    test(`${crime}: verify says so and fails`, () => {
      copyFileSync(copy, file);
      commit();
      const { code, stdout } = verify();
      assert.equal(code, 1);
      assert.match(stdout, found);
    });

  test("deletes it and starts the gateway, which begins another chain: verify misses the old one", async () => {
    rmSync(file);
    const again = await startWorld({ config: { audit } });
    await again.stop();
    const { code, stdout } = verify();
    assert.equal(code, 1);
    assert.match(stdout, /the chain is not there, but a checkpoint of it is/);
  });
});
