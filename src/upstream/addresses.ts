import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import type { Clock } from "../base/clock.ts";
import { messageOf } from "../base/error.ts";
import { UpstreamError } from "./errors.ts";
import type { Address } from "./socket.ts";

/** Long enough that a burst of logins asks once, short enough that a name which moved is followed at once. */
const REMEMBER_MS = 2000;

/** A server as the configuration names it. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** Turns names into addresses. A name with several is tried at each, in the resolver's order, as libpq does. */
export class Addresses {
  readonly #clock: Clock;
  readonly #resolve: (host: string) => Promise<readonly string[]>;
  readonly #known = new Map<string, { readonly ips: Promise<readonly string[]>; readonly until: number }>();

  constructor(clock: Clock, resolve = systemResolver) {
    this.#clock = clock;
    this.#resolve = resolve;
  }

  /** @throws UpstreamError upstream/unreachable when the name is not known */
  async of({ host, port }: HostPort): Promise<readonly Address[]> {
    if (host.startsWith("/")) return [{ kind: "unix", path: `${host}/.s.PGSQL.${port}` }];
    const ips = isIP(host) === 0 ? await this.#lookUp(host) : [host];
    return ips.map((ip) => ({ kind: "tcp", ip, port }));
  }

  /** Asks again next time: an address did not answer. */
  forget(host: string): void {
    this.#known.delete(host);
  }

  async #lookUp(host: string): Promise<readonly string[]> {
    const now = this.#clock.now();
    const known = this.#known.get(host);
    if (known !== undefined && now < known.until) return await known.ips;
    const ips = this.#resolve(host);
    this.#known.set(host, { ips, until: now + REMEMBER_MS });
    try {
      return await ips;
    } catch (error) {
      this.#known.delete(host);
      const detail = `${host} cannot be resolved: ${messageOf(error)}`;
      throw new UpstreamError("upstream/unreachable", detail, { cause: error });
    }
  }
}

async function systemResolver(host: string): Promise<readonly string[]> {
  const found = await lookup(host, { all: true });
  return found.map(({ address }) => address);
}
