/** A store of two real servers: its primary dies, the standby takes over, and nothing of Postern is started again. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { systemClock } from "../../src/base/clock.ts";
import type { Change } from "../../src/store/changes.ts";
import { watchChanges } from "../../src/store/changes.ts";
import { migrate } from "../../src/store/migrate.ts";
import { putPolicyObject, StoredPolicyObjects } from "../../src/store/policy-objects.ts";
import { type DebianPair, debianPostgresMissing, startDebianPair } from "../support/debian-postgres.ts";
import { eventually } from "../support/eventually.ts";
import { openStore } from "../support/store.ts";

let pair: DebianPair;
before(async () => {
  if (debianPostgresMissing !== false) return;
  pair = await startDebianPair("CREATE ROLE postern_store LOGIN");
  await pair.primary.query("CREATE DATABASE postern OWNER postern_store");
});
after(() => pair?.stop());

test("a store of several hosts is written to at whichever takes writes, and follows a failover without a restart", {
  skip: debianPostgresMissing,
}, async (t) => {
  const { primary, standby } = pair;
  // The standby first: being reachable is not enough.
  const url = `postgres://postern_store@127.0.0.1:${standby.port},127.0.0.1:${primary.port}/postern?target_session_attrs=read-write`;
  const { store, config, events } = openStore(t, { url, tls: { mode: "disable" } });
  await migrate(store, { schema: config.schema, clock: systemClock });
  const heard: Change[] = [];
  const watching = watchChanges(store, systemClock, (change) => heard.push(change));
  t.after(() => watching.stop());
  const put = (name: string) => putPolicyObject(store, { kind: "Role", namespace: "", name }, {});
  await put("before");
  await eventually("the change was heard of", () => heard.length > 0);
  const caughtUp = async () => {
    const [row] = await standby.query("SELECT pg_last_wal_replay_lsn()::text AS lsn");
    const [there] = await primary.query(`SELECT pg_current_wal_lsn() <= '${row?.["lsn"]}' AS all`);
    return there?.["all"] === true;
  };
  await eventually("the standby has it", caughtUp);

  await primary.kill();
  await assert.rejects(put("meanwhile"), { code: "store/unavailable" });
  await standby.promote();
  await eventually("it is written to again", () =>
    put("after").then(
      () => true,
      () => false,
    ),
  );
  const names = (await new StoredPolicyObjects(store).list()).map(({ name }) => name);
  assert.deepEqual(names, ["after", "before"]);
  heard.length = 0;
  await eventually("it is heard from again", async () => {
    await putPolicyObject(store, { kind: "Role", namespace: "", name: "heard" }, { at: Date.now() });
    return heard.length > 0;
  });
  const states = events.flatMap((event) => (event.event === "store.state.v1" ? [event.state] : []));
  assert.deepEqual(states.slice(0, 2), ["up", "down"]);
  assert.equal(states.at(-1), "up");
});
