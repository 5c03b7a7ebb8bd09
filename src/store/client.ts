import { EventEmitter } from "node:events";
import { Socket } from "node:net";
import pg from "pg";
import { isLoopback } from "../base/address.ts";
import { StoreError } from "./errors.ts";

/**
 * A connection to the store. The server chooses how the password is asked for, but gets it in the clear only over TLS
 * that proves who it is, or at an address of this machine.
 */
export class StoreClient extends pg.Client {
  readonly #trusted: boolean;

  constructor(config: pg.ClientConfig = {}) {
    super(config);
    const { host = "", ssl } = config;
    this.#trusted = isLoopback(host) || (typeof ssl === "object" && ssl.rejectUnauthorized === true);
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
