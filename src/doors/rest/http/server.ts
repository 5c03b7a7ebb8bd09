/**
 * The HTTP server of the REST door: HTTP/1.1 (RFC 9112) over the wires that the other door uses too, so that both
 * runtimes have the same bounds and read the same bytes in the same way. node:http is not used because on Bun it can
 * neither share a port nor change a certificate, and costs half as much again for each request.
 */
import type { Crowd } from "../../../access/crowd.ts";
import { plainAddress } from "../../../base/address.ts";
import { Budget } from "../../../base/budget.ts";
import type { Clock } from "../../../base/clock.ts";
import { messageOf } from "../../../base/error.ts";
import type { Observe, Peer } from "../../../base/event.ts";
import type { ServerCertificate } from "../../../wire/certificate.ts";
import { network } from "../../../wire/network.ts";
import type { Listener, Wire } from "../../../wire/wire.ts";
import type { HttpBounds } from "./bounds.ts";
import { SWEEP_MS } from "./bounds.ts";
import type { ConnectionParts } from "./connection.ts";
import { Connection } from "./connection.ts";
import type { Handler } from "./exchange.ts";
import { KnownFields } from "./known-fields.ts";
import { DateField } from "./reply-head.ts";

/** Where a server listens. */
export type Place =
  | { readonly kind: "tcp"; readonly host: string; readonly port: number; readonly reusePort: boolean }
  | { readonly kind: "unix"; readonly path: string; readonly mode: number };

/** What a reload may change: asked for at each connection and request. */
export interface HttpInForce {
  readonly bounds: HttpBounds;
  readonly certificate: ServerCertificate | undefined;
}

interface ServerParts {
  readonly handle: Handler;
  readonly inForce: () => HttpInForce;
  readonly clock: Clock;
  readonly observe: Observe;
  /** Connections of strangers, which several servers may share. */
  readonly crowd: Crowd;
}

/** HTTP/1.1 (RFC 7301 §6). */
const ALPN = "http/1.1";
const NOTHING = Buffer.alloc(0);

export class HttpServer {
  readonly #parts: ServerParts;
  readonly #connectionParts: ConnectionParts;
  readonly #connections = new Set<Connection>();
  /** Connections before the end of their TLS handshake, and when that has lasted too long. */
  readonly #handshakes = new Map<Wire, number>();
  #listener: Listener | undefined;
  #draining = false;
  #onEmpty = () => {};
  #stopSweeping: (() => void) | undefined;

