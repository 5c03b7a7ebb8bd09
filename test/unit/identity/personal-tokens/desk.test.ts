import assert from "node:assert/strict";
import { test } from "node:test";
import type { Event } from "../../../../src/base/event.ts";
import { Secret } from "../../../../src/base/secret.ts";
import { noTrace } from "../../../../src/base/trace.ts";
import type { Identity } from "../../../../src/identity/identity.ts";
import { mintToken } from "../../../../src/identity/mint.ts";
import { TokenDesk, type TokenWish } from "../../../../src/identity/personal-tokens/desk.ts";
import { keyPair } from "../../../support/issuer.ts";
import { PersonalProving } from "../../../support/personal-tokens.ts";

const DAY = 86_400_000;
const WISH: TokenWish = { name: "laptop", lifetime: 30 * DAY, roles: undefined, cidrs: undefined };

class DeskWorld {
  readonly proving = new PersonalProving();
  readonly events: Event[] = [];
  readonly desk = new TokenDesk({
    table: this.proving.shelf.table(this.proving.clock),
    key: this.proving.key,
    clock: this.proving.clock,
    announce: (notices) => this.events.push(...notices.map(({ event }) => event)),
  });

  /** Somebody of issuer `corp` who has just logged in with a signed token. */
  async login(sub: string): Promise<Identity> {
    const exp = this.proving.clock.now() / 1000 + 60;
    return this.identity(mintToken(keyPair().privatePem, { iss: "https://corp.test", sub, exp }));
  }

  async identity(token: string): Promise<Identity> {
    const verified = await this.proving.verifier.verify(new Secret(token), undefined, noTrace, "192.0.2.1");
    assert.equal(verified.kind, "identity");
    return verified.identity;
  }

  async create(owner: Identity, wish: Partial<TokenWish> = {}) {
    return this.desk.create(owner, { ...WISH, ...wish });
  }
}

test("a token that was made proves its owner, is listed without its hash, and ends when it is revoked", async () => {
  const world = new DeskWorld();
  const ann = await world.login("ann");
  const created = await world.create(ann, { roles: ["reader"], cidrs: ["192.0.2.0/24"] });
  assert.equal(created.kind, "created");
  const text = created.token.reveal();
  assert.equal(await world.proving.outcome(text), "https://corp.test:ann");
  assert.equal(await world.proving.outcome(text, "198.51.100.1"), "identity/address");
  const list = await world.desk.list(ann);
  assert.equal(list.kind, "listed");
  assert.deepEqual(list.tokens, [created.listed]);
  assert.ok(!("hash" in created.listed));
  const { id } = created.listed;
  assert.equal((await world.desk.revoke(ann, id)).kind, "revoked");
  await world.proving.tokens.refresh(id);
  assert.equal(await world.proving.outcome(text), "identity/revoked");
  assert.deepEqual(
    world.events.map(({ event }) => event),
    ["token.created.v1", "token.revoked.v1"],
  );
  assert.ok(!JSON.stringify(world.events).includes(text.slice(21)));
});

test("revoking twice is no fault and told once", async () => {
  const world = new DeskWorld();
  const ann = await world.login("ann");
  const created = await world.create(ann);
  assert.equal(created.kind, "created");
  await world.desk.revoke(ann, created.listed.id);
  assert.equal((await world.desk.revoke(ann, created.listed.id)).kind, "revoked");
  assert.equal(world.events.length, 2);
});

test("a personal token makes no other one", async () => {
  const world = new DeskWorld();
  const created = await world.create(await world.login("ann"));
  assert.equal(created.kind, "created");
  const second = await world.create(await world.identity(created.token.reveal()), { name: "second" });
  assert.equal(second.kind === "refused" && second.code, "tokens/by-token");
});

test("somebody else's token is not there, unless policy gives all of them", async () => {
  const world = new DeskWorld();
  const [ann, bob] = [await world.login("ann"), await world.login("bob")];
  const created = await world.create(ann);
  assert.equal(created.kind, "created");
  const refused = await world.desk.revoke(bob, created.listed.id);
  assert.equal(refused.kind === "refused" && refused.code, "tokens/not-found");
  const own = await world.desk.list(bob);
  assert.deepEqual(own.kind === "listed" && own.tokens, []);
  const all = await world.desk.list(bob, true);
  assert.equal(all.kind === "listed" && all.tokens.length, 1);
  assert.equal((await world.desk.revoke(bob, created.listed.id, true)).kind, "revoked");
});

const WRONG: readonly (readonly [string, Partial<TokenWish>, string])[] = [
  ["no name", { name: " " }, "tokens/name"],
  ["a name of two lines", { name: "a\nb" }, "tokens/name"],
  ["a long name", { name: "x".repeat(129) }, "tokens/name"],
  ["no time", { lifetime: 0 }, "tokens/lifetime"],
  ["two years", { lifetime: 730 * DAY }, "tokens/lifetime"],
  ["endless time", { lifetime: Number.POSITIVE_INFINITY }, "tokens/lifetime"],
  ["no role at all", { roles: [] }, "tokens/roles"],
  ["a role that PostgreSQL cannot hold", { roles: ["x".repeat(64)] }, "tokens/roles"],
  ["no network at all", { cidrs: [] }, "tokens/networks"],
  ["a network that is none", { cidrs: ["10.0.0.0/33"] }, "tokens/networks"],
];

for (const [what, wish, code] of WRONG) {
  test(`a token with ${what} is not made: ${code}`, async () => {
    const world = new DeskWorld();
    const outcome = await world.create(await world.login("ann"), wish);
    assert.equal(outcome.kind === "refused" && outcome.code, code);
    assert.equal(world.events.length, 0);
  });
}

test("two live tokens of one person cannot share a name, and nobody has more than fifty", async () => {
  const world = new DeskWorld();
  const ann = await world.login("ann");
  await world.create(ann);
  const second = await world.create(ann);
  assert.equal(second.kind === "refused" && second.code, "tokens/name-taken");
  assert.equal((await world.create(await world.login("bob"))).kind, "created");
  for (let made = 1; made < 50; made++) await world.create(ann, { name: `token ${made}` });
  const more = await world.create(ann, { name: "one more" });
  assert.equal(more.kind === "refused" && more.code, "tokens/too-many");
});

test("a store that does not answer makes, lists and revokes nothing", async () => {
  const world = new DeskWorld();
  const ann = await world.login("ann");
  world.proving.shelf.reachable = false;
  for (const outcome of [
    await world.create(ann),
    await world.desk.list(ann),
    await world.desk.revoke(ann, "0123456789abcdef"),
  ])
    assert.equal(outcome.kind === "refused" && outcome.code, "tokens/unavailable");
});
