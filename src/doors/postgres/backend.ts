import type { Clock } from "../../base/clock.ts";
import type { Wire } from "../../wire/wire.ts";

/** The server's end of a session. */
export interface Backend {
  readonly wire: Wire;
  cancel(): Promise<void>;
  terminate(): Promise<void>;
  close(): void;
}

/** How long a server process may take to end by itself, once its client is gone, before it is made to. */
const LEAVE_GRACE_MS = 1000;

/** Asks for what runs to be cancelled. A request that fails leaves it running, as a lost one would. */
export function cancelQuery(backend: Backend): void {
  void backend.cancel().catch(() => {});
}

/**
 * What a server process is left with: nothing; something that nobody waits for; something that nobody has a right to
 * any more.
 */
export type LeftWith = "nothing" | "unwanted" | "forbidden";

/**
 * Leaves a server process behind. What the client sent last (Terminate, mostly) still goes out. What is unwanted is
 * cancelled. Code may catch that and run on, and a pipeline goes on with what is next: so a process that does not end is
 * terminated, and one that is at something forbidden is terminated at once.
 */
export function leaveBackend(backend: Backend, clock: Clock, leftWith: LeftWith): void {
  const { wire } = backend;
  if (wire.closed) {
    backend.close();
    return;
  }
  wire.end();
  if (leftWith === "forbidden") {
    void backend.terminate();
    return;
  }
  if (leftWith === "unwanted") cancelQuery(backend);
  wire.onClose = clock.after(LEAVE_GRACE_MS, () => {
    if (leftWith === "unwanted") void backend.terminate();
    else backend.close();
  });
}
