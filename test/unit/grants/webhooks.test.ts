import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import type { Event } from "../../../src/base/event.ts";
import { Secret } from "../../../src/base/secret.ts";
import type { WebhookConfig } from "../../../src/config/schema.ts";
import { type Post, Webhooks } from "../../../src/grants/webhooks.ts";
import { ann, bob, GrantsWorld } from "../../support/grants.ts";

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

/** Requests whose transitions go to webhooks, and a receiver that answers as a test has it. */
class HookWorld extends GrantsWorld {
  readonly sent: Sent[] = [];
  readonly events: Event[] = [];
  answer: () => Promise<number> = async () => 204;
  readonly post: Post = async ({ url }, body, headers) => {
    this.sent.push({ url, body, headers });
    return this.answer();
  };
  readonly hooks = new Webhooks({
    clock: this.clock,
    observe: (event) => this.events.push(event),
    post: this.post,
  });
  #passedOn = 0;

  /** Hands on what was told since, and lets what is ready happen. */
  async passOn(): Promise<void> {
    for (const transition of this.told.slice(this.#passedOn)) this.hooks.tell(transition);
    this.#passedOn = this.told.length;
    await this.settle();
  }

  async settle(): Promise<void> {
    for (let turn = 0; turn < 50; turn++) await Promise.resolve();
  }

  types(): readonly string[] {
    return this.sent.map(({ body }) => JSON.parse(body).type);
  }
}

test("each step is sent to each hook, signed, with what a chat tool needs to ask for an answer", async () => {
  const world = new HookWorld();
  world.hooks.configure([hook(), hook({ url: "https://siem.test/", events: ["grant.started.v1"] })]);
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
  world.hooks.configure([hook({ secret: new Secret(`whsec_${Buffer.from(SECRET).toString("base64")}`) })]);
  await world.ask();
  await world.passOn();
  const [{ body, headers } = assert.fail()] = world.sent;
  const signed = `${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`;
  assert.equal(
    headers["webhook-signature"],
    `v1,${createHmac("sha256", SECRET).update(signed).digest("base64")}`,
  );
});

test("a receiver that fails is tried again three times with the same id, then given up, which is told without the path", async () => {
  const world = new HookWorld();
  world.hooks.configure([hook()]);
  world.answer = async () => 500;
  await world.ask();
  await world.passOn();
  for (const pause of [1000, 5000, 30_000]) {
    world.clock.advance(pause);
    await world.settle();
  }
  assert.equal(world.sent.length, 4);
  assert.equal(new Set(world.sent.map(({ headers }) => headers["webhook-id"])).size, 1);
  assert.deepEqual(world.events, [
    {
      event: "webhook.failed.v1",
      receiver: "https://chat.test",
      of: "access.requested.v1",
      attempts: 4,
      detail: "answered 500",
    },
  ]);
  assert.equal(world.clock.pending, 0);
});

test("messages to one receiver keep their order while it recovers, and other receivers do not wait for it", async () => {
  const world = new HookWorld();
  world.hooks.configure([hook()]);
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

test("a receiver that never answers costs a bounded queue, whose oldest messages are given up", async () => {
  const world = new HookWorld();
  world.hooks.configure([hook()]);
  world.answer = () => new Promise(() => {});
  await world.ask();
  const [transition = assert.fail()] = world.told;
  for (let told = 0; told < 1002; told++) world.hooks.tell(transition);
  await world.settle();
  assert.equal(world.sent.length, 1);
  assert.deepEqual(
    world.events.map((event) => event.event === "webhook.failed.v1" && event.attempts),
    [0],
  );
});

test("a hook that is configured no more is sent nothing more, and nothing waits for it", async () => {
  const world = new HookWorld();
  world.hooks.configure([hook()]);
  world.answer = async () => 500;
  const id = await world.ask();
  await world.passOn();
  world.hooks.configure([]);
  await world.settle();
  await world.grants.withdraw(ann, id);
  await world.passOn();
  world.clock.advance(60_000);
  await world.settle();
  assert.equal(world.sent.length, 1);
  assert.deepEqual([world.events.length, world.clock.pending], [0, 0]);
});

test("a reload that changes a hook's secret signs what waits with the new one", async () => {
  const world = new HookWorld();
  world.hooks.configure([hook()]);
  world.answer = async () => 503;
  await world.ask();
  await world.passOn();
  const renewed = "f".repeat(32);
  world.hooks.configure([hook({ secret: new Secret(renewed) })]);
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
