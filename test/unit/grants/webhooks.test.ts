import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import type { Event } from "../../../src/base/event.ts";
import type { Notice } from "../../../src/base/notice.ts";
import { Secret } from "../../../src/base/secret.ts";
import type { WebhookConfig } from "../../../src/config/schema.ts";
import type { Delivery, DeliveryBounds, DeliveryQueue, Undelivered } from "../../../src/grants/deliveries.ts";
import { hookOf, type Post, Webhooks } from "../../../src/grants/webhooks.ts";
import { signedHeaders } from "../../../src/outbound/webhook.ts";
import type { VirtualClock } from "../../support/clock.ts";
import { ann, bob, GrantsWorld } from "../../support/grants.ts";

const DAY_MS = 86_400_000;
const LOOK_MS = 5000;
const SECRET = "0123456789abcdef0123456789abcdef";

function hook(settings: Partial<WebhookConfig> = {}): WebhookConfig {
  return {
    url: "https://chat.test/hooks/T0/B0",
    secret: new Secret(SECRET),
    events: undefined,
    timeout: 5000,
    caFile: undefined,
    refusePrivateNetworks: false,
    ...settings,
  };
}

interface Sent {
  readonly url: string;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

interface Row {
  readonly hook: string;
  readonly receiver: string;
  readonly id: string;
  readonly type: string;
  readonly about: string;
  readonly body: string;
  readonly madeAt: number;
  attempts: number;
  dueAt: number;
}

/** Messages in memory, as the store has them. */
class MemoryDeliveries implements DeliveryQueue {
  rows: Row[] = [];
  readonly #clock: VirtualClock;

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  write({ id, event, message }: Notice, hooks: readonly WebhookConfig[]): void {
    for (const { url, events } of hooks) {
      if (message === undefined || events?.some((one) => one === event.event) === false) continue;
      const now = this.#clock.now();
      const row = { hook: hookOf({ url }), receiver: new URL(url).origin, id, type: event.event, ...message };
      this.rows.push({ ...row, madeAt: now, attempts: 0, dueAt: now });
    }
  }

  async take(hook: string, lease: number): Promise<Delivery | undefined> {
    const now = this.#clock.now();
    const own = this.rows.filter((row) => row.hook === hook);
    const row = own.find((one) => one.dueAt <= now && own.find(({ about }) => about === one.about) === one);
    if (row === undefined) return undefined;
    row.attempts += 1;
    row.dueAt = now + lease;
    return { ...row, age: now - row.madeAt };
  }

  async retry(hook: string, id: string, after: number): Promise<void> {
    for (const row of this.rows)
      if (row.hook === hook && row.id === id) row.dueAt = this.#clock.now() + after;
  }

  async remove(hook: string, id: string): Promise<boolean> {
    const before = this.rows.length;
    this.rows = this.rows.filter((row) => row.hook !== hook || row.id !== id);
    return this.rows.length < before;
  }

  async expire({ age }: DeliveryBounds): Promise<readonly Undelivered[]> {
    const old = this.rows.filter(({ madeAt }) => madeAt < this.#clock.now() - age);
    this.rows = this.rows.filter((row) => !old.includes(row));
    return old;
  }
}

/** Requests whose transitions go to webhooks, and a receiver that answers as a test has it. */
class HookWorld extends GrantsWorld {
  readonly sent: Sent[] = [];
  readonly events: Event[] = [];
  readonly queue = new MemoryDeliveries(this.clock);
  answer: () => Promise<number> = async () => 204;
  readonly post: Post = async ({ url, secret }, id, body) => {
    this.sent.push({ url, body, headers: signedHeaders(secret, id, body, this.clock.now()) });
    return this.answer();
  };
  hooks = this.process();
  #configured: readonly WebhookConfig[] = [];
  #passedOn = 0;

  /** Another process on the same store. */
  process(): Webhooks {
    const { queue, clock, post } = this;
    return new Webhooks({ queue, clock, observe: (event) => this.events.push(event), post });
  }

