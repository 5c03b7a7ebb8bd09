import type { ClusterName } from "../base/ids.ts";
import type { ClusterConfig } from "../config/schema.ts";
import { accountIsOpen } from "./account.ts";
import { Attempt } from "./attempt.ts";
import type { Opened, OpenerParts, Order } from "./connector.ts";
import { Errands } from "./errands.ts";
import { Hosts, hostName } from "./hosts.ts";
import { Opener } from "./opener.ts";
import { Probe } from "./probe.ts";
import { ServerSession } from "./server-session.ts";
import { dismiss, Spares } from "./spares.ts";

/** What Postern knows and keeps of one cluster: its hosts, its spares. */
export class Cluster {
  readonly #config: ClusterConfig;
  readonly #parts: OpenerParts;
  readonly #hosts: Hosts;
  readonly #opener: Opener;
  readonly #spares: Spares;
  readonly #probe: Probe;
  readonly #errands: Errands;
  #closed = false;

  constructor(config: ClusterConfig, parts: OpenerParts) {
    const { clock, observe, addresses } = parts;
    this.#config = config;
    this.#parts = parts;
    this.#hosts = new Hosts(config, clock, observe);
    this.#opener = new Opener(config, this.#hosts, parts);
    this.#spares = new Spares(clock, config.warmSpares);
    this.#errands = new Errands(config, parts);
    this.#probe = new Probe(this.#hosts, addresses, clock, config.connectTimeout);
  }

  /** A connection for `order`: a spare when there is one, a new one otherwise. */
  async open(order: Order): Promise<Opened> {
    if (this.#closed || this.#config.warmSpares === 0 || order.login.replication)
      return await this.openNew(order);
    const key = Spares.key(order.startup);
    const opened = (await this.#takeSpare(key, order)) ?? (await this.openNew(order));
    if (!this.#closed) this.#spares.fill(key, () => this.openNew({ ...order, abort: undefined }));
    return opened;
  }

  /** The connection that was opened for `order`, for the one who uses it. */
  handOver(opened: Opened, { login, startup }: Order): ServerSession {
    const { clock, observe } = this.#parts;
    const { host, mode, target } = opened;
    const { role, session } = login;
    const onLeft = (detail: string) =>
      observe({
        event: "upstream.failed.v1",
        session: session?.facts.id,
        cluster: this.#config.name as ClusterName, // the schema checked it
        host: hostName(host),
        code: "upstream/not-ended",
        detail,
      });
    const errand = { host, mode, address: target.address, role, database: startup.get("database") ?? role };
    return new ServerSession(opened, { clock, errands: this.#errands, errand, onLeft });
  }

  states(): ReturnType<Hosts["states"]> {
    return this.#hosts.states();
  }

  /** Closes spares and ends the probes. */
  close(): void {
    this.#closed = true;
    this.#spares.clear();
    this.#probe.close();
  }

  /** A connection that was opened for `order` alone. */
  async openNew(order: Order): Promise<Opened> {
    try {
      return await this.#opener.open(order);
    } finally {
      this.#probe.wake();
    }
  }

  /** A spare whose role is still harmless, and may still log in. */
  async #takeSpare(key: string, order: Order): Promise<Opened | undefined> {
    const spare = this.#spares.take(key);
    if (spare === undefined) return undefined;
    const attempt = new Attempt(this.#parts.clock, this.#config.connectTimeout, order.abort);
    try {
      await this.#parts.guard.check(order, spare.session, attempt);
      if ((await accountIsOpen(spare.session, attempt)) && spare.session.channel.quiet) return spare;
    } catch {
      // A new connection says what is wrong.
    } finally {
      attempt.finish();
    }
    dismiss(spare, this.#parts.clock);
    return undefined;
  }
}
