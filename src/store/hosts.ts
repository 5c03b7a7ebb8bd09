/** One server of the store. */
export interface Host {
  readonly host: string;
  readonly port: number;
}

/**
 * The servers of the store, of which one takes writes: all connections begin with the one that did last, and go on to the
 * next when it is away or became a standby (PostgreSQL docs, "Specifying Multiple Hosts", target_session_attrs).
 */
export class Hosts {
  readonly #hosts: readonly Host[];
  #at = 0;

  constructor(hosts: readonly Host[]) {
    this.#hosts = hosts;
  }

  get size(): number {
    return this.#hosts.length;
  }

  /** The one to connect to. */
  get current(): Host {
    const host = this.#hosts[this.#at];
    if (host === undefined) throw new TypeError("a store has a host");
    return host;
  }

  /** Goes on to the next, unless somebody else did already. */
  failed(host: Host): void {
    if (host === this.current) this.#at = (this.#at + 1) % this.#hosts.length;
  }
}
