/**
 * Tells others, over HTTP, what happens to access requests, so that a chat tool can show them with a button. A message is
 * signed, as "Standard Webhooks" has it (id, time and body under HMAC-SHA-256), and is tried a few times. It is a
 * courtesy: nothing waits for it, nothing is decided by it, and the record of what happened is the ledger.
 *
 *     tell ──▶ queue, one for each hook ──▶ POST ──2xx──▶ next
 *                                            │
 *                                            └─ else: again after RETRIES, then given up and said so
 */
import { createHmac, randomUUID } from "node:crypto";
import type { Clock } from "../base/clock.ts";
import { messageOf } from "../base/error.ts";
import type { Event, Observe } from "../base/event.ts";
import type { Secret } from "../base/secret.ts";
import { WEBHOOK_EVENTS } from "../config/schema/webhooks.ts";
import type { WebhookConfig } from "../config/schema.ts";
import { eventsOf } from "./events.ts";
import type { Transition } from "./grants.ts";

/** Sends one message. Resolves with the status of the answer; rejects when there is none, with the reason. */
export type Post = (hook: WebhookConfig, body: string, headers: Headers) => Promise<number>;
type Headers = Readonly<Record<string, string>>;

interface WebhooksParts {
  readonly clock: Clock;
  readonly observe: Observe;
  readonly post: Post;
}

/** Between attempts: a restart of the receiver is survived, an outage is not waited for. */
const RETRIES_MS: readonly number[] = [1000, 5000, 30_000];
/** Messages that wait for one receiver. It is behind by minutes then, and what is oldest is of no more use. */
const MAX_QUEUE = 1000;
/** "Standard Webhooks": a secret written like this is base64. */
const ENCODED = "whsec_";

interface Message {
  readonly id: string;
  readonly type: Event["event"];
  readonly body: string;
}

export class Webhooks {
  readonly #parts: WebhooksParts;
  #lines: readonly Line[] = [];

  constructor(parts: WebhooksParts) {
    this.#parts = parts;
  }

  /** Puts these hooks in force. What waits for one that is still there goes on waiting. */
  configure(hooks: readonly WebhookConfig[]): void {
    const before = this.#lines;
    this.#lines = hooks.map((hook) => {
      const kept = before.find((line) => line.hook.url === hook.url);
      if (kept === undefined) return new Line(hook, this.#parts);
      kept.hook = hook;
      return kept;
    });
    for (const line of before) if (!this.#lines.includes(line)) line.close();
  }

  /** Tells of a transition. Never throws. */
  tell(transition: Transition): void {
    if (this.#lines.length === 0) return;
    for (const event of eventsOf(transition)) {
      const message = messageFor(event, transition, this.#parts.clock.now());
      for (const line of this.#lines) line.take(message);
    }
  }

  /** Gives up what waits. */
  close(): void {
    this.configure([]);
  }
}

/** The messages for one receiver, one after the other. */
class Line {
  hook: WebhookConfig;
  readonly #parts: WebhooksParts;
  readonly #queue: Message[] = [];
  #running = false;
  #closed = false;
  #stopWaiting: () => void = () => {};

  constructor(hook: WebhookConfig, parts: WebhooksParts) {
    this.hook = hook;
    this.#parts = parts;
  }

  take(message: Message): void {
    const { events = WEBHOOK_EVENTS } = this.hook;
    if (!events.some((one) => one === message.type)) return;
    this.#queue.push(message);
    if (this.#queue.length > MAX_QUEUE) this.#giveUp(this.#queue.shift(), 0, `more than ${MAX_QUEUE} wait`);
    if (!this.#running) void this.#run();
  }

  close(): void {
    this.#closed = true;
    this.#queue.length = 0;
    this.#stopWaiting();
  }

  async #run(): Promise<void> {
    this.#running = true;
    for (;;) {
      const message = this.#queue.shift();
      if (message === undefined) break;
      await this.#deliver(message);
    }
    this.#running = false;
  }

  async #deliver(message: Message): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const fault = await this.#attempt(message);
      if (fault === undefined || this.#closed) return;
      const pause = RETRIES_MS[attempt - 1];
      if (pause === undefined) return this.#giveUp(message, attempt, fault);
      await this.#wait(pause);
      if (this.#closed) return;
    }
  }

  /** What went wrong; undefined when it was taken. */
  async #attempt({ id, body }: Message): Promise<string | undefined> {
    const { clock, post } = this.#parts;
    const timestamp = String(Math.floor(clock.now() / 1000));
    const signature = sign(this.hook.secret, `${id}.${timestamp}.${body}`);
    const headers = {
      "webhook-id": id,
      "webhook-timestamp": timestamp,
      "webhook-signature": `v1,${signature}`,
    };
    try {
      const status = await post(this.hook, body, headers);
      return status >= 200 && status < 300 ? undefined : `answered ${status}`;
    } catch (error) {
      return messageOf(error);
    }
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const callOff = this.#parts.clock.after(ms, resolve);
      this.#stopWaiting = () => {
        callOff();
        resolve();
      };
    });
  }

  #giveUp(message: Message | undefined, attempts: number, detail: string): void {
    if (message === undefined) return;
    const { origin } = new URL(this.hook.url); // the path may be the receiver's secret, as chat tools have it
    this.#parts.observe({ event: "webhook.failed.v1", receiver: origin, of: message.type, attempts, detail });
  }
}

/** @returns base64 of the HMAC-SHA-256 */
function sign(secret: Secret, content: string): string {
  const text = secret.reveal();
  const key = text.startsWith(ENCODED)
    ? Buffer.from(text.slice(ENCODED.length), "base64")
    : Buffer.from(text);
  return createHmac("sha256", key).update(content).digest("base64");
}

function messageFor(event: Event, { request }: Transition, now: number): Message {
  const { event: type, ...facts } = event;
  const { requester, reason, duration, approvals, needed, digest, state, grant } = request;
  const about = {
    id: request.id,
    offer: request.offer,
    requester: requester.username,
    reason,
    durationMs: duration,
    state,
    approvals: approvals.map(({ by }) => by.username),
    needed,
    /** What an approver has to have seen. */
    digest,
    until: grant === undefined ? undefined : new Date(grant.until).toISOString(),
  };
  const body = JSON.stringify({ type, timestamp: new Date(now).toISOString(), data: { ...facts, about } });
  return { id: `msg_${randomUUID()}`, type, body };
}
