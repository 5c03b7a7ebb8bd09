/**
 * Delivers to others, over HTTP, what happens to access requests, so that a chat tool can show it with a button. Messages
 * are written in the store with what they tell of, and each is delivered at least once, by whichever node is there: tried
 * again for most of a day, over restarts, then given up and said so. Nothing waits for it, and nothing is decided by it.
 *
 *     written ──▶ due ──take──▶ POST ──2xx──▶ removed
 *                  ▲              │
 *                  └── after PAUSES, or the lease of a node that died ── else; after the last of them: given up
 */
import { createHash } from "node:crypto";
import type { Clock } from "../base/clock.ts";
import { messageOf } from "../base/error.ts";
import type { Observe } from "../base/event.ts";
import type { WebhookConfig } from "../config/schema.ts";
import type { Delivery, DeliveryQueue, Undelivered } from "./deliveries.ts";

/** Sends one message. Resolves with the status of the answer; rejects when there is none, with the reason. */
export type Post = (hook: WebhookConfig, id: string, body: string) => Promise<number>;

interface WebhooksParts {
  readonly queue: DeliveryQueue;
  readonly clock: Clock;
  readonly observe: Observe;
  readonly post: Post;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
/** Between attempts: a restart of the receiver is hardly noticed, and its bad day is survived. */
const PAUSES_MS: readonly number[] = [
  ...[SECOND, 5 * SECOND, 30 * SECOND, 2 * MINUTE, 10 * MINUTE],
  ...[30 * MINUTE, HOUR, 2 * HOUR, 4 * HOUR, 8 * HOUR],
];
/** Then what it says is of no more use; all attempts fit in. */
const MAX_AGE_MS = 24 * HOUR;
/** Messages that wait for one receiver; the oldest are given up first. */
const MAX_WAITING = 10_000;
/** How often it is looked for messages that nobody here knows of: of nodes that died, or that wait for their next try. */
const LOOK_MS = 5 * SECOND;
/** Beyond the time that an answer may take: by then the node that had a message is taken for dead. */
const LEASE_MS = 30 * SECOND;

/** What messages for a receiver are kept under. Its URL may be a secret, as chat tools have it. */
export function hookOf({ url }: Pick<WebhookConfig, "url">): string {
  return createHash("sha256").update(url).digest("hex").slice(0, 32);
}

export class Webhooks {
  readonly #parts: WebhooksParts;
  #lines: readonly Line[] = [];
  #callOff: () => void = () => {};
  #closed = false;

  constructor(parts: WebhooksParts) {
    this.#parts = parts;
  }

  /** Puts these hooks in force. What waits for one that is not among them waits for a node that has it, or for its end. */
  configure(hooks: readonly WebhookConfig[]): void {
    const before = this.#lines;
    this.#lines = hooks.map((hook) => {
      const kept = before.find((line) => line.hook.url === hook.url);
      if (kept === undefined) return new Line(hook, this.#parts);
      kept.hook = hook;
      return kept;
    });
    for (const line of before) if (!this.#lines.includes(line)) void line.close();
  }

  /** Begins to deliver. */
  start(): void {
    void this.#look();
  }

  /** Delivers what was just written. */
  wake(): void {
    for (const line of this.#lines) line.wake();
  }

  /** Ends; what waits stays where it is. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#callOff();
    await Promise.all(this.#lines.map((line) => line.close()));
  }

  async #look(): Promise<void> {
    this.wake();
    const { queue, clock } = this.#parts;
    const expired = await queue.expire({ age: MAX_AGE_MS, waiting: MAX_WAITING }).catch(() => []);
    for (const one of expired) this.#giveUp(one);
    if (!this.#closed) this.#callOff = clock.after(LOOK_MS, () => void this.#look());
  }

  #giveUp({ receiver, type, attempts }: Undelivered): void {
    const detail = `it waited for more than ${MAX_AGE_MS / HOUR} hours, or more than ${MAX_WAITING} did`;
    this.#parts.observe({ event: "webhook.failed.v1", receiver, of: type, attempts, detail });
  }
}

/** The messages for one receiver, as this node delivers them: one after the other. */
class Line {
  hook: WebhookConfig;
  readonly #parts: WebhooksParts;
  #running: Promise<void> | undefined;
  #again = false;
  #closed = false;
  readonly #timers = new Set<() => void>();

  constructor(hook: WebhookConfig, parts: WebhooksParts) {
    this.hook = hook;
    this.#parts = parts;
  }

  /** Looks for messages that are due, now or right after those that are under way. */
  wake(): void {
    this.#again = true;
    this.#running ??= this.#run();
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const callOff of this.#timers) callOff();
    await this.#running;
  }

  async #run(): Promise<void> {
    await Promise.resolve(); // what is written in the same turn goes along
    while (this.#again && !this.#closed) {
      this.#again = false;
      try {
        while (!this.#closed && (await this.#deliverNext()));
      } catch {
        // The store's state says so; a message that was taken is due again after its lease.
      }
    }
    this.#running = undefined; // in the same turn as the last look at what was asked
  }

  /** Returns whether there was one. */
  async #deliverNext(): Promise<boolean> {
    const { queue } = this.#parts;
    const hook = hookOf(this.hook);
    const delivery = await queue.take(hook, this.hook.timeout + LEASE_MS);
    if (delivery === undefined) return false;
    const fault = await this.#attempt(delivery);
    if (fault === undefined) await queue.remove(hook, delivery.id);
    else await this.#failed(hook, delivery, fault);
    return true;
  }

  async #failed(hook: string, delivery: Delivery, fault: string): Promise<void> {
    const { queue } = this.#parts;
    const { id, type, attempts, age } = delivery;
    if (this.#closed) return queue.retry(hook, id, 0); // it was called off: for another node, or the next start
    const pause = PAUSES_MS[attempts - 1];
    if (pause !== undefined && age + pause < MAX_AGE_MS) {
      await queue.retry(hook, id, pause);
      return this.#wakeIn(pause);
    }
    const gone = await queue.remove(hook, id);
    const { origin: receiver } = new URL(this.hook.url); // the path may be the receiver's secret
    if (gone)
      this.#parts.observe({ event: "webhook.failed.v1", receiver, of: type, attempts, detail: fault });
  }

  /** Later ones are found by the look that comes every few seconds. */
  #wakeIn(pause: number): void {
    if (pause > LOOK_MS || this.#closed) return;
    const callOff = this.#parts.clock.after(pause, () => {
      this.#timers.delete(callOff);
      this.wake();
    });
    this.#timers.add(callOff);
  }

  /** What went wrong; undefined when it was taken. */
  async #attempt({ id, body }: Delivery): Promise<string | undefined> {
    try {
      const status = await this.#parts.post(this.hook, id, body);
      return status >= 200 && status < 300 ? undefined : `answered ${status}`;
    } catch (error) {
      return messageOf(error);
    }
  }
}
