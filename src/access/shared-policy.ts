/**
 * The part of policy that is not in files: what the store holds. It is read whole, again whenever it changed, and at
 * least every few seconds, so that a node that missed a change does not go on without it for long.
 */
import type { Clock } from "../base/clock.ts";
import { messageOf } from "../base/error.ts";
import type { Observe } from "../base/event.ts";
import type { Entry } from "./written-object.ts";

/** What the store holds of policy at one moment. */
export interface StoredPolicy {
  /** Another one after each change. */
  readonly revision: string;
  readonly entries: readonly Entry[];
}

/** Where it is kept. */
export interface PolicyKeeper {
  /**
   * Reads all of it as of one moment, unless it still has the revision `known`. Rejects when the store cannot be asked.
   */
  read(known: string): Promise<StoredPolicy | "unchanged">;
  /** Calls `listener` after each change, and when changes may have been missed. Returns a function that ends it. */
  onChange(listener: () => void): () => void;
}

/** How often it is read when nobody says that it changed. */
const POLL_MS = 5000;
/** What was read so long ago is not known to be true any more: three polls have failed. */
const STALE_MS = 15_000;

interface SharedPolicyParts {
  readonly keeper: PolicyKeeper;
  readonly clock: Clock;
  readonly observe: Observe;
}

const NOTHING: StoredPolicy = { revision: "", entries: [] };

export class SharedPolicy {
  readonly #parts: SharedPolicyParts;
  readonly #listeners = new Set<() => void>();
  #stored = NOTHING;
  /** When the newest read that succeeded began; undefined: none has. */
  #readAt: number | undefined;
  #reading: Promise<void> | undefined;
  #again = false;
  #failing = false;
  #callOff: () => void = () => {};
  #unsubscribe: () => void = () => {};
  #closed = false;

  constructor(parts: SharedPolicyParts) {
    this.#parts = parts;
  }

  /** Reads it for the first time. Resolves when it was tried; a store that is away is asked again. */
  async start(): Promise<void> {
    this.#unsubscribe = this.#parts.keeper.onChange(() => void this.refresh());
    await this.refresh();
  }

  close(): void {
    this.#closed = true;
    this.#unsubscribe();
    this.#callOff();
  }

  /** What was read last; empty before anything was. */
  get stored(): StoredPolicy {
    return this.#stored;
  }

  /** Whether what was read last may still be believed. */
  isFresh(): boolean {
    return this.#readAt !== undefined && this.#parts.clock.now() - this.#readAt < STALE_MS;
  }

  /** Calls `listener` after each read that found something else. Returns a function that ends the subscription. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Reads it anew. What changed while a read was under way is read by another that follows; never rejects. */
  refresh(): Promise<void> {
    this.#again = this.#reading !== undefined;
    this.#reading ??= this.#readUntilQuiet().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #readUntilQuiet(): Promise<void> {
    this.#callOff();
    do {
      this.#again = false;
      await this.#readOnce();
    } while (this.#again && !this.#closed);
    if (!this.#closed) this.#callOff = this.#parts.clock.after(POLL_MS, () => void this.refresh());
  }

  async #readOnce(): Promise<void> {
    const { keeper, clock, observe } = this.#parts;
    const began = clock.now();
    try {
      const read = await keeper.read(this.#stored.revision);
      this.#readAt = began;
      this.#failing = false;
      if (read === "unchanged") return;
      this.#stored = read;
      observe({ event: "policy.loaded.v1", objects: read.entries.length });
    } catch (error) {
      // Once an outage: the same line every few seconds would say nothing new.
      if (!this.#failing) observe({ event: "policy.failed.v1", detail: messageOf(error) });
      this.#failing = true;
      return;
    }
    for (const listener of [...this.#listeners]) listener();
  }
}
