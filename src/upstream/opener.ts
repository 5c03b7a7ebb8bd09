import { messageOf } from "../base/error.ts";
import type { ClusterName } from "../base/ids.ts";
import type { ClusterConfig } from "../config/schema.ts";
import type { Address } from "../wire/wire.ts";
import type { HostPort } from "./addresses.ts";
import { Attempt } from "./attempt.ts";
import { Connector, type Opened, type OpenerParts, type Order } from "./connector.ts";
import { UpstreamError } from "./errors.ts";
import { type Hosts, hostName } from "./hosts.ts";
import type { TargetSessionAttributes } from "./session-attributes.ts";
import { isUnavailable, mayTryNext, Tried } from "./tried.ts";

/** Opens connections to one cluster, at the first host that answers and is of the wanted kind. */
export class Opener {
  readonly #parts: OpenerParts;
  readonly #cluster: ClusterConfig;
  readonly #hosts: Hosts;
  readonly #connector: Connector;

  constructor(cluster: ClusterConfig, hosts: Hosts, parts: OpenerParts) {
    this.#cluster = cluster;
    this.#hosts = hosts;
    this.#parts = parts;
    this.#connector = new Connector(cluster, hosts, parts);
  }

  /** @throws UpstreamRefused, UpstreamError */
  async open(order: Order): Promise<Opened> {
    const { wanted = this.#cluster.targetSessionAttrs } = order;
    const tried = new Tried();
    const opened =
      (await this.#openAny(order, wanted, tried)) ??
      (wanted === "prefer-standby" ? await this.#openAny(order, "any", tried) : undefined);
    if (opened !== undefined) return opened;
    throw tried.outcome(wanted);
  }

  async #openAny(order: Order, wanted: TargetSessionAttributes, tried: Tried): Promise<Opened | undefined> {
    for (const host of this.#hosts.order()) {
      if (tried.failed(host)) continue;
      const opened = await this.#openAt(host, order, wanted, tried);
      if (opened !== undefined) return opened;
    }
    return undefined;
  }

  /** Tries each address of a host. */
  async #openAt(
    host: HostPort,
    order: Order,
    wanted: TargetSessionAttributes,
    tried: Tried,
  ): Promise<Opened | undefined> {
    try {
      for (const address of await this.#resolve(host, order)) {
        const opened = await this.#openAddress(host, address, order, wanted);
        if (opened instanceof Error) tried.failure(host, opened);
        else if (opened === "unsuitable") tried.unsuitable(host);
        else return opened;
      }
    } catch (error) {
      this.#report(host, order, error);
      if (!mayTryNext(error)) throw error;
      tried.failure(host, error);
    }
    if (tried.gone(host)) this.#hosts.failed(host);
    return undefined;
  }

  /** The addresses of a host. A resolver that hangs is not waited for longer than a server that does. */
  async #resolve(host: HostPort, { abort }: Order): Promise<readonly Address[]> {
    const attempt = new Attempt(this.#parts.clock, this.#cluster.connectTimeout, abort);
    try {
      return await attempt.wait(this.#parts.addresses.of(host));
    } finally {
      attempt.finish();
    }
  }

  #report(host: HostPort, { login }: Order, error: unknown): void {
    const code = error instanceof UpstreamError ? error.code : "upstream/refused";
    if (code === "upstream/aborted") return; // nothing of the server's
    this.#parts.observe({
      event: "upstream.failed.v1",
      session: login.session?.facts.id,
      cluster: this.#cluster.name as ClusterName, // the schema checked it
      host: hostName(host),
      code,
      detail: messageOf(error),
    });
  }

  /** @returns the error, when another address may do better */
  async #openAddress(
    host: HostPort,
    address: Address,
    order: Order,
    wanted: TargetSessionAttributes,
  ): Promise<Opened | "unsuitable" | Error> {
    try {
      return await this.#connector.connect(host, address, order, wanted);
    } catch (error) {
      if (isUnavailable(error)) this.#parts.addresses.failed(host, address);
      if (!(error instanceof Error) || !mayTryNext(error)) throw error;
      this.#report(host, order, error);
      return error;
    }
  }
}
