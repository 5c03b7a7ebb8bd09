import { EventEmitter } from "node:events";
import { Socket } from "node:net";
import pg from "pg";
import { isLoopback } from "../base/address.ts";
import { StoreError } from "./errors.ts";
import type { Host } from "./hosts.ts";
import type { StoreLogin } from "./login.ts";

/** What a server says of itself when it takes no writes (PostgreSQL docs, "Asynchronous Operations"). */
const READ_ONLY = ["in_hot_standby", "default_transaction_read_only"] as const;

/**
 * A connection to the store. The server chooses how the password is asked for, but gets it in the clear only over TLS
 * that proves who it is, or at an address of this machine.
 */
export class StoreClient extends pg.Client {
  readonly #trusted: boolean;
  readonly #login: StoreLogin;
  readonly #place: Host;
  #readOnly: string | undefined;

  constructor(login: StoreLogin) {
    const place = login.hosts.current;
    const ssl = login.tlsTo(place.host);
    super({ ...login, ...place, ssl });
    this.#login = login;
    this.#place = place;
    this.#trusted = isLoopback(place.host) || (ssl !== false && ssl.rejectUnauthorized === true);
    this.#connection().on("parameterStatus", (status: unknown) => this.#note(status));
  }

  override connect(): Promise<StoreClient>;
  override connect(callback: (error: Error | null) => void): void;
  override connect(callback?: (error: Error | null) => void): Promise<StoreClient> | undefined {
    const connecting = this.#connectToWriter();
    if (callback === undefined) return connecting;
    connecting.then(() => callback(null), callback);
    return undefined;
  }

  async #connectToWriter(): Promise<this> {
    try {
      await super.connect();
      if (this.#readOnly === undefined) return this;
      void this.end().catch(() => {});
      const { host, port } = this.#place;
      throw new StoreError("store/unavailable", `${host}:${port} takes no writes (${this.#readOnly} is on)`);
    } catch (error) {
      this.#login.hosts.failed(this.#place);
      throw error;
    }
  }

  #note(status: unknown): void {
    const { parameterName, parameterValue } = status as { parameterName?: string; parameterValue?: string };
    const named = READ_ONLY.find((name) => name === parameterName);
    if (named !== undefined && parameterValue === "on") this.#readOnly = named;
  }

  /** The driver's own name for what it does at AuthenticationCleartextPassword; a test holds that it is asked. */
  _handleAuthCleartextPassword(request: unknown): void {
    if (this.#trusted) {
      clearText.call(this, request);
      return;
    }
    const refusal = "the store asks for its password in the clear over a connection that nothing verifies";
    // As an error of the connection, so that whoever waits for it is told.
    this.#connection().emit("error", new StoreError("store/refused", refusal));
    void this.end().catch(() => {});
  }

  /** Closes the connection at once, whatever the server does. */
  destroy(): void {
    const stream: unknown = Reflect.get(this.#connection(), "stream");
    if (stream instanceof Socket) stream.destroy();
  }

  #connection(): EventEmitter {
    const connection: unknown = Reflect.get(this, "connection");
    if (connection instanceof EventEmitter) return connection;
    throw new TypeError("the driver has its connection elsewhere");
  }
}

type Handler = (this: pg.Client, request: unknown) => void;

const clearText = Reflect.get(pg.Client.prototype, "_handleAuthCleartextPassword") as Handler;
if (typeof clearText !== "function") throw new TypeError("the driver handles cleartext passwords elsewhere");
