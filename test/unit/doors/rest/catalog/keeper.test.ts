import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Event } from "../../../../../src/base/event.ts";
import { parseClusterName, parseDatabaseName } from "../../../../../src/base/ids.ts";
import { findTable } from "../../../../../src/doors/rest/catalog/find/table.ts";
import { CatalogKeeper } from "../../../../../src/doors/rest/catalog/keeper.ts";
import { asksFor, looksStale } from "../../../../../src/doors/rest/catalog/reasons.ts";
import type { Catalog } from "../../../../../src/doors/rest/catalog/types.ts";
import { withSource } from "../../../../support/catalog.ts";
import { VirtualClock } from "../../../../support/clock.ts";
import { startPostgres, type TestPostgres } from "../../../../support/postgres.ts";

let server: TestPostgres;
before(async () => {
  server = await startPostgres({ tls: false, sql: "CREATE SCHEMA api; CREATE TABLE api.first (id int)" });
});
after(() => server.stop());

/** Loads wait at this gate when it is shut, after the database was asked for its version. */
class Gate {
  #open: Promise<void> = Promise.resolve();
  #release = () => {};
  /** Loads that came to the gate. */
  passed = 0;

  shut(): void {
    this.#open = new Promise((resolve) => {
      this.#release = resolve;
    });
  }

  release(): void {
    this.#release();
  }

  async pass(): Promise<void> {
    this.passed++;
    await this.#open;
  }
}

/** A keeper of a real database, with the clock and the database's answers under the test's hand. */
class World {
  readonly clock = new VirtualClock();
  readonly gate = new Gate();
  readonly events: Event[] = [];
  readonly keeper: CatalogKeeper;
  readonly answers: Promise<unknown>[] = [];
  schemas = ["api"];
  #reported = () => {};

  constructor(current?: Catalog) {
    const world = this;
    const from = { port: server.port, user: "test_admin", database: "postgres" };
    this.keeper = new CatalogKeeper({
      source: {
        query: async (sql, parameters) => {
          if (sql.startsWith("WITH RECURSIVE")) await this.gate.pass();
          const answer = withSource(from, (source) => source.query(sql, parameters));
          this.answers.push(answer);
          return answer;
        },
      },
      scope: {
        get schemas() {
          return world.schemas;
        },
        extraSearchPath: ["public"],
        hoistedSettings: [],
      },
      clock: this.clock,
      observe: (event) => {
        this.events.push(event);
        this.#reported();
      },
      cluster: parseClusterName("main") ?? assert.fail(),
      database: parseDatabaseName("postgres") ?? assert.fail(),
      current,
    });
  }

  get loads(): number {
    return this.events.filter(({ event }) => event === "catalog.loaded.v1").length;
  }

  /** Resolves when this many events have been reported in all. */
  async reported(count: number): Promise<void> {
    while (this.events.length < count)
      await new Promise<void>((resolve) => {
        this.#reported = resolve;
      });
    // What comes after an event in the same turn is done too.
    await nextTurn();
  }

  /** Resolves when the database has answered both queries of the first load. */
  async answered(): Promise<void> {
    while (this.answers.length < 2) {
      await Promise.all(this.answers);
      await nextTurn();
    }
    await Promise.all(this.answers);
    await nextTurn();
  }

  knows(name: string): boolean {
    const { catalog } = this.keeper;
    return catalog !== undefined && findTable(catalog, { schema: "api", name }) !== undefined;
  }
}

async function loadedWorld(): Promise<World> {
  const world = new World();
  world.keeper.reload();
  await world.keeper.loaded();
  await world.reported(1);
  return world;
}

test("the first load gives the catalog, and says what it found", async () => {
  const world = new World();
  assert.equal(world.keeper.catalog, undefined);
  world.keeper.reload();
  await world.keeper.loaded();
  assert.equal(world.knows("first"), true);
  assert.deepEqual(world.events, [
    {
      event: "catalog.loaded.v1",
      cluster: "main",
      database: "postgres",
      tables: 1,
      routines: 0,
      relationships: 0,
      durationMs: 0,
    },
  ]);
});

test("requests keep the old catalog while another is loaded", async () => {
  const world = await loadedWorld();
  await server.query("CREATE TABLE api.second (id int)");
  world.clock.advance(100);
  world.gate.shut();
  world.keeper.reload();
  assert.equal(world.knows("first"), true);
  assert.equal(world.knows("second"), false);
  world.gate.release();
  await world.reported(2);
  assert.equal(world.knows("second"), true);
});

test("asking many times during a load loads once more, and not before a moment of quiet", async () => {
  const world = await loadedWorld();
  world.clock.advance(100);
  world.gate.shut();
  for (let times = 0; times < 50; times++) world.keeper.reload();
  world.gate.release();
  await world.reported(2);
  for (let times = 0; times < 50; times++) world.keeper.reload();
  assert.equal(world.clock.pending, 1);
  world.clock.advance(99);
  assert.equal(world.loads, 2);
  world.clock.advance(1);
  await world.reported(3);
  assert.equal(world.clock.pending, 0);
  assert.deepEqual([world.loads, world.gate.passed], [3, 3]);
});

