import type { Clock } from "../base/clock.ts";

/** Failures are forgotten after this long: the window of `limits.failedLoginsPerAddress`. */
const WINDOW_MS = 60_000;
/** Addresses remembered at most, so that a flood from many of them costs bounded memory. */
const MAX_ADDRESSES = 10_000;

interface Failures {
  readonly since: number;
  count: number;
}

/** Counts failed logins per address (IPv6: per /64, which is what one subscriber has). */
export class Attempts {
  readonly #clock: Clock;
  readonly #failures = new Map<string, Failures>();
  readonly #onFailure: (address: string) => void;

  /** @param onFailure told each failure that is counted here, for other processes to count it too */
  constructor(clock: Clock, onFailure: (address: string) => void = () => {}) {
    this.#clock = clock;
    this.#onFailure = onFailure;
  }

  /**
   * Whether the address has to wait.
   * @param limit failures within a minute before it must; 0: never
   */
  blocked(address: string, limit: number): boolean {
    if (limit === 0) return false;
    const failures = this.#failures.get(network(address));
    return failures !== undefined && this.#fresh(failures) && failures.count >= limit;
  }

  failed(address: string): void {
    this.failedElsewhere(address);
    this.#onFailure(address);
  }

  /** Counts a failure that another process saw. */
  failedElsewhere(address: string): void {
    const key = network(address);
    const failures = this.#failures.get(key);
    if (failures !== undefined && this.#fresh(failures)) {
      failures.count += 1;
      return;
    }
    this.#failures.delete(key);
    if (this.#failures.size >= MAX_ADDRESSES) this.#forgetOldest();
    this.#failures.set(key, { since: this.#clock.now(), count: 1 });
  }

  #fresh(failures: Failures): boolean {
    return this.#clock.now() - failures.since < WINDOW_MS;
  }

  /** Maps keep insertion order, so the first key is the oldest. */
  #forgetOldest(): void {
    const oldest = this.#failures.keys().next();
    if (!oldest.done) this.#failures.delete(oldest.value);
  }
}

/**
 * Whom a failure is counted against where a client's address was only told: this asker's client, so that no asker can
 * have anybody else made to wait.
 */
export function toldBy(asker: string, address: string): string {
  return `${network(asker)} for ${network(address)}`.replaceAll(":", ".");
}

/** The part of an address that one party holds: an IPv4 address, or the /64 of an IPv6 one. */
export function network(address: string): string {
  if (!address.includes(":")) return address;
  const [head = "", tail = ""] = address.split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === "" ? [] : tail.split(":");
  const zeros = address.includes("::")
    ? Array<string>(Math.max(0, 8 - left.length - right.length)).fill("0")
    : [];
  return [...left, ...zeros, ...right].slice(0, 4).join(":");
}