  configure(hooks: readonly WebhookConfig[]): void {
    this.#configured = hooks;
    this.hooks.configure(hooks);
  }

  /** Hands on what was told since, and lets what is ready happen. */
  async passOn(): Promise<void> {
    for (const { notices } of this.told.slice(this.#passedOn))
      for (const notice of notices) this.queue.write(notice, this.#configured);
    this.#passedOn = this.told.length;
    this.hooks.wake();
    await this.settle();
  }

  async settle(turns = 60): Promise<void> {
    for (let turn = 0; turn < turns; turn++) await Promise.resolve();
  }

  async pass(ms: number): Promise<void> {
    this.clock.advance(ms);
    await this.settle();
  }

  types(): readonly string[] {
    return this.sent.map(({ body }) => JSON.parse(body).type);
  }
}

test("each step is sent to each hook, signed, with what a chat tool needs to ask for an answer", async () => {
  const world = new HookWorld();
  world.configure([hook(), hook({ url: "https://siem.test/", events: ["grant.started.v1"] })]);
  const id = await world.ask();
  await world.grants.approve(bob, id);
  await world.passOn();
  const chat = world.sent.filter(({ url }) => url.startsWith("https://chat.test"));
  assert.deepEqual(
    chat.map(({ body }) => JSON.parse(body).type),
    ["access.requested.v1", "access.approved.v1", "grant.started.v1"],
  );
  assert.equal(world.sent.length, 4, "the other hook wanted one of them");
  const [{ body, headers } = assert.fail()] = chat;
  const signed = `${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`;
  assert.equal(
    headers["webhook-signature"],
    `v1,${createHmac("sha256", SECRET).update(signed).digest("base64")}`,
  );
  const { timestamp, data } = JSON.parse(body);
  assert.equal(timestamp, new Date(world.clock.now()).toISOString());
  assert.equal(data.actor, "https://corp.test:ann");
  assert.equal(data.about.id, id);
  assert.equal(data.about.requester, "ann@corp.test");
  assert.equal(data.about.digest, (await world.memory.get(id))?.digest);
});

test("a secret in the standard's own writing is its base64", async () => {
  const world = new HookWorld();
  world.configure([hook({ secret: new Secret(`whsec_${Buffer.from(SECRET).toString("base64")}`) })]);
  await world.ask();
  await world.passOn();
  const [{ body, headers } = assert.fail()] = world.sent;
  const signed = `${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`;
  assert.equal(
    headers["webhook-signature"],
    `v1,${createHmac("sha256", SECRET).update(signed).digest("base64")}`,
  );
});

test("a receiver that fails is tried again for most of a day with the same id, then given up, which is told without the path", async () => {
  const world = new HookWorld();
  world.configure([hook()]);
  world.hooks.start();
  world.answer = async () => 500;
  await world.ask();
  await world.passOn();
  const times = [world.clock.now()];
  for (let look = 0; look < DAY_MS / LOOK_MS; look++) {
    world.clock.advance(LOOK_MS);
    await world.settle(20); // fewer will do for one message, and there are many looks in a day
    if (world.sent.length > times.length) times.push(world.clock.now());
  }
  const minutes = times.slice(4).map((time, index) => Math.round((time - (times[index + 3] ?? 0)) / 60_000));
  assert.deepEqual(minutes, [2, 10, 30, 60, 120, 240, 480]);
  assert.equal(world.sent.length, 11);
  assert.equal(new Set(world.sent.map(({ headers }) => headers["webhook-id"])).size, 1);
  assert.deepEqual(world.events, [
    {
      event: "webhook.failed.v1",
      receiver: "https://chat.test",
      of: "access.requested.v1",
      attempts: 11,
      detail: "answered 500",
    },
  ]);
  assert.deepEqual(world.queue.rows, []);
  await world.hooks.close();
  assert.equal(world.clock.pending, 0);
});

test("messages about one request keep their order while the receiver recovers", async () => {
  const world = new HookWorld();
  world.configure([hook()]);
  world.answer = async () => {
    throw new Error("no connection");
  };
  const id = await world.ask();
  await world.passOn();
  await world.grants.deny(bob, id);
  await world.passOn();
  world.answer = async () => 200;
  world.clock.advance(1000);
  await world.settle();
  assert.deepEqual(world.types(), ["access.requested.v1", "access.requested.v1", "access.denied.v1"]);
  assert.deepEqual(world.events, []);
});

test("what is about another request does not wait for one that fails", async () => {
  const world = new HookWorld();
  world.configure([hook()]);
  world.answer = async () => (world.sent.length === 1 ? 500 : 200);
  const first = await world.ask();
  await world.passOn();
  await world.grants.deny(bob, first);
  await world.ask();
  await world.passOn();
  assert.deepEqual(world.types(), ["access.requested.v1", "access.requested.v1"]);
  assert.deepEqual(
    world.sent.map(({ body }) => JSON.parse(body).data.about.id === first),
    [true, false],
  );
  await world.pass(1000);
  assert.deepEqual(world.types().slice(2), ["access.requested.v1", "access.denied.v1"]);
});

test("what a process was delivering when it died is delivered by another, with the same id", async () => {
  const world = new HookWorld();
  world.configure([hook()]);
  world.answer = () => new Promise(() => {}); // and there it dies
  await world.ask();
  await world.passOn();
  world.answer = async () => 200;
  world.hooks = world.process();
  world.configure([hook()]);
  world.hooks.start();
  await world.pass(34_999);
  assert.equal(world.sent.length, 1, "the other might live");
  await world.pass(5001);
  assert.equal(world.sent.length, 2);
  assert.equal(new Set(world.sent.map(({ headers }) => headers["webhook-id"])).size, 1);
  assert.deepEqual(world.queue.rows, []);
  await world.hooks.close();
});

test("a process that ends while it delivers leaves the message to the next at once", async () => {
  const world = new HookWorld();
  world.configure([hook()]);
  const { promise, reject } = Promise.withResolvers<number>();
  world.answer = () => promise;
  await world.ask();
  await world.passOn();
  const closed = world.hooks.close();
  reject(new Error("called off"));
  await closed;
  world.answer = async () => 200;
  world.hooks = world.process();
  world.configure([hook()]);
  world.hooks.start();
  await world.settle();
  assert.equal(world.sent.length, 2);
  await world.hooks.close();
});

test("a message that no node could deliver for a day is given up, and told", async () => {
  const world = new HookWorld();
  world.configure([hook()]);
  await world.ask();
  for (const { notices } of world.told) for (const notice of notices) world.queue.write(notice, [hook()]);
  world.configure([]);
  world.hooks.start();
  await world.settle();
  world.clock.step(24 * 3_600_000 + 1);
  await world.pass(5000);
  assert.deepEqual(
    world.events.map((event) => event.event === "webhook.failed.v1" && [event.receiver, event.attempts]),
    [["https://chat.test", 0]],
  );
  assert.deepEqual(world.queue.rows, []);
  await world.hooks.close();
});

test("a hook that is configured no more is sent nothing more", async () => {
  const world = new HookWorld();
  world.configure([hook()]);
  world.answer = async () => 500;
  const id = await world.ask();
  await world.passOn();
  world.configure([]);
  await world.settle();
  await world.grants.withdraw(ann, id);
  await world.passOn();
  await world.pass(60_000);
  assert.equal(world.sent.length, 1);
  assert.deepEqual([world.events.length, world.clock.pending], [0, 0]);
});

test("a reload that changes a hook's secret signs what waits with the new one", async () => {
  const world = new HookWorld();
  world.configure([hook()]);
  world.answer = async () => 503;
  await world.ask();
  await world.passOn();
  const renewed = "f".repeat(32);
  world.configure([hook({ secret: new Secret(renewed) })]);
  world.answer = async () => 200;
  world.clock.advance(1000);
  await world.settle();
  const { body, headers } = world.sent.at(-1) ?? assert.fail();
  const signed = `${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`;
  assert.equal(
    headers["webhook-signature"],
    `v1,${createHmac("sha256", renewed).update(signed).digest("base64")}`,
  );
});
