/** Personal access tokens and access requests on a real server: what the rules of their rooms rest on. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, suite, test } from "node:test";
import { subjectId } from "../../../src/base/ids.ts";
import { STATES } from "../../../src/grants/machine.ts";
import type { AccessRequest } from "../../../src/grants/request.ts";
import type { NewTokenRecord } from "../../../src/identity/personal-tokens/port.ts";
import { StoredAccessRequests } from "../../../src/store/access-requests.ts";
import { StoredPersonalTokens } from "../../../src/store/personal-tokens.ts";
import { StoredUsers } from "../../../src/store/users.ts";
import { ann, bob, cyd, GrantsWorld, stateOf } from "../../support/grants.ts";
import type { TestPostgres } from "../../support/postgres.ts";
import { startPostgres } from "../../support/postgres.ts";
import { createStoreDatabase, freshStore, unrecorded } from "../../support/store.ts";

/** Nothing is written of it. */
const silent = () => [];

let postgres: TestPostgres;
before(async () => {
  postgres = await startPostgres();
  await createStoreDatabase(postgres);
});
after(() => postgres.stop());

suite("personal access tokens", () => {
  const token: NewTokenRecord = {
    issuer: "https://login.example.com",
    subject: "ada",
    username: "ada@example.com",
    groups: ["dba"],
    id: "0123456789abcdef",
    hash: new Uint8Array(randomBytes(32)),
    name: "laptop",
    roles: ["reader"],
    cidrs: undefined,
    lifetime: 3_600_000,
  };
  const other = (id: string, name: string): NewTokenRecord => ({ ...token, id, name });

  test("a token is kept as it was made, found, used, listed and revoked", async (t) => {
    const { store } = await freshStore(t, postgres);
    const tokens = new StoredPersonalTokens(store, unrecorded);
    const inserted = await tokens.insert(token, 10, silent);
    const { record } = inserted.kind === "inserted" ? inserted : assert.fail(inserted.kind);
    const { lifetime, ...kept } = token;
    const { createdAt, expiresAt, groupsSeenAt, hash, ...rest } = record;
    assert.equal(groupsSeenAt, createdAt);
    assert.equal(expiresAt - createdAt, lifetime);
    assert.deepEqual(new Uint8Array(hash), token.hash);
    const { hash: _, ...expected } = kept;
    const none = {
      revokedAt: undefined,
      ownerDisabledAt: undefined,
      lastUsedAt: undefined,
      lastUsedFrom: undefined,
    };
    assert.deepEqual(rest, { ...expected, ...none });
    assert.deepEqual(await tokens.find([token.id, "nobody's"]), [record]);

    await tokens.used(token.id, "192.0.2.1");
    await tokens.used(token.id, "192.0.2.2");
    assert.equal((await tokens.find([token.id]))[0]?.lastUsedFrom, "192.0.2.1", "once a minute");
    assert.equal((await tokens.list(token)).length, 1);
    assert.equal((await tokens.list({ ...token, subject: "eve" })).length, 0);
    assert.equal((await tokens.list(undefined)).length, 1);

    const revokedAt = (await tokens.revoke(token.id, silent))?.revokedAt ?? assert.fail("not revoked");
    assert.equal((await tokens.revoke(token.id, silent))?.revokedAt, revokedAt, "the first time counts");
    assert.equal(await tokens.revoke("nobody's", silent), undefined);
  });

  test("a name is taken while its token lives, and an owner has as many as the limit says, however many ask at once", async (t) => {
    const { store } = await freshStore(t, postgres);
    const tokens = new StoredPersonalTokens(store, unrecorded);
    const made = ["a", "b", "c", "d", "e"].map((name) =>
      tokens.insert(other(`0123456789abcde${name}`, name), 3, silent),
    );
    const kinds = (await Promise.all(made)).map(({ kind }) => kind).sort();
    assert.deepEqual(kinds, ["inserted", "inserted", "inserted", "too-many", "too-many"]);
    const [first] = await tokens.list(token);
    assert.equal(
      (await tokens.insert(other("00000000000000aa", first?.name ?? ""), 10, silent)).kind,
      "name-taken",
    );
    await tokens.revoke(first?.id ?? "", silent);
    assert.equal(
      (await tokens.insert(other("00000000000000bb", first?.name ?? ""), 10, silent)).kind,
      "inserted",
    );
  });

  test("a token has the name and groups that its owner was last known by, and another token of theirs says nothing new", async (t) => {
    const { store } = await freshStore(t, postgres);
    const tokens = new StoredPersonalTokens(store, unrecorded);
    const users = new StoredUsers(store, unrecorded);
    await tokens.insert(token, 10, silent);
    await users.seen([{ ...token, username: "ada.l@example.com", groups: [], signed: true }]);
    await users.seen([{ ...token, groups: ["dba"], signed: false }]);
    const [found] = await tokens.find([token.id]);
    assert.deepEqual([found?.username, found?.groups], ["ada.l@example.com", []]);
  });

  test("the tokens of a disabled user say so", async (t) => {
    const { store } = await freshStore(t, postgres);
    const tokens = new StoredPersonalTokens(store, unrecorded);
    const users = new StoredUsers(store, unrecorded);
    await tokens.insert(token, 10, silent);
    const actor = { issuer: "", subject: "administrator", id: subjectId("", "administrator") };
    const change = { user: token, actor, notices: [] };
    assert.equal((await users.disable(change, "left", false)).kind, "changed");
    assert.ok(Number((await tokens.find([token.id]))[0]?.ownerDisabledAt) > 0);
    assert.equal((await users.enable(change)).kind, "changed");
    assert.equal((await tokens.find([token.id]))[0]?.ownerDisabledAt, undefined);
  });
});

