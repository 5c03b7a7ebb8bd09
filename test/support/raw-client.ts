import { once } from "node:events";
import type { Socket } from "node:net";
import { createConnection } from "node:net";
import type { ConnectionOptions, TLSSocket } from "node:tls";
import { connect as connectTls } from "node:tls";
import { PATIENCE_MS } from "./eventually.ts";
import { passwordMessage, reportFields, sslRequest, startupPacket, typed } from "./wire-bytes.ts";

const HEADER_BYTES = 5;

export interface Message {
  readonly type: string;
  readonly body: Buffer;
}

/** What an ErrorResponse says. */
export interface Refusal {
  readonly severity: string;
  readonly code: string;
  readonly message: string;
}

/** Where a client connects to, and whom it trusts. */
export interface Target {
  readonly port: number;
  readonly host?: string;
  readonly ca?: string;
  /** Keep the own half open when the gateway closes its half. */
  readonly allowHalfOpen?: boolean;
}

/** A client that keeps no rules: it sends what a test says and shows what comes back, byte by byte if need be. */
export class RawClient {
  readonly #connection: Socket;
  #socket: Socket;
  #bytes: Buffer = Buffer.alloc(0);
  #stir = () => {};
  #closed = false;
  #received = 0;
  #processId = 0;
  #cancelKey: Buffer = Buffer.alloc(0);

  private constructor(socket: Socket) {
    this.#connection = socket;
    this.#socket = socket;
    this.#watch(socket);
  }

  /** Connects without a word. */
  static async plain({ port, host = "127.0.0.1", allowHalfOpen = false }: Target): Promise<RawClient> {
    const socket = createConnection({ port, host, noDelay: true, allowHalfOpen });
    const client = new RawClient(socket);
    await once(socket, "connect");
    return client;
  }

  /** Connects and upgrades by SSLRequest, as libpq does. */
  static async tls(target: Target, options: ConnectionOptions = {}): Promise<RawClient> {
    const client = await RawClient.plain(target);
    client.send(sslRequest);
    const answer = await client.bytes(1);
    if (answer.toString("latin1") !== "S") throw new Error(`SSLRequest was answered ${answer}`);
    await client.shakeHands({ ...(target.ca === undefined ? {} : { ca: target.ca }), ...options });
    return client;
  }

  get socket(): Socket {
    return this.#socket;
  }

  /** Bytes received so far. */
  get received(): number {
    return this.#received;
  }

  /** Resolves when the gateway has said that no more comes from it. */
  async finished(): Promise<void> {
    await this.#until(() => this.#socket.readableEnded || this.#closed, "the gateway's goodbye");
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Starts TLS on the connection as it is. */
  async shakeHands(options: ConnectionOptions): Promise<TLSSocket> {
    const raw = this.#socket;
    raw.removeAllListeners("data");
    const secure = connectTls({ servername: "localhost", ...options, socket: raw });
    this.#socket = secure;
    this.#watch(secure);
    await once(secure, "secureConnect");
    return secure;
  }

  send(...parts: readonly Buffer[]): void {
    if (this.#socket.writable) this.#socket.write(Buffer.concat(parts));
  }

  /** The next `length` bytes. */
  async bytes(length: number): Promise<Buffer> {
    await this.#until(() => this.#bytes.length >= length, `${length} bytes`);
    const taken = this.#bytes.subarray(0, length);
    this.#bytes = this.#bytes.subarray(length);
    return taken;
  }

  /** The next message. */
  async message(): Promise<Message> {
    const head = await this.bytes(HEADER_BYTES);
    const body = await this.bytes(head.readInt32BE(1) - 4);
    return { type: head.toString("latin1", 0, 1), body };
  }

  /** Messages up to and with the next one of `type`. */
  async messagesUntil(type: string): Promise<Message[]> {
    const messages: Message[] = [];
    for (;;) {
      const message = await this.message();
      messages.push(message);
      if (message.type === type) return messages;
    }
  }

  /** The next message, which must be an ErrorResponse, and what it says; the connection must close behind it. */
  async refusal(): Promise<Refusal> {
    const messages = await this.messagesUntil("E");
    const fields = reportFields(messages.at(-1)?.body ?? Buffer.alloc(0));
    await this.gone();
    if (this.#bytes.length > 0) throw new Error(`bytes behind the refusal: ${this.#bytes.toString("hex")}`);
    if (fields["S"] !== fields["V"]) throw new Error("severity is not said twice");
    return { severity: fields["V"] ?? "", code: fields["C"] ?? "", message: fields["M"] ?? "" };
  }

  /** Resolves when the gateway has closed the connection. */
  async gone(): Promise<void> {
    await this.#until(() => this.#closed, "the end of the connection");
  }

  /** Sends the startup packet and the token, and resolves at ReadyForQuery. */
  async logIn(
    user: string,
    token: string,
    parameters: Readonly<Record<string, string>> = {},
  ): Promise<Message[]> {
    this.send(startupPacket({ user, database: "postgres", ...parameters }));
    await this.messagesUntil("R");
    this.send(passwordMessage(token));
    const messages = await this.messagesUntil("Z");
    const key = messages.find(({ type }) => type === "K")?.body;
    this.#processId = key?.readInt32BE(0) ?? 0;
    this.#cancelKey = key?.subarray(4) ?? Buffer.alloc(0);
    return messages;
  }

  /** The server process's id, after the login. */
  get processId(): number {
    return this.#processId;
  }

  /** The key of this session for cancel requests. */
  get cancelKey(): Buffer {
    return this.#cancelKey;
  }

  /** Runs a simple query and resolves with everything up to ReadyForQuery. */
  async query(sql: string): Promise<Message[]> {
    this.send(typed("Q", Buffer.from(`${sql}\0`)));
    return await this.messagesUntil("Z");
  }

  /** Breaks off: no goodbye. */
  vanish(): void {
    this.#socket.destroy();
  }

  /** Breaks off with a RST. */
  reset(): void {
    this.#connection.resetAndDestroy();
  }

  #watch(socket: Socket): void {
    socket.on("data", (chunk: Buffer) => {
      this.#received += chunk.length;
      this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk]);
      this.#stir();
    });
    socket.on("end", () => this.#stir());
    socket.on("error", () => {}); // "close" follows
    socket.on("close", () => {
      this.#closed = true;
      this.#stir();
    });
  }

  #until(holds: () => boolean, what: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`no ${what} in ${PATIENCE_MS} ms; ${this.#state()}`)),
        PATIENCE_MS,
      );
      timer.unref(); // who was waited for together with something else must not keep the test's process
      const settle = (outcome: () => void) => {
        clearTimeout(timer);
        this.#stir = () => {};
        outcome();
      };
      this.#stir = () => {
        if (holds()) settle(resolve);
        else if (this.#closed)
          settle(() => reject(new Error(`closed while waiting for ${what}; ${this.#state()}`)));
      };
      this.#stir();
    });
  }

  #state(): string {
    return `${this.#bytes.length} bytes left: ${JSON.stringify(this.#bytes.toString("latin1", 0, 200))}`;
  }
}

/** The values of a text DataRow. */
export function rowValues(body: Buffer): (string | null)[] {
  const values: (string | null)[] = [];
  let at = 2;
  for (let left = body.readInt16BE(0); left > 0; left--) {
    const length = body.readInt32BE(at);
    at += 4;
    values.push(length < 0 ? null : body.toString("utf8", at, at + length));
    at += Math.max(0, length);
  }
  return values;
}
