/**
 * What is asked of an AbortSignal here. A real one costs several microseconds to make, to listen to and to leave, which
 * is a tenth of what the REST door's own code takes for a request.
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
