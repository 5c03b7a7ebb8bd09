/**
 * What is asked of an AbortSignal here. To make a real one for each request, to listen to it and to leave it took Bun
 * 2 % of its time at the REST door, and Node less than 1 % (docs/benchmarks.md).
 */
export interface Abort {
  readonly aborted: boolean;
  readonly reason: unknown;
  addEventListener(type: "abort", listener: () => void): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

/** Somebody's wish that something end. The first reason counts, and listeners are told once. */
export class Aborter implements Abort {
  #aborted: { readonly reason: unknown } | undefined;
  readonly #listeners: (() => void)[] = [];

  get aborted(): boolean {
    return this.#aborted !== undefined;
  }

  get reason(): unknown {
    return this.#aborted?.reason;
  }

  addEventListener(_type: "abort", listener: () => void): void {
    if (!this.aborted) this.#listeners.push(listener);
  }

  removeEventListener(_type: "abort", listener: () => void): void {
    const at = this.#listeners.indexOf(listener);
    if (at >= 0) this.#listeners.splice(at, 1);
  }

  abort(reason: unknown): void {
    if (this.aborted) return;
    this.#aborted = { reason };
    for (const listener of this.#listeners.splice(0)) listener();
  }
}
