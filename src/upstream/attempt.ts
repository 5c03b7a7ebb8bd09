import type { Clock } from "../base/clock.ts";
import type { Wire } from "../wire/wire.ts";
import { UpstreamError } from "./errors.ts";

/**
 * One try at one server address. Time-out and a client that goes away both cut it: the connection that it is busy with
 * is destroyed, and whoever waits learns the reason.
 */
export class Attempt {
  #cause: Error | undefined;
  #wire: Pick<Wire, "destroy"> | undefined;
  readonly #waiting = new Set<(cause: Error) => void>();
  readonly #release: () => void;

  /** @param timeoutMs for all of it: TCP, TLS and login together */
  constructor(clock: Clock, timeoutMs: number, abort: AbortSignal | undefined) {
    const aborted = () => this.cut(new UpstreamError("upstream/aborted", "the client went away"));
    const callOff = clock.after(timeoutMs, () =>
      this.cut(new UpstreamError("upstream/timeout", `no login within ${timeoutMs} ms`)),
    );
    abort?.addEventListener("abort", aborted, { once: true });
    this.#release = () => {
      callOff();
      abort?.removeEventListener("abort", aborted);
    };
    if (abort?.aborted) aborted();
  }

  /** Makes `wire` the one that dies with the attempt. */
  hold(wire: Pick<Wire, "destroy">): void {
    this.#wire = wire;
    if (this.#cause !== undefined) wire.destroy();
  }

  /** Ends the attempt. */
  cut(cause: Error): void {
    if (this.#cause !== undefined) return;
    this.#cause = cause;
    this.#release();
    this.#wire?.destroy();
    for (const reject of [...this.#waiting]) reject(cause);
  }

  /** `promise`, or the reason for which the attempt was cut before. */
  wait<T>(promise: Promise<T>): Promise<T> {
    if (this.#cause !== undefined) {
      promise.catch(() => {}); // its own failure says nothing new
      return Promise.reject(this.#cause);
    }
    return new Promise<T>((resolve, reject) => {
      this.#waiting.add(reject);
      const settled = () => this.#waiting.delete(reject);
      promise.then(resolve, reject).finally(settled);
    });
  }

  /** Ends the time limit and lets go of the connection: the attempt was successful. */
  finish(): void {
    this.#release();
    this.#wire = undefined;
  }

  /** Gives the attempt up: nothing of it may stay open. */
  discard(): void {
    this.#release();
    this.#wire?.destroy();
  }
}
