import type { Clock } from "../base/clock.ts";
import type { Observe } from "../base/event.ts";

/** What is known of the store. */
export interface StoreState {
  /** False before the first answer, and from the first failure on. */
  readonly reachable: boolean;
  /** Since when it is so, milliseconds since the epoch. */
  readonly since: number;
  /** When it answered last; undefined when it never did. */
  readonly heardAt: number | undefined;
}

/** Keeps the state, from what each use of the store came to. */
export interface Health {
  readonly state: StoreState;
  answered(): void;
  failed(detail: string): void;
}

export function createHealth({
  clock,
  observe,
}: {
  readonly clock: Clock;
  readonly observe: Observe;
}): Health {
  let state: StoreState = { reachable: false, since: clock.now(), heardAt: undefined };
  /** Nothing was told yet, not even that it is down. */
  let told = false;
  const turn = (reachable: boolean, heardAt: number | undefined): boolean => {
    const turned = !told || state.reachable !== reachable;
    told = true;
    state = { reachable, since: turned ? clock.now() : state.since, heardAt };
    return turned;
  };
  return {
    get state() {
      return state;
    },
    answered() {
      if (turn(true, clock.now())) observe({ event: "store.state.v1", state: "up", detail: undefined });
    },
    failed(detail) {
      if (turn(false, state.heardAt)) observe({ event: "store.state.v1", state: "down", detail });
    },
  };
}