  constructor(parts: ServerParts) {
    this.#parts = parts;
    const { clock, handle } = parts;
    this.#connectionParts = {
      handle,
      bounds: () => parts.inForce().bounds,
      now: () => clock.now(),
      date: new DateField(clock),
      knownFields: new KnownFields(),
      bodies: new Budget(clock, () => parts.inForce().bounds.bodiesInMemory),
      answers: new Budget(clock, () => parts.inForce().bounds.answersInMemory),
      draining: () => this.#draining,
      onFault: (peer, code, detail) => this.#report(peer, code, detail),
    };
  }

  /**
   * Listens; may be called again for another place, once stopListening was called or before.
   * @throws Error with the system's `code` when the place cannot be used
   */
  async listen(place: Place): Promise<void> {
    const arrivals = {
      onWire: (wire: Wire) => this.#welcome(wire, place),
      onError: (error: Error) => this.#report(NOBODY, "http/too-many-connections", error.message),
    };
    const listener =
      place.kind === "tcp"
        ? await network.listen({ ...place, ...arrivals })
        : await network.listenUnix({ ...place, ...arrivals });
    this.stopListening();
    this.#listener = listener;
    const { address, port } = listener;
    this.#parts.observe({ event: "door.opened.v1", door: "rest", address, port });
  }

  /** Where it listens: a path and port 0 for a Unix-domain socket. */
  get address(): { readonly address: string; readonly port: number } | undefined {
    return this.#listener;
  }

  /** Open connections. */
  get size(): number {
    return this.#connections.size + this.#handshakes.size;
  }

  /** Bytes of large bodies and answers that its connections hold. */
  get held(): { readonly bodies: number; readonly answers: number } {
    const { bodies, answers } = this.#connectionParts;
    return { bodies: bodies.held, answers: answers.held };
  }

  /** Whether requests wait for room in one of the two. */
  get short(): { readonly bodies: boolean; readonly answers: boolean } {
    const { bodies, answers } = this.#connectionParts;
    return { bodies: bodies.short, answers: answers.short };
  }

  /** Frees the place; connections go on. */
  stopListening(): void {
    const listener = this.#listener;
    if (listener === undefined) return;
    this.#listener = undefined;
    listener.close();
    const { address, port } = listener;
    this.#parts.observe({ event: "door.closed.v1", door: "rest", address, port });
  }

  /** Stops listening, closes idle connections, and the others behind their answers. Resolves when all are gone. */
  async drain(): Promise<void> {
    this.#draining = true;
    this.stopListening();
    for (const wire of this.#handshakes.keys()) wire.destroy();
    for (const connection of this.#connections) connection.drain();
    if (this.size > 0) await new Promise<void>((resolve) => (this.#onEmpty = resolve));
  }

  /** Ends what is left, at once. Returns how many connections that were. */
  cut(): number {
    const left = this.size;
    for (const wire of this.#handshakes.keys()) wire.destroy();
    for (const connection of this.#connections) connection.destroy();
    return left;
  }

  #welcome(wire: Wire, place: Place): void {
    const { bounds, certificate } = this.#parts.inForce();
    const tls = certificate !== undefined && place.kind === "tcp";
    const peer = { address: plainAddress(wire.remoteAddress), port: wire.remotePort, tls };
    // Who reaches a Unix-domain socket was let in by its permissions, and all of them have the same address.
    const admitted = place.kind === "unix" || this.#parts.crowd.admits(peer.address, bounds);
    if (this.#draining || !admitted || this.size >= bounds.connections) {
      this.#report(peer, "http/too-many-connections", "refused at the door");
      wire.destroy();
      return;
    }
    const leave = place.kind === "unix" ? () => {} : this.#parts.crowd.enter(peer.address);
    this.#sweep();
    if (tls) void this.#secure(wire, certificate, peer, leave);
    else this.#connect(wire, peer, leave);
  }

  async #secure(wire: Wire, { context }: ServerCertificate, peer: Peer, leave: () => void): Promise<void> {
    const { headersMs } = this.#parts.inForce().bounds;
    this.#handshakes.set(wire, this.#parts.clock.now() + headersMs);
    try {
      await wire.acceptTls({ context, alpn: ALPN }, NOTHING);
      this.#handshakes.delete(wire);
      if (wire.closed) leave();
      else this.#connect(wire, peer, leave);
    } catch (error) {
      this.#report(peer, "http/malformed", `TLS: ${messageOf(error)}`);
      this.#handshakes.delete(wire);
      wire.destroy();
      leave();
      this.#left();
    }
  }

  #connect(wire: Wire, peer: Peer, leave: () => void): void {
    const connection = new Connection(wire, peer, this.#connectionParts, leave, () => {
      this.#connections.delete(connection);
      this.#left();
    });
    this.#connections.add(connection);
    if (this.#draining) connection.drain();
  }

  #left(): void {
    if (this.size > 0) return;
    this.#stopSweeping?.();
    this.#stopSweeping = undefined;
    this.#connectionParts.knownFields.clear();
    this.#onEmpty();
  }

  /** One timer for the deadlines of all connections, while there are any. */
  #sweep(): void {
    this.#stopSweeping ??= this.#parts.clock.after(SWEEP_MS, () => {
      this.#stopSweeping = undefined;
      const now = this.#parts.clock.now();
      for (const [wire, deadline] of this.#handshakes) if (now >= deadline) wire.destroy();
      for (const connection of this.#connections) connection.expire(now);
      this.#connectionParts.knownFields.age(now);
      if (this.size > 0) this.#sweep();
    });
  }

  #report(peer: Peer, code: string, detail: string): void {
    this.#parts.observe({
      event: "connection.refused.v1",
      session: undefined,
      door: "rest",
      peer,
      code,
      detail,
    });
  }
}

const NOBODY: Peer = { address: "", port: 0, tls: false };
