import type { Clock } from "../base/clock.ts";
import type { Observe } from "../base/event.ts";
import type { ClusterName } from "../base/ids.ts";
import type { ClusterConfig } from "../config/schema.ts";
import type { HostPort } from "./addresses.ts";
import { type ServerKind, suits } from "./session-attributes.ts";

/** After this long, what kind of server a host was says nothing any more. It only ever decides who is asked first. */
const KIND_MS = 30_000;

interface HostState {
  readonly host: HostPort;
  up: boolean;
  kind: { readonly seen: ServerKind; readonly at: number } | undefined;
}

/**
 * The hosts of one cluster and what was learnt of them. Nothing here is trusted: it decides in which order hosts are
 * tried, and every session's server is checked again. A host that did not answer comes last, so that only the first
 * login waits for it; it is probed meanwhile (see probe.ts) and comes first again when it answers.
 */
export class Hosts {
  readonly #cluster: ClusterConfig;
  readonly #clock: Clock;
  readonly #observe: Observe;
  readonly #states: HostState[];
  readonly #random: () => number;

  constructor(cluster: ClusterConfig, clock: Clock, observe: Observe, random = Math.random) {
    this.#cluster = cluster;
    this.#clock = clock;
    this.#observe = observe;
    this.#random = random;
    this.#states = cluster.hosts.map((host) => ({ host, up: true, kind: undefined }));
  }

  /** The hosts in the order in which one login tries them. */
  order(): HostPort[] {
    const states = this.#cluster.loadBalanceHosts === "random" ? this.#shuffled() : this.#states;
    const rank = new Map(states.map((state) => [state, this.#rank(state)]));
    return [...states].sort((a, b) => (rank.get(a) ?? 0) - (rank.get(b) ?? 0)).map(({ host }) => host);
  }

  /** A server answered; `kind` is what it turned out to be. */
  answered(host: HostPort, kind?: ServerKind): void {
    const state = this.#stateOf(host);
    if (state === undefined) return;
    if (kind !== undefined) state.kind = { seen: kind, at: this.#clock.now() };
    this.#turn(state, true);
  }

  /** No connection could be made. */
  failed(host: HostPort): void {
    const state = this.#stateOf(host);
    if (state !== undefined) this.#turn(state, false);
  }

  down(): HostPort[] {
    return this.#states.filter(({ up }) => !up).map(({ host }) => host);
  }

  states(): { readonly cluster: string; readonly host: string; readonly up: boolean }[] {
    return this.#states.map(({ host, up }) => ({ cluster: this.#cluster.name, host: hostName(host), up }));
  }

  #turn(state: HostState, up: boolean): void {
    if (state.up === up) return;
    state.up = up;
    if (!up) state.kind = undefined; // it may come back as something else
    this.#observe({
      event: "upstream.state.v1",
      cluster: this.#cluster.name as ClusterName, // the schema checked it
      host: hostName(state.host),
      state: up ? "up" : "down",
    });
  }

  #rank({ up, kind }: HostState): number {
    if (!up) return 2;
    if (kind === undefined || this.#clock.now() - kind.at > KIND_MS) return 0;
    return suits[this.#cluster.targetSessionAttrs](kind.seen) ? 0 : 1;
  }

  #stateOf({ host, port }: HostPort): HostState | undefined {
    return this.#states.find((state) => state.host.host === host && state.host.port === port);
  }

  /** Fisher and Yates. */
  #shuffled(): HostState[] {
    const states = [...this.#states];
    for (let last = states.length - 1; last > 0; last--) {
      const other = Math.floor(this.#random() * (last + 1));
      const [a, b] = [states[last], states[other]];
      if (a !== undefined && b !== undefined) [states[last], states[other]] = [b, a];
    }
    return states;
  }
}

/** `host:port`, with brackets around IPv6. */
export function hostName({ host, port }: HostPort): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
