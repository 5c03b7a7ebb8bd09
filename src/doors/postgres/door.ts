/**
 * The wire door: speaks PostgreSQL's frontend/backend protocol to clients. It parses what a client sends into a
 * credential and a wish, asks access, and pumps bytes between two wires. It decides nothing.
 */
import type { Access } from "../../access/admit.ts";
import { Crowd } from "../../access/crowd.ts";
import { plainAddress } from "../../base/address.ts";
import type { Clock } from "../../base/clock.ts";
import type { Observe } from "../../base/event.ts";
import type { Spans } from "../../base/spans.ts";
import type { ClusterConfig, LimitsConfig, PostgresDoorConfig } from "../../config/schema.ts";
import type { Upstream } from "../../upstream/upstream.ts";
import type { ServerCertificate } from "../../wire/certificate.ts";
import { network } from "../../wire/network.ts";
import type { Listener, Wire } from "../../wire/wire.ts";
import { CancelKeys } from "./cancel-keys.ts";
import type { LoginParts } from "./login.ts";
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
  /** Whether statements are told, for the ledger. */
  readonly statements: StatementsAudit;
}

export type StatementsAudit = "off" | "text" | "with-parameters";

interface DoorParts {
  readonly clock: Clock;
  readonly observe: Observe;
  readonly spans: Spans;
  /** Asked when a cancel key is none of ours: another worker may hold it. */
  readonly cancelElsewhere: (processId: number, key: Uint8Array) => Promise<boolean>;
}

export class PostgresDoor {
  readonly #parts: DoorParts;
  /** Shared by all logins: what is made for one login would be kept, with the login, by its session. */
  readonly #loginParts: LoginParts;
  readonly #crowd = new Crowd();
  readonly #keys = new CancelKeys();
  readonly #sessions = new Set<WireSession>();
  readonly #logins = new Set<Login>();
  #settings: DoorSettings;
  #listener: Listener | undefined;
  #draining = false;
  #reusePort = false;

  constructor(settings: DoorSettings, parts: DoorParts) {
    this.#settings = settings;
    this.#parts = parts;
    this.#loginParts = {
      ...parts,
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
    };
  }

  /**
   * Opens the door. Resolves when it listens.
   * @param reusePort share the port with other processes (SO_REUSEPORT)
   * @throws Error when the address cannot be used
   */
  async listen(reusePort = false): Promise<void> {
    this.#reusePort = reusePort;
    this.#listener = await this.#open(this.#settings.door);
  }

  /** Where the door listens. */
  get address(): { readonly address: string; readonly port: number } | undefined {
    return this.#listener;
  }

  /**
   * Puts other settings in force for connections that come from now on, and moves the listener when the address is
   * another one: the new one is open before the old one closes.
   * @throws Error when the new address cannot be used; then nothing has changed
   */
  async move(settings: DoorSettings): Promise<void> {
    const { host, port } = this.#settings.door;
    if (settings.door.host !== host || settings.door.port !== port) {
      const listener = await this.#open(settings.door);
      this.stopListening();
      this.#listener = listener;
    }
    this.#settings = settings;
  }

  async #open({ host, port }: PostgresDoorConfig): Promise<Listener> {
    const listener = await network.listen({
      host,
      port,
      reusePort: this.#reusePort,
      onWire: (wire) => this.#welcome(wire),
      onError: (error) => this.#refuse(undefined, "wire/too-many-connections", error.message),
    });
    this.#parts.observe({
      event: "door.opened.v1",
      door: "postgres",
      address: listener.address,
      port: listener.port,
    });
    return listener;
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
  stopListening(): void {
    const listener = this.#listener;
    if (listener === undefined) return;
    this.#listener = undefined;
    listener.close();
    const { address, port } = listener;
    this.#parts.observe({ event: "door.closed.v1", door: "postgres", address, port });
  }

  /** Lets every session end when it is at rest and in no transaction. Resolves when all are gone. */
  async drain(): Promise<void> {
    this.#draining = true;
    this.stopListening();
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

  #welcome(wire: Wire): void {
    const { limits } = this.#settings;
    const address = plainAddress(wire.remoteAddress);
    const full = this.#sessions.size + this.#crowd.size >= limits.connections;
    if (this.#draining || full || !this.#crowd.admits(address, limits)) {
      // Before TLS nothing can be said that every client understands, and answering would cost more than it helps.
      this.#refuse(
        wire,
        this.#draining ? "wire/draining" : "wire/too-many-connections",
        "refused at the door",
      );
      return;
    }
    wire.keepAlive(limits.tcpKeepAlive);
    const leave = this.#crowd.enter(address);
    const login = new Login(wire, address, this.#settings, this.#loginParts);
    this.#logins.add(login);
    void login.run().finally(() => {
      this.#logins.delete(login);
      leave();
    });
  }

  #refuse(wire: Wire | undefined, code: string, detail: string): void {
    this.#parts.observe({
      event: "connection.refused.v1",
      session: undefined,
      door: "postgres",
      peer: { address: plainAddress(wire?.remoteAddress ?? ""), port: wire?.remotePort ?? 0, tls: false },
      code,
      detail,
    });
    wire?.destroy();
  }
}
