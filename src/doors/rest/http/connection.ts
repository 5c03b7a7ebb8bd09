/**
 * One HTTP/1.1 connection: requests one after the other, each answered before the next is looked at. A client may send
 * ahead; what it sends waits, first here and then in its own kernel.
 *
 *     head ──head arrived──▶ handling ──reply──▶ sending ──taken──▶ head …
 *      │                      │    ▲                └──last one──▶ lingering ──▶ closed
 *      │                    body asked for
 *      │                      ▼    │
 *      └──fault──▶ sending   body ─┘          in any state: the client leaves ──▶ closed
 */
import type { Budget, Share } from "../../../base/budget.ts";
import { messageOf } from "../../../base/error.ts";
import type { Peer } from "../../../base/event.ts";
import { release, releaseAround } from "../../../base/memory.ts";
import type { Wire } from "../../../wire/wire.ts";
import { Backlog } from "./backlog.ts";
import type { HttpBounds } from "./bounds.ts";
import { AHEAD_BYTES, LINGER_MS, STALL_MS } from "./bounds.ts";
import { HttpError } from "./errors.ts";
import type { Handler, Reply } from "./exchange.ts";
import type { Head } from "./head.ts";
import { parseHead } from "./head.ts";
import { IncomingBody } from "./incoming-body.ts";
import type { KnownFields } from "./known-fields.ts";
import { bodyLength, Outbox } from "./outbox.ts";
import { isSlow } from "./pace.ts";
import { refusal } from "./refusal.ts";
import type { DateField } from "./reply-head.ts";
import { Request } from "./request.ts";

export interface ConnectionParts {
  readonly handle: Handler;
  /** In force now: a reload changes them. */
  readonly bounds: () => HttpBounds;
  readonly now: () => number;
  readonly date: DateField;
  /** Of all connections: a proxy in front sends what its clients send over any of its own. */
  readonly knownFields: KnownFields;
  readonly draining: () => boolean;
  /** What all connections hold of bodies and of answers. */
  readonly bodies: Budget;
  readonly answers: Budget;
  /** Told what was wrong with a request that nobody else gets to see. */
  readonly onFault: (peer: Peer, code: string, detail: string) => void;
}

type State = "head" | "handling" | "body" | "sending" | "lingering" | "closed";

const END_OF_HEAD = "\r\n\r\n";
const CONTINUE = Buffer.from("HTTP/1.1 100 Continue\r\n\r\n");
const EMPTY = Buffer.alloc(0);
const NEVER = Number.POSITIVE_INFINITY;

export class Connection {
  readonly peer: Peer;
  readonly #wire: Wire;
  readonly #parts: ConnectionParts;
  readonly #leaveCrowd: () => void;
  readonly #backlog = new Backlog();
  readonly #outbox: Outbox;
  #state: State = "head";
  /** When the state has lasted too long. */
  #deadline: number;
  /** When something large began to come or to go. */
  #since = 0;
  /** Whether something of the next request has come. */
  #begun = false;
  /** How much of the backlog was searched for the end of a head. */
  #searched = 0;
  #request: Request | undefined;
  #reader: IncomingBody | undefined;
  /** What the request holds, in the two directions. */
  #bodyRoom: Share | undefined;
  #answerRoom: Share | undefined;
  /** The body of the request, while its memory can be given back. */
  #body: Buffer = EMPTY;
  /** Whether nothing else can lie in that memory: what was chunked was copied out of its chunks. */
  #bodyAlone = false;
  /** How many bytes were made of the body. */
  #bodyMade = 0;
  /** Whether the body of the request was taken off the connection. */
  #bodyTaken = true;
  #resting = false;

