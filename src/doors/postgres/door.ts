/**
 * The wire door: speaks PostgreSQL's frontend/backend protocol to clients. It parses what a client sends into a
 * credential and a wish, asks access, and pumps bytes between two sockets. It decides nothing.
 */
import type { AddressInfo, Server, Socket } from "node:net";
import { createServer } from "node:net";
import type { Access } from "../../access/admit.ts";
import type { Clock } from "../../base/clock.ts";
import type { Observe } from "../../base/event.ts";
import type { Spans } from "../../base/spans.ts";
import type { ClusterConfig, LimitsConfig, PostgresDoorConfig } from "../../config/schema.ts";
import type { Upstream } from "../../upstream/upstream.ts";
import { CancelKeys } from "./cancel-keys.ts";
import type { ServerCertificate } from "./certificate.ts";
import { Crowd } from "./crowd.ts";
import { Login } from "./login.ts";
import type { WireSession } from "./session.ts";

/** Everything of the door that a reload may change. Each connection uses what was in force when it came. */
export interface DoorSettings {
  readonly door: PostgresDoorConfig;
  readonly limits: LimitsConfig;
  readonly clusters: readonly ClusterConfig[];
  readonly certificate: ServerCertificate | undefined;
  readonly access: Access;
  readonly upstream: Upstream;
}

interface DoorParts {
  readonly clock: Clock;
  readonly observe: Observe;
  readonly spans: Spans;
  /** Asked when a cancel key is none of ours: another worker may hold it. */
  readonly cancelElsewhere: (processId: number, key: Uint8Array) => Promise<boolean>;
}

export class PostgresDoor {
  readonly #parts: DoorParts;
  readonly #crowd = new Crowd();
  readonly #keys = new CancelKeys();
  readonly #sessions = new Set<WireSession>();
  readonly #logins = new Set<Login>();
  #settings: DoorSettings;
  #server: Server | undefined;
  #draining = false;
  #reusePort = false;

  constructor(settings: DoorSettings, parts: DoorParts) {
    this.#settings = settings;
    this.#parts = parts;
  }

  /**
   * Opens the door. Resolves when it listens.
   * @param reusePort share the port with other processes (SO_REUSEPORT)
   * @throws Error when the address cannot be used
   */
  async listen(reusePort = false): Promise<void> {
    this.#reusePort = reusePort;
    this.#server = await this.#open(this.#settings.door);
  }

  /** Where the door listens. */
  get address(): { readonly address: string; readonly port: number } | undefined {
    const address = this.#server?.address();
    return typeof address === "object" && address !== null ? address : undefined;
  }

  /**
   * Puts other settings in force for connections that come from now on, and moves the listener when the address is
   * another one: the new one is open before the old one closes.
   * @throws Error when the new address cannot be used; then nothing has changed
   */
  async move(settings: DoorSettings): Promise<void> {
    const { host, port } = this.#settings.door;
    if (settings.door.host !== host || settings.door.port !== port) {
      const server = await this.#open(settings.door);
      await this.stopListening();
      this.#server = server;
    }
    this.#settings = settings;
  }

  async #open({ host, port }: PostgresDoorConfig): Promise<Server> {
    const server = createServer({ noDelay: true, keepAlive: true, pauseOnConnect: true }, (socket) =>
      this.#welcome(socket),
    );
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      const reusePort = this.#reusePort;
      server.listen({ port, ...(reusePort ? { reusePort } : {}), ...(host === "" ? {} : { host }) }, () => {
        server.off("error", reject);
        resolve();
      });
    });
    // An error of a listening socket (out of descriptors) must not end the process; the next accept tries again.
    server.on("error", (error) => this.#refuse(undefined, "wire/too-many-connections", error.message));
    const { address, port: actual } = server.address() as AddressInfo;
    this.#parts.observe({ event: "door.opened.v1", door: "postgres", address, port: actual });
    return server;
  }

  /** Sessions after their login. */
  get size(): number {
    return this.#sessions.size;
  }

  /** Bytes that the live sessions have carried since their logins. */
  get traffic(): { readonly fromClient: number; readonly toClient: number } {
    const traffic = { fromClient: 0, toClient: 0 };
    for (const { bytesFromClient, bytesToClient } of this.#sessions) {
      traffic.fromClient += bytesFromClient;
      traffic.toClient += bytesToClient;
    }
    return traffic;
  }

  /** Connections before the end of their login. */
  get strangers(): number {
    return this.#crowd.size;
  }

  /** Cancels a session's query on behalf of another worker; undefined when the key is none of ours. */
  cancel(processId: number, key: Uint8Array): Promise<void> | undefined {
    return this.#keys.cancel(processId, key);
  }

  /** Stops listening; sessions and logins go on. */
  async stopListening(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    const { address, port } = server.address() as AddressInfo;
    // The callback of close() waits for all connections; the port is free at once.
    server.close();
    this.#parts.observe({ event: "door.closed.v1", door: "postgres", address, port });
  }

  /** Lets every session end when it is at rest and in no transaction. Resolves when all are gone. */
  async drain(): Promise<void> {
    this.#draining = true;
    await this.stopListening();
    for (const login of this.#logins) login.abandon();
    for (const session of this.#sessions) session.drain();
    if (this.#sessions.size > 0) await new Promise<void>((resolve) => (this.#onEmpty = resolve));
  }

  /** Ends what is left, at once. Returns how many sessions that were. */
  cut(): number {
    const left = this.#sessions.size;
    for (const session of this.#sessions) session.end("draining");
    return left;
  }

  #onEmpty = () => {};

  #welcome(socket: Socket): void {
    const { limits } = this.#settings;
    const address = plainAddress(socket.remoteAddress ?? "");
    const full = this.#sessions.size + this.#crowd.size >= limits.connections;
    if (this.#draining || full || !this.#crowd.admits(address, limits)) {
      // Before TLS nothing can be said that every client understands, and answering would cost more than it helps.
      this.#refuse(
        socket,
        this.#draining ? "wire/draining" : "wire/too-many-connections",
        "refused at the door",
      );
      return;
    }
    const leave = this.#crowd.enter(address);
    const login = new Login(socket, address, this.#settings, {
      ...this.#parts,
      keys: this.#keys,
      inForce: () => this.#settings,
      onSession: (session) => {
        this.#sessions.add(session);
        if (this.#draining) session.drain();
      },
      onSessionClosed: (session) => {
        this.#sessions.delete(session);
        if (this.#sessions.size === 0) this.#onEmpty();
      },
    });
    this.#logins.add(login);
    void login.run().finally(() => {
      this.#logins.delete(login);
      leave();
    });
  }

  #refuse(socket: Socket | undefined, code: string, detail: string): void {
    this.#parts.observe({
      event: "connection.refused.v1",
      session: undefined,
      door: "postgres",
      peer: { address: plainAddress(socket?.remoteAddress ?? ""), port: socket?.remotePort ?? 0, tls: false },
      code,
      detail,
    });
    socket?.destroy();
  }
}

/** `::ffff:127.0.0.1` is 127.0.0.1: address rules must not depend on how a socket was bound. */
export function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, "");
}