suite("access requests", () => {
  /** Two nodes of one store. The nodes' clock is months behind the store's, which is the one that counts. */
  async function world(t: Parameters<typeof freshStore>[0]) {
    const { store } = await freshStore(t, postgres);
    const table = new StoredAccessRequests(store, unrecorded);
    const made = new GrantsWorld(table);
    return {
      ...made,
      world: made,
      table,
      store,
      elsewhere: made.node(new StoredAccessRequests(store, unrecorded)),
    };
  }

  test("a request that was approved on one node is a grant on the other, until it is revoked on the first", async (t) => {
    const { world: made, elsewhere } = await world(t);
    const id = await made.ask(ann);
    assert.equal(await stateOf(elsewhere.approve(bob, id)), "active");
    await made.grants.refresh();
    assert.deepEqual(made.usable(), [id]);
    made.enders.add("cyd");
    assert.equal(await stateOf(made.grants.revoke(cyd, id)), "ended");
    await elsewhere.refresh();
    assert.deepEqual(elsewhere.active().usable, []);
  });

  test("a request is read back exactly as it was written, whatever has become of it", async (t) => {
    const { world: made, table } = await world(t);
    const id = await made.ask(ann);
    const pending = (await table.get(id)) ?? assert.fail();
    const note = 'seen \u00fc "quoted"';
    const changed: AccessRequest = {
      ...pending,
      extends: "0123456789abcdef",
      cidrs: ["10.0.0.0/8"],
      approvals: [{ by: { ...pending.requester, subject: "bob" }, at: 5, digest: pending.digest, note }],
      grant: { startsAt: 1, until: 2 },
      closing: { at: 3, by: "system", event: "expire", note: undefined },
      reviewNeeded: true,
      review: { at: 4, by: pending.requester, note },
    };
    for (const state of STATES) {
      const request = { ...changed, state };
      await table.update(id, () => ({ request, event: undefined, refused: undefined, notices: [] }));
      assert.deepEqual(await table.get(id), request);
    }
  });

  test("the last use of a grant is won by one login, whoever asks at once on whichever node", async (t) => {
    const { world: made, elsewhere } = await world(t);
    made.offer({ maxUses: 2 });
    const id = await made.ask(ann);
    await stateOf(made.grants.approve(bob, id));
    const tries = ["a", "b", "c", "d"].flatMap((session) => [
      made.grants.consume(id, `${session}1`),
      elsewhere.consume(id, `${session}2`),
    ]);
    const outcomes = (await Promise.all(tries)).map((outcome) =>
      outcome.kind === "done" ? "done" : outcome.code,
    );
    assert.deepEqual(outcomes.filter((one) => one === "done").length, 2);
    assert.deepEqual([...new Set(outcomes)].sort(), ["done", "grants/used-up"]);
  });

  test("a session that asks twice counts once", async (t) => {
    const { world: made, table } = await world(t);
    made.offer({ maxUses: 2 });
    const id = await made.ask(ann);
    await stateOf(made.grants.approve(bob, id));
    for (let again = 0; again < 3; again++) assert.equal((await made.grants.consume(id, "one")).kind, "done");
    assert.equal((await table.get(id))?.uses, 1);
    assert.equal((await made.grants.consume(id, "two")).kind, "done");
    assert.equal((await table.get(id))?.state, "spent");
    assert.equal((await made.grants.consume(id, "one")).kind, "done", "its session is running");
  });

  test("a grant whose time is over by the store's clock is not used, whatever the node's clock says", async (t) => {
    const { world: made, table } = await world(t);
    const id = await made.ask(ann);
    await stateOf(made.grants.approve(bob, id));
    await table.update(id, (request) => {
      const grant = request.grant && { ...request.grant, until: request.grant.startsAt + 1 };
      return { request: { ...request, grant }, event: undefined, refused: undefined, notices: [] };
    });
    const outcome = await table.consume(id, "late", silent);
    assert.equal(outcome.kind, "refused");
  });

  test("one requester asks once, though two requests are made at once", async (t) => {
    const { world: made, table } = await world(t);
    const asked = await Promise.all([made.ask(ann), made.ask(ann), made.ask(ann)]);
    assert.equal(asked.filter((one) => one === "grants/already").length, 2);
    assert.equal((await table.list({ requester: ann })).length, 1);
    assert.equal((await table.list({ requester: bob })).length, 0);
  });

  test("requests are listed by who asked, what for, state and way, the newest first", async (t) => {
    const { world: made, table } = await world(t);
    const first = await made.ask(ann);
    const second = await made.ask({ ...ann, subject: "amy" });
    const ids = async (filter: Parameters<typeof table.list>[0]) =>
      (await table.list(filter)).map(({ id }) => id);
    assert.deepEqual(await ids({}), [second, first]);
    assert.deepEqual(await ids({ states: ["pending"], way: "approvals", requester: ann }), [first]);
    assert.deepEqual(await ids({ offer: { namespace: "prod", name: "nothing" } }), []);
    assert.deepEqual(await ids({ states: ["active"] }), []);
    assert.deepEqual(await ids({ unreviewed: true }), []);
    await made.grants.withdraw(ann, first);
    assert.deepEqual(
      (await table.open()).requests.map(({ id }) => id),
      [second],
    );
  });

  test("counting a use tells no node; a decision tells all", async (t) => {
    const { world: made, store } = await world(t);
    const revision = async () =>
      (await store.query("SELECT revision FROM revisions WHERE kind = 'grant'"))[0]?.["revision"];
    const id = await made.ask(ann);
    const asked = await revision();
    await stateOf(made.grants.approve(bob, id));
    const approved = await revision();
    assert.notEqual(asked, approved);
    await made.grants.consume(id, "one");
    assert.equal(await revision(), approved);
  });
});
