import type { Clock } from "../base/clock.ts";
import type { BackendKey } from "../protocol/backend-messages.ts";
import { cancelRequest } from "../protocol/client-messages.ts";
import type { Wire } from "../wire/wire.ts";
import { Attempt } from "./attempt.ts";
import type { Opened } from "./connector.ts";
import { hostName } from "./hosts.ts";
import { openTransport, type Target, type TransportMode } from "./transport.ts";
import type { UpstreamSession } from "./upstream.ts";

/** A cancel request does not wait longer than that for a server to take it. */
const CANCEL_TIMEOUT_MS = 10_000;

/** A connection that was handed to a door. */
export class ServerSession implements UpstreamSession {
  readonly wire: Wire;
  readonly host: string;
  readonly processId: number;
  readonly greeting: Buffer;
  readonly head: Buffer;
  readonly #clock: Clock;
  readonly #key: BackendKey | undefined;
  readonly #target: Target;
  readonly #mode: TransportMode;

  constructor(clock: Clock, { session, target, mode, host }: Opened) {
    this.wire = session.channel.wire;
    this.host = hostName(host);
    this.processId = session.key?.processId ?? 0;
    this.greeting = Buffer.concat(session.greeting);
    this.head = Buffer.from(session.channel.release());
    this.#clock = clock;
    this.#key = session.key;
    this.#target = target;
    this.#mode = mode;
  }

  async cancel(): Promise<void> {
    if (this.#key === undefined) return; // the server gave none: there is nothing to ask
    const attempt = new Attempt(this.#clock, CANCEL_TIMEOUT_MS, undefined);
    try {
      const { wire } = await openTransport(this.#target, this.#mode, attempt);
      // The server closes without an answer, some with a reset.
      const closed = new Promise<void>((resolve) => {
        wire.onClose = () => resolve();
      });
      wire.resume();
      wire.write(cancelRequest(this.#key));
      await attempt.wait(closed);
    } finally {
      attempt.discard();
    }
  }

  close(): void {
    this.wire.destroy();
  }
}