  /** @param leaveCrowd counts the connection out of those of strangers; it may be called more than once */
  constructor(wire: Wire, peer: Peer, parts: ConnectionParts, leaveCrowd: () => void, onClosed: () => void) {
    this.#wire = wire;
    this.peer = peer;
    this.#parts = parts;
    this.#leaveCrowd = leaveCrowd;
    this.#outbox = new Outbox(wire, () => this.#sent());
    this.#deadline = parts.now() + parts.bounds().headersMs;
    wire.onData = (chunk) => this.#arrived(chunk);
    wire.onDrain = () => {
      if (this.#state === "sending") this.#outbox.drained();
    };
    wire.onClose = () => {
      this.#gone();
      onClosed();
    };
    wire.resume();
  }

  get closed(): boolean {
    return this.#state === "closed";
  }

  vouch(): void {
    this.#leaveCrowd();
  }

  /** Closes the connection if nothing runs on it; one that is busy closes after its answer. */
  drain(): void {
    if (this.#state === "head" && this.#backlog.length === 0) this.#wire.destroy();
  }

  destroy(): void {
    this.#wire.destroy();
  }

  /** Ends what has lasted too long. */
  expire(now: number): void {
    if (now < this.#deadline && !this.#slow(now)) return;
    this.#deadline = NEVER;
    const slow = new HttpError("http/slow", `too long in state ${this.#state}`);
    if (this.#state === "head" && this.#backlog.length > 0) this.#fail(slow);
    else if (this.#state === "body")
      this.#endBody((reader) => {
        reader.room.close(); // at once, so that no more are let go than is needed
        reader.reject(slow);
      });
    else {
      if (this.#state === "sending") this.#parts.onFault(this.peer, slow.code, slow.message);
      this.#leaveAnswerRoom();
      this.#wire.destroy();
    }
  }

  /** Whether the client is too slow with something large, all the more while others wait for the room that it takes. */
  #slow(now: number): boolean {
    const { bodies, answers } = this.#parts;
    const took = now - this.#since;
    if (this.#state === "sending") {
      const pressed = answers.short && (this.#answerRoom?.held ?? 0) > 0;
      return isSlow(took, this.#outbox.length, pressed);
    }
    const reader = this.#reader;
    const pressed = bodies.short && this.#deadline !== NEVER && (reader?.room.held ?? 0) > 0;
    return reader !== undefined && pressed && isSlow(took, reader.received, pressed);
  }

  /** See Exchange.room. */
  answerRoom(): Share {
    this.#answerRoom ??= this.#parts.answers.share();
    return this.#answerRoom;
  }

  /** See Exchange.body. */
  readBody(head: Head): Promise<Buffer> {
    const { framing } = head;
    if (framing.kind === "none") return Promise.resolve(EMPTY);
    if (this.closed) return Promise.reject(new HttpError("http/client-gone", "before the body"));
    if (this.#bodyTaken || this.#state !== "handling") throw new TypeError("the body is read once");
    const { bodyBytes, bodyMs } = this.#parts.bounds();
    if (framing.kind === "length" && framing.length > bodyBytes)
      return Promise.reject(new HttpError("http/body-too-large", `${framing.length} bytes`));
    const { bodies } = this.#parts;
    return new Promise((resolve, reject) => {
      const reader = new IncomingBody(head, this.#backlog, bodyBytes, bodies, { resolve, reject });
      this.#reader = reader;
      this.#bodyRoom = reader.room;
      this.#state = "body";
      this.#since = this.#parts.now();
      this.#deadline = this.#since + bodyMs;
      if (head.awaitsContinue && this.#backlog.length === 0) this.#wire.write(CONTINUE);
      this.#readOn();
    });
  }

  /** See Exchange.bodyBecomes. */
  bodyBecomes(bytes: number): Promise<void> | undefined {
    this.#bodyMade = bytes;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const refuse = () => reject(noRoom());
    const claim = this.#bodyRoom?.claim(this.#body.length + bytes, (granted) =>
      granted ? resolve() : refuse(),
    );
    if (claim === undefined || claim === "granted") return undefined;
    if (claim === "refused") refuse();
    return promise;
  }

  /** See Exchange.dropBody. */
  dropBody(): void {
    this.#bodyRoom?.keep(this.#bodyMade);
    const body = this.#body;
    this.#body = EMPTY;
    if (this.#bodyAlone) releaseAround(body);
    else release(body);
  }

  #arrived(chunk: Buffer): void {
    if (this.#state === "lingering" || this.#state === "closed") return;
    const framing = this.#reader?.head.framing;
    this.#backlog.push(chunk, framing?.kind === "length" ? framing.length : undefined);
    if (this.#state === "head") this.#readHead();
    else if (this.#state === "body") this.#readOn();
    else if (this.#backlog.length > AHEAD_BYTES) this.#rest();
  }

  #readHead(): void {
    const { headersMs, targetBytes, headerBytes } = this.#parts.bounds();
    if (!this.#begun) this.#begin(headersMs);
    const bytes = this.#backlog.view;
    const end = bytes.indexOf(END_OF_HEAD, this.#searched, "latin1");
    if (end < 0) {
      this.#searched = Math.max(0, bytes.length - END_OF_HEAD.length + 1);
      if (bytes.length > targetBytes + headerBytes) this.#fail(tooLarge(bytes, targetBytes));
      return;
    }
    this.#searched = 0;
    this.#begun = false;
    try {
      const head = parseHead(bytes.subarray(0, end), { targetBytes, headerBytes }, this.#parts.knownFields);
      this.#backlog.skip(end + END_OF_HEAD.length);
      this.#handle(head);
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      this.#fail(error);
    }
  }

  /** One empty line in front is what some clients send behind a body (RFC 9112 §2.2). */
  #begin(headersMs: number): void {
    const { view } = this.#backlog;
    if (view.length === 1 && view[0] === 13) return; // the next byte will tell
    this.#begun = true;
    this.#deadline = this.#parts.now() + headersMs;
    if (view[0] === 13 && view[1] === 10) this.#backlog.skip(2);
  }

  #handle(head: Head): void {
    this.#state = "handling";
    this.#deadline = NEVER;
    this.#bodyTaken = head.framing.kind === "none";
    const request = new Request(head, this);
    this.#request = request;
    if (this.#backlog.length > AHEAD_BYTES) this.#rest();
    this.#parts.handle(request).then(
      (reply) => this.#reply(reply, head),
      (error: unknown) => this.#broke(error, head),
    );
  }

  /** Neither the handler nor its reply should ever fail; when one does, the client is told that much. */
  #broke(error: unknown, head: Head): void {
    const failed = new HttpError("http/failed", messageOf(error));
    this.#parts.onFault(this.peer, failed.code, failed.message);
    this.#reply(refusal(failed), { ...head, keepAlive: false });
  }

  #readOn(): void {
    const reader = this.#reader;
    if (reader === undefined || !this.#hasRoom(reader)) return;
    try {
      const body = reader.take();
      if (body === undefined) this.#flow();
      else {
        this.#bodyTaken = true;
        this.#body = body;
        this.#bodyAlone = reader.copied;
        this.#endBody(({ resolve }) => resolve(body));
      }
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      this.#endBody(({ reject }) => reject(error));
    }
  }

  /** Whether there is room for the body. It is waited for otherwise, and that is not the client's time. */
  #hasRoom(reader: IncomingBody): boolean {
    const [asked, left] = [this.#parts.now(), this.#deadline];
    const claim = reader.claim((granted) => {
      if (this.#reader !== reader) return;
      const waited = this.#parts.now() - asked;
      this.#since += waited;
      this.#deadline = left + waited;
      if (granted) this.#readOn();
      else this.#endBody(({ reject }) => reject(noRoom()));
    });
    if (claim === "granted") return true;
    this.#deadline = NEVER;
    this.#rest();
    return false;
  }

  #endBody(settle: (reader: IncomingBody) => void): void {
    const reader = this.#reader;
    this.#reader = undefined;
    this.#deadline = NEVER;
    if (this.#state === "body") this.#state = "handling";
    if (reader !== undefined) settle(reader);
  }

  #fail(error: HttpError): void {
    this.#parts.onFault(this.peer, error.code, error.message);
    this.#reply(refusal(error), undefined);
  }

  /** @param head undefined when it could not be read: then nobody knows where the next request begins */
  #reply(reply: Reply, head: Head | undefined): void {
    this.#bodyRoom?.close();
    this.#bodyRoom = undefined;
    this.#body = EMPTY;
    this.#bodyMade = 0;
    this.#hold(reply);
    if (this.#state === "lingering" || this.#state === "closed") return;
    this.#request = undefined;
    this.#passOver(head);
    this.#state = "sending";
    this.#since = this.#parts.now();
    this.#deadline = this.#since + STALL_MS;
    const last = head === undefined || !head.keepAlive || !this.#bodyTaken || this.#parts.draining();
    try {
      this.#outbox.send(reply, {
        last,
        headOnly: head?.method === "HEAD",
        keepAliveSaid: !last && head.old,
        date: this.#parts.date.value,
      });
    } catch (error) {
      if (!(error instanceof TypeError) || head === undefined) throw error;
      this.#broke(error, head);
    }
  }

  /** Counts the answer until it was sent; what others hold anyway is not. */
  #hold(reply: Reply): void {
    if (reply.ownsBody === true && this.#state === "handling") this.#answerRoom?.take(bodyLength(reply));
    else this.#leaveAnswerRoom();
  }

  #leaveAnswerRoom(): void {
    this.#answerRoom?.close();
    this.#answerRoom = undefined;
  }

  /** A body that nobody asked for is passed over if it is there; waiting for it would only serve who sends it. */
  #passOver(head: Head | undefined): void {
    if (this.#bodyTaken || head?.framing.kind !== "length") return;
    const { length } = head.framing;
    if (this.#backlog.length < length) return;
    this.#backlog.skip(length);
    this.#bodyTaken = true;
  }

  /** The kernel has all of the reply, or a slice more of it. */
  #sent(): void {
    if (this.#outbox.pending) {
      this.#deadline = this.#parts.now() + STALL_MS;
      return;
    }
    this.#leaveAnswerRoom();
    if (this.#outbox.last) {
      this.#state = "lingering";
      this.#deadline = this.#parts.now() + LINGER_MS;
      this.#wire.end();
    } else {
      this.#state = "head";
      this.#deadline = this.#parts.now() + this.#parts.bounds().keepAliveMs;
      this.#flow();
      if (this.#backlog.length > 0) this.#readHead();
    }
  }

  #rest(): void {
    if (this.#resting) return;
    this.#resting = true;
    this.#wire.pause();
  }

  #flow(): void {
    if (!this.#resting) return;
    this.#resting = false;
    this.#wire.resume();
  }

  #gone(): void {
    const gone = new HttpError("http/client-gone", "the client closed the connection");
    this.#endBody(({ reject }) => reject(gone));
    this.#state = "closed";
    this.#leaveAnswerRoom();
    this.#outbox.drop();
    this.#request?.leave();
    this.#leaveCrowd();
  }
}

function noRoom(): HttpError {
  return new HttpError("http/too-many-bodies", "no room in time");
}

function tooLarge(bytes: Buffer, targetBytes: number): HttpError {
  const line = bytes.indexOf("\r\n", 0, "latin1");
  return line < 0 || line > targetBytes + "OPTIONS  HTTP/1.1".length
    ? new HttpError("http/target-too-long", "no end of the request line")
    : new HttpError("http/headers-too-large", "no end of the headers");
}
