import type { Observe } from "../base/event.ts";

/** Tells when the store begins to answer, and when it ceases, from what each use of it came to. */
export interface Health {
  answered(): void;
  failed(detail: string): void;
}

export function createHealth(observe: Observe): Health {
  /** Undefined before the first answer or failure. */
  let state: "up" | "down" | undefined;
  const turn = (to: "up" | "down", detail: string | undefined) => {
    if (state === to) return;
    state = to;
    observe({ event: "store.state.v1", state: to, detail });
  };
  return {
    answered: () => turn("up", undefined),
    failed: (detail) => turn("down", detail),
  };
}
