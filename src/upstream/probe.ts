import type { Clock } from "../base/clock.ts";
import { network } from "../wire/network.ts";
import type { Addresses, HostPort } from "./addresses.ts";
import { Attempt } from "./attempt.ts";
import type { Hosts } from "./hosts.ts";

/** How often a host that is down is looked at. */
const EVERY_MS = 2000;

/** Looks after hosts that are down, so that no login has to find out whether they are back. */
export class Probe {
  readonly #hosts: Hosts;
  readonly #addresses: Addresses;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  #callOff: (() => void) | undefined;
  #closed = false;

  constructor(hosts: Hosts, addresses: Addresses, clock: Clock, timeoutMs: number) {
    this.#hosts = hosts;
    this.#addresses = addresses;
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
  }

  /** Begins to look when a host is down; goes on until none is. */
  wake(): void {
    if (this.#closed || this.#callOff !== undefined || this.#hosts.down().length === 0) return;
    this.#callOff = this.#clock.after(EVERY_MS, () => {
      void Promise.all(this.#hosts.down().map((host) => this.#look(host))).finally(() => {
        this.#callOff = undefined;
        this.wake();
      });
    });
  }

  close(): void {
    this.#closed = true;
    this.#callOff?.();
  }

  /** Up is who accepts a connection at one address. Never rejects. */
  async #look(host: HostPort): Promise<void> {
    const attempt = new Attempt(this.#clock, this.#timeoutMs, undefined);
    try {
      const [address] = await attempt.wait(this.#addresses.of(host));
      if (address === undefined) return;
      const { wire, opened } = network.dial(address);
      wire.unref();
      attempt.hold(wire);
      await attempt.wait(opened);
      if (!this.#closed) this.#hosts.answered(host);
    } catch {
      // still down
    } finally {
      attempt.discard();
    }
  }
}
