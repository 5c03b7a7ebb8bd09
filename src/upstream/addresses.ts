import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { serverSocket } from "../base/address.ts";
import type { Clock } from "../base/clock.ts";
import { messageOf } from "../base/error.ts";
import type { Address } from "../wire/wire.ts";
import { UpstreamError } from "./errors.ts";

/** Long enough that a burst of logins asks once, short enough that a name which moved is followed at once. */
const REMEMBER_MS = 2000;

/** An address that did not answer is tried after the others of its name for this long. */
const AVOID_MS = 30_000;

/** Addresses remembered so; more only cost a failed try. */
const MAX_AVOIDED = 1024;

/** A server as the configuration names it. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** Turns names into addresses. A name with several is tried at each, in the resolver's order, as libpq does. */
export class Addresses {
  readonly #clock: Clock;
  readonly #resolve: (host: string) => Promise<readonly string[]>;
  readonly #avoided = new Map<string, number>();
  readonly #known = new Map<string, { readonly ips: Promise<readonly string[]>; readonly until: number }>();

  constructor(clock: Clock, resolve = systemResolver) {
    this.#clock = clock;
    this.#resolve = resolve;
  }

  /** @throws UpstreamError upstream/unreachable when the name is not known */
  async of({ host, port }: HostPort): Promise<readonly Address[]> {
    if (host.startsWith("/")) return [{ kind: "unix", path: serverSocket(host, port) }];
    const ips = isIP(host) === 0 ? await this.#lookUp(host) : [host];
    const now = this.#clock.now();
    const avoided = (ip: string) => ((this.#avoided.get(`${ip} ${port}`) ?? 0) > now ? 1 : 0);
    return [...ips].sort((a, b) => avoided(a) - avoided(b)).map((ip) => ({ kind: "tcp", ip, port }));
  }

  /** An address of `host` did not answer: the name is asked for again, and the address tried last. */
  failed({ host }: HostPort, address: Address): void {
    this.#known.delete(host);
    if (address.kind === "unix") return;
    if (this.#avoided.size >= MAX_AVOIDED) this.#avoided.clear();
    this.#avoided.set(`${address.ip} ${address.port}`, this.#clock.now() + AVOID_MS);
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