test("a load that fails leaves the old catalog, and is tried again after longer and longer pauses", async () => {
  const world = await loadedWorld();
  const old = world.keeper.catalog;
  world.schemas = ["api", "not_yet"];
  world.clock.advance(100);
  world.keeper.reload();
  const pauses = [1000, 2000, 4000, 8000, 16_000, 32_000, 32_000];
  for (const [at, pause] of pauses.entries()) {
    await world.reported(at + 2);
    assert.deepEqual(world.events.at(-1), {
      event: "catalog.failed.v1",
      cluster: "main",
      database: "postgres",
      detail: 'schema "not_yet" does not exist',
      retryMs: pause,
    });
    world.clock.advance(pause - 1);
    assert.equal(world.clock.pending, 1, "it is not tried before the pause is over");
    world.clock.advance(1);
  }
  assert.equal(world.keeper.catalog, old);
  await world.reported(pauses.length + 2);
  await server.query("CREATE SCHEMA not_yet");
  world.clock.advance(32_000);
  await world.reported(pauses.length + 3);
  assert.deepEqual(world.keeper.catalog?.schemas, ["api", "not_yet"]);
  assert.equal(world.clock.pending, 0);
});

test("asking during the pause after a failure tries again at once", async () => {
  const world = await loadedWorld();
  world.schemas = ["nowhere"];
  world.clock.advance(100);
  world.keeper.reload();
  await world.reported(2);
  world.schemas = ["api"];
  world.clock.advance(100);
  world.keeper.stale();
  assert.equal(world.clock.pending, 1, "an error of a request does not");
  world.keeper.reload();
  assert.equal(world.clock.pending, 0);
  await world.reported(3);
  assert.equal(world.loads, 2);
});

test("errors that look like a stale catalog cause a load every five seconds at most", async () => {
  const world = await loadedWorld();
  await server.query("CREATE TABLE api.stale (id int)");
  world.clock.advance(100);
  for (let times = 0; times < 10; times++) world.keeper.stale();
  await world.reported(2);
  world.clock.advance(4999);
  world.keeper.stale();
  assert.equal(world.gate.passed, 2);
  world.clock.advance(1);
  world.keeper.stale();
  await world.reported(3);
  assert.equal(world.loads, 3);
});

const NOTIFICATIONS: Readonly<Record<string, readonly [config: boolean, catalog: boolean]>> = {
  "reload schema": [false, true],
  "reload config": [true, false],
  "": [true, true],
  reload: [false, false],
  "RELOAD SCHEMA": [false, false],
};

for (const [payload, [config, catalog]] of Object.entries(NOTIFICATIONS)) {
  test(`NOTIFY with ${JSON.stringify(payload)} asks for what PostgREST takes it to ask for`, () => {
    assert.deepEqual(asksFor(payload), { config, catalog });
  });
}

test("an error that names what is not there may come from a stale catalog, others do not", () => {
  assert.deepEqual(["42P01", "42883", "42703", "42704", "42501", "23505", "P0001", ""].filter(looksStale), [
    "42P01",
    "42883",
    "42703",
    "42704",
  ]);
});

test("nobody waits for a database that is not there: the first load that fails is an answer too", async () => {
  const world = new World();
  world.schemas = ["nowhere"];
  world.keeper.start();
  assert.equal(await world.keeper.loaded(), undefined);
  world.keeper.close();
});

test("the catalog of the configuration before is used until the new one's is loaded", async () => {
  const before = (await loadedWorld()).keeper.catalog ?? assert.fail();
  await server.query("CREATE TABLE api.since (id int)");
  const world = new World(before);
  assert.equal(world.keeper.catalog, before);
  world.keeper.start();
  assert.notEqual(await world.keeper.loaded(), before);
});

test("a keeper that was closed loads nothing more, and leaves no timer and nobody waiting", async () => {
  const world = new World();
  world.gate.shut();
  world.keeper.start();
  const waiting = world.keeper.loaded();
  world.keeper.close();
  assert.equal(await waiting, undefined);
  world.gate.release();
  await world.answered();
  world.keeper.reload();
  world.keeper.stale();
  assert.deepEqual([await world.keeper.loaded(), world.gate.passed], [undefined, 1]);
});

test("a keeper that was closed during the pause after a failure does not try again", async () => {
  const world = new World();
  world.schemas = ["nowhere"];
  world.keeper.start();
  await world.reported(1);
  world.keeper.close();
  assert.equal(world.clock.pending, 0);
});

test("what a load gives after the keeper was closed is not used", async () => {
  const world = new World();
  world.gate.shut();
  world.keeper.reload();
  world.keeper.close();
  world.gate.release();
  await world.answered();
  assert.deepEqual([world.keeper.catalog, world.events], [undefined, []]);
});

test("errors that look stale and show nothing new ask for a load less and less often, until something was new", async () => {
  const world = await loadedWorld();
  const first = world.keeper.catalog;
  let count = 1;
  for (const pause of [5000, 10_000, 20_000, 40_000, 80_000, 120_000, 120_000]) {
    world.clock.advance(pause);
    world.keeper.stale();
    count += 1;
    await world.reported(count);
    world.keeper.stale();
    world.clock.advance(pause - 1);
    world.keeper.stale();
    await nextTurn();
    assert.equal(world.loads, count, `within ${pause} ms`);
  }
  assert.equal(world.keeper.catalog, first, "what is made of a catalog is not made anew");
  await server.query("CREATE TABLE api.noticed (id int)");
  world.clock.advance(120_000);
  world.keeper.stale();
  count += 1;
  await world.reported(count);
  assert.equal(world.knows("noticed"), true);
  world.clock.advance(5000);
  world.keeper.stale();
  count += 1;
  await world.reported(count);
  assert.equal(world.loads, count);
});

test("a reload that somebody asked for is made at once, however many errors looked stale before", async () => {
  const world = await loadedWorld();
  for (let times = 2; times < 6; times++) {
    world.clock.advance(200_000);
    world.keeper.stale();
    await world.reported(times);
  }
  world.clock.advance(100);
  world.keeper.reload();
  await world.reported(6);
  assert.equal(world.loads, 6);
});
