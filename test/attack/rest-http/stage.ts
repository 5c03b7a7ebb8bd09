/** A server of the REST door whose clock is turned by hand, and clients that keep no rules. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { Crowd } from "../../../src/access/crowd.ts";
import type { Event } from "../../../src/base/event.ts";
import type { HttpBounds } from "../../../src/doors/rest/http/bounds.ts";
import type { HttpError } from "../../../src/doors/rest/http/errors.ts";
import type { Exchange, Reply } from "../../../src/doors/rest/http/exchange.ts";
import { refusal } from "../../../src/doors/rest/http/refusal.ts";
import { HttpServer } from "../../../src/doors/rest/http/server.ts";
import type { ServerCertificate } from "../../../src/wire/certificate.ts";
import { VirtualClock } from "../../support/clock.ts";
import { PATIENCE_MS, eventually as patiently } from "../../support/eventually.ts";

export const BOUNDS: HttpBounds = {
  targetBytes: 1000,
  headerBytes: 4000,
  headersMs: 10_000,
  bodyBytes: 8_000_000,
  bodyMs: 60_000,
  bodiesInMemory: 10_000_000,
  answersInMemory: 20_000_000,
  keepAliveMs: 65_000,
  connections: 12,
  unauthenticated: 10,
  unauthenticatedPerAddress: 4,
};

export interface Stage {
  readonly server: HttpServer;
  readonly clock: VirtualClock;
  /** What the handler was asked, as `GET /films`. */
  readonly asked: readonly string[];
  readonly exchanges: readonly Exchange[];
  readonly events: readonly Event[];
  /** Changes what a reload changes. */
  certificate: ServerCertificate | undefined;
  /** What is answered to `/wait`. */
  readonly held: PromiseWithResolvers<Reply>;
  /** Resolves when the body of `/keep` was read. */
  readonly kept: Promise<void>;
  client(): Promise<Client>;
}

/** One connection, byte by byte. */
export class Client {
  readonly socket: Socket;
  #text = "";
  #closed = false;
  #stir = () => {};

  constructor(socket: Socket) {
    this.socket = socket;
    socket.setEncoding("latin1");
    socket.on("data", (chunk: string) => {
      this.#text += chunk;
      this.#stir();
    });
    socket.on("error", () => {});
    for (const over of ["end", "close"] as const)
      socket.on(over, () => {
        this.#closed = true;
        this.#stir();
      });
  }

  send(text: string): void {
    this.socket.write(text, "latin1");
  }

  /** Everything that came, once the server has closed the connection. */
  async toEnd(): Promise<string> {
    await this.#until(() => this.#closed, "end");
    return this.#text;
  }

  /** Everything that came up to the first place where `text` stands, which is taken. */
  async upTo(text: string): Promise<string> {
    await this.#until(() => this.#text.includes(text) || this.#closed, JSON.stringify(text));
    const end = this.#text.indexOf(text) + text.length;
    if (end < text.length) throw new Error(`closed before ${JSON.stringify(text)}: ${this.#text}`);
    const taken = this.#text.slice(0, end);
    this.#text = this.#text.slice(end);
    return taken;
  }

  #until(holds: () => boolean, what: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const late = () => reject(new Error(`no ${what}; so far ${JSON.stringify(this.#text.slice(0, 500))}`));
      const timer = setTimeout(late, PATIENCE_MS);
      this.#stir = () => {
        if (!holds()) return;
        clearTimeout(timer);
        this.#stir = () => {};
        resolve();
      };
      this.#stir();
    });
  }
}

/** Resolves when `holds` does; the event loop turns meanwhile. */
export async function eventually(holds: () => boolean, what: string): Promise<void> {
  await patiently(what, holds);
}

export async function onStage(play: (stage: Stage) => Promise<void>): Promise<void> {
  const clock = new VirtualClock();
  const asked: string[] = [];
  const exchanges: Exchange[] = [];
  const events: Event[] = [];
  const clients: Client[] = [];
  const held = Promise.withResolvers<Reply>();
  const kept = Promise.withResolvers<void>();
  const handle = async (exchange: Exchange): Promise<Reply> => {
    asked.push(`${exchange.method} ${exchange.target}`);
    exchanges.push(exchange);
    return await answer(exchange, held.promise, kept.resolve);
  };
  const inForce = () => ({ bounds: BOUNDS, certificate: stage.certificate });
  const observe = (event: Event) => void events.push(event);
  const server = new HttpServer({ handle, inForce, clock, observe, crowd: new Crowd() });
  await server.listen({ kind: "tcp", host: "127.0.0.1", port: 0, reusePort: false });
  const { port = 0 } = server.address ?? {};
  const client = async () => {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true, allowHalfOpen: true });
    const made = new Client(socket);
    clients.push(made);
    await once(socket, "connect");
    return made;
  };
  const stage: Stage = {
    server,
    clock,
    asked,
    exchanges,
    events,
    certificate: undefined,
    held,
    kept: kept.promise,
    client,
  };
  try {
    await play(stage);
  } finally {
    for (const { socket } of clients) socket.destroy();
    server.stopListening();
    server.cut();
  }
}

export const ROWS_BYTES = 16_000_000;

/** What comes from a database, once there is room for it. */
async function rowsOf({ room, target }: Exchange): Promise<Buffer> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const bytes = target === "/rows" ? ROWS_BYTES : ROWS_BYTES / 2;
  const claim = room.claim(bytes, resolve);
  const granted = claim === "granted" || (claim === "waiting" && (await promise));
  return granted ? Buffer.alloc(bytes, "x") : Buffer.from("no room");
}

/** What the body of `/become` becomes. */
export const BECOMES_BYTES = 3_000_000;

/** `/rows` is large and counted, `/rows/half` is half as large, `/wait` waits, `/keep` with the body it has read, `/become` with what it made of that, `/body` gives the body back, `/unread` does not read it, `/known` vouches, `/big` is big. */
async function answer(exchange: Exchange, held: Promise<Reply>, onKept: () => void): Promise<Reply> {
  const [path] = exchange.target.split("?");
  const ok = (body: Buffer | string): Reply => ({ status: 200, headers: [], body: Buffer.from(body) });
  if (path === "/wait") return await held;
  if (path === "/known") exchange.vouch();
  if (path?.startsWith("/rows") === true) return { ...ok(""), body: await rowsOf(exchange), ownsBody: true };
  if (path === "/big") return ok(Buffer.alloc(8_000_000, "x"));
  if (path === "/none") return { status: 204, headers: [], body: undefined };
  if (path === "/mistaken") return { ...ok("HTTP/1.1 200 OK"), status: 204 };
  if (path === "/break") throw new Error("a fault of ours");
  if (path === "/split") return { status: 200, headers: [["X", "a\r\nSet-Cookie: b"]], body: undefined };
  if (path === "/keep") {
    await exchange.body();
    onKept();
    return await held;
  }
  if (path !== "/body" && path !== "/become") return ok(exchange.target);
  try {
    const body = await exchange.body();
    if (path === "/body") return ok(body);
    await exchange.bodyBecomes(BECOMES_BYTES);
    exchange.dropBody();
    return await held;
  } catch (error) {
    return refusal(error as HttpError);
  }
}
