import { createHash, createHmac, pbkdf2Sync, timingSafeEqual } from "node:crypto";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { TLSSocket } from "node:tls";
import type { CertificateFiles } from "../../src/demo/authority.ts";
import { int32, message } from "../../src/protocol/bytes.ts";

/** One client of a server that misbehaves on purpose. */
export class FakePeer {
  socket: Socket;
  /** All that the client sent. */
  received: Buffer = Buffer.alloc(0);
  #taken = 0;
  #wake: (() => void) | undefined;

  constructor(socket: Socket) {
    this.socket = socket;
    this.#listen(socket);
  }

  send(...parts: readonly Buffer[]): void {
    this.socket.write(Buffer.concat(parts));
  }

  /** The next packet without a type: SSLRequest, startup packet, cancel request. */
  async packet(): Promise<Buffer> {
    const head = await this.#take(4);
    return await this.#take(head.readInt32BE(0) - 4);
  }

  /** The next message's body. */
  async message(): Promise<Buffer> {
    const head = await this.#take(5);
    return await this.#take(head.readInt32BE(1) - 4);
  }

  /** Goes on inside TLS. */
  startTls({ cert, key }: CertificateFiles): void {
    this.socket.removeAllListeners("data");
    this.socket = new TLSSocket(this.socket, { isServer: true, cert, key });
    this.#listen(this.socket);
  }

  #listen(socket: Socket): void {
    socket.on("error", () => {});
    socket.on("data", (chunk: Buffer) => {
      this.received = Buffer.concat([this.received, chunk]);
      this.#wake?.();
    });
  }

  /** Waits for ever when the client hangs up, as the test then has its answer. */
  async #take(length: number): Promise<Buffer> {
    while (this.received.length < this.#taken + length) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    this.#taken += length;
    return this.received.subarray(this.#taken - length, this.#taken);
  }
}

export type Script = (peer: FakePeer) => Promise<void>;

export interface FakeServer {
  readonly port: number;
  /** What it does with the next clients. */
  script: Script;
  /** Everyone who connected. */
  readonly peers: FakePeer[];
  stop(): Promise<void>;
}

/** Starts a server that follows a script. */
export async function startFakeServer(script: Script): Promise<FakeServer> {
  const peers: FakePeer[] = [];
  const server = createServer((socket) => {
    const peer = new FakePeer(socket);
    peers.push(peer);
    void fake.script(peer);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const fake: FakeServer = {
    port: (server.address() as AddressInfo).port,
    script,
    peers,
    stop: async () => {
      for (const { socket } of peers) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return fake;
}

export const authentication = (method: number, ...data: readonly (Uint8Array | string)[]) =>
  message("R", int32(method), ...data);
export const ok = authentication(0);
export const parameterStatus = (name: string, value: string) => message("S", `${name}\0${value}\0`);
export const ready = message("Z", "I");

/** What an honest server says once the client is in. */
export const welcome = Buffer.concat([
  ok,
  parameterStatus("is_superuser", "off"),
  parameterStatus("in_hot_standby", "off"),
  parameterStatus("default_transaction_read_only", "off"),
  message("K", int32(4711), int32(42)),
  ready,
]);

/** Answers the look at the role's rights: none. */
export async function answerGuard(peer: FakePeer): Promise<void> {
  await peer.message();
  const no = Buffer.concat([int32(1), Buffer.from("f")]);
  peer.send(message("D", Buffer.from([0, 4]), no, no, no, no), message("C", "SELECT 1\0"), ready);
}

/** SCRAM-SHA-256 as a server, with a place to lie at each step. */
export async function scram(
  peer: FakePeer,
  password: string,
  lies: {
    readonly mechanisms?: string;
    readonly challenge?: (nonce: string) => string;
    readonly final?: (honest: string) => Buffer;
  } = {},
): Promise<void> {
  peer.send(authentication(10, lies.mechanisms ?? "SCRAM-SHA-256\0\0"));
  const initial = (await peer.message()).toString("latin1");
  const bare = initial.slice(initial.indexOf("n=,r="));
  const nonce = `${bare.slice(5)}server`;
  const salt = Buffer.from("a salt of ours");
  const first = lies.challenge?.(nonce) ?? `r=${nonce},s=${salt.toString("base64")},i=4096`;
  peer.send(authentication(11, first));
  const proof = (await peer.message()).toString("latin1");
  const salted = pbkdf2Sync(password, salt, 4096, 32, "sha256");
  const hmac = (key: Buffer, text: string) => createHmac("sha256", key).update(text).digest();
  const authMessage = `${bare},${first},${proof.slice(0, proof.lastIndexOf(",p="))}`;
  const clientKey = hmac(salted, "Client Key");
  const signature = hmac(createHash("sha256").update(clientKey).digest(), authMessage);
  const sent = Buffer.from(proof.slice(proof.lastIndexOf(",p=") + 3), "base64");
  const recovered = Buffer.from(sent.map((byte, at) => byte ^ (signature[at] ?? 0)));
  if (recovered.length !== 32 || !timingSafeEqual(recovered, clientKey)) throw new Error("a wrong proof");
  const honest = `v=${hmac(hmac(salted, "Server Key"), authMessage).toString("base64")}`;
  peer.send(lies.final?.(honest) ?? authentication(12, honest));
}
