import type { Room } from "../../base/budget.ts";
import { parseErrorFields, parseParameterStatus } from "../../protocol/backend-messages.ts";
import { query, terminate } from "../../protocol/client-messages.ts";
import { ExtendedQueryWriter } from "../../protocol/extended-query.ts";
import { ProtocolFault } from "../../protocol/fault.ts";
import type { TransactionStatus } from "../../protocol/message-flow.ts";
import { MessageStream, TooLong } from "../../protocol/message-stream.ts";
import { parseNotification, readyStatus } from "../../protocol/query-results.ts";
import type { Wire } from "../../wire/wire.ts";
import { UpstreamError } from "../errors.ts";
import { Answer, type Step } from "./answer.ts";
import { PoolError, PoolServerError } from "./errors.ts";
import type { RunStatement } from "./own-statements.ts";
import { type Prepared, PreparedStatements } from "./prepared-statements.ts";

/** A server connection at its first ReadyForQuery. */
export interface Connection {
  readonly wire: Wire;
  /** What came in behind ReadyForQuery. */
  readonly head: Buffer;
  readonly host: string;
  readonly processId: number;
  /** What the server reported of itself. */
  readonly parameters: Map<string, string>;
  /** Asks the server to cancel what is running; resolves when the server has taken the request. */
  cancel(): Promise<void>;
}

/** What a backend tells its owner. */
export interface BackendEvents {
  /** The server reported another value of a parameter. */
  onParameter(): void;
  onNotification(channel: string, payload: string): void;
  /** The connection is over. Told once, after whoever waits for an answer was told. */
  onClosed(error: Error | undefined): void;
}

export interface BackendLimits {
  readonly maxResultBytes: number;
  readonly preparedStatements: number;
}

/** Where a round trip is among others. */
export type Place = "alone" | "more to come" | "last of a write";

/** Room in a message for what is not rows. */
const SLACK_BYTES = 64 * 1024;
/** Sent in pieces of this size: TLS on Node copies a piece as a whole, and keeps the copy until all of it is sent. */
const SLICE_BYTES = 256 * 1024;
/** A message's length is a signed 32-bit word. */
const MAX_MESSAGE_BYTES = 2 ** 31 - 1;

interface Waiting {
  readonly answer: Answer;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

/**
 * One server connection that runs statements, in round trips that each end with a Sync (PostgreSQL docs, "Extended
 * Query", "Pipelining"). One may begin before the last is answered; the server takes them in order. It knows nothing of
 * roles and of what is left behind, and so not whether that is wise.
 */
export class Backend {
  readonly connection: Connection;
  readonly #events: BackendEvents;
  readonly #limits: BackendLimits;
  readonly #writer = new ExtendedQueryWriter();
  readonly #statements: PreparedStatements;
  readonly #stream: MessageStream;
  /** The transaction status that the server reported last. */
  status: TransactionStatus = "I";
  /** Who waits for an answer, in the order of the answers. */
  readonly #waiting: Waiting[] = [];
  /** What was not handed to the wire yet. */
  readonly #unsent: Buffer[] = [];
  /** The wire wants a pause. */
  #full = false;
  #failure: Error | undefined;
  #closed = false;

  constructor(connection: Connection, limits: BackendLimits, events: BackendEvents) {
    this.connection = connection;
    this.#events = events;
    this.#limits = limits;
    this.#statements = new PreparedStatements(limits.preparedStatements);
    const longest = Math.min(limits.maxResultBytes + SLACK_BYTES, MAX_MESSAGE_BYTES);
    this.#stream = new MessageStream(longest, (type, bytes, start, end) =>
      this.#onMessage(type, bytes, start, end),
    );
    const { wire, head } = connection;
    wire.onData = (chunk) => this.#onData(chunk);
    wire.onDrain = () => this.#drained();
    wire.onClose = (error) => this.#onClosed(error);
    if (wire.closed) queueMicrotask(() => this.#onClosed(undefined)); // it was told before we listened
    if (head.length > 0) this.#onData(head);
    wire.resume();
  }

  get closed(): boolean {
    return this.#closed;
  }

  /**
   * Runs `statements` one behind the other, in the implicit transaction that ends with Sync unless they begin one.
   * A statement that fails skips the rest; the answer tells.
   * @param named whether statements may be prepared by name
   * @param room where results are counted while they are read
   * @param place "alone": nothing else is under way. Otherwise others may be; what more is to come in the same write is
   *   begun before this turn of the event loop ends, and the last is what sends it
   * @throws PoolServerError when the server ends the session instead; PoolError, UpstreamError when it is lost
   */
  run(
    statements: readonly RunStatement[],
    named: boolean,
    room?: Room,
    place: Place = "alone",
  ): Promise<Answer> {
    const writer = this.#writer;
    for (const name of this.#statements.evicted()) writer.closeStatement(name);
    const steps: Step[] = [];
    const parses: (Prepared | undefined)[] = [];
    for (const statement of statements) {
      const prepared = named ? this.#statements.use(statement) : undefined;
      const name = prepared?.name ?? "";
      const parsed = prepared === undefined || prepared.state === "new";
      steps.push({ prepared, parsed, unread: statement.unread === true });
      if (parsed) {
        if (prepared !== undefined) prepared.state = "asked";
        parses.push(prepared);
        writer.parse(name, statement.text, statement.parameterTypes ?? NO_TYPES);
      }
      writer.bind(name, statement);
      writer.execute();
    }
    writer.sync();
    return this.#exchange(new Answer(steps, parses, place === "alone", room), writer.take(), place);
  }

  /** Runs constant SQL of our own, of several statements. */
  runSimple(sql: string): Promise<Answer> {
    return this.#exchange(new Answer(undefined, NO_STEPS, true), [query(sql)], "alone");
  }

  /** Forgets all names: the server has something else under one, or nothing. */
  forgetStatements(): void {
    this.#statements.forgetAll();
  }

  /** Takes leave of the server. */
  end(): void {
    this.#failure ??= new PoolError("pool/closed", "the pool closed the connection");
    this.connection.wire.end(terminate);
  }

  /** Closes the connection at once, for the reason that whoever waits is told. */
  destroy(error: Error): void {
    this.#failure ??= error;
    this.connection.wire.destroy();
    this.#settle();
  }

  #exchange(answer: Answer, pieces: readonly Buffer[], place: Place): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ answer, resolve, reject });
      if (this.#failure !== undefined) {
        this.#settle();
        return;
      }
      for (const piece of pieces) this.#add(piece);
      if (place !== "more to come") this.#send();
    });
  }

  #add(piece: Buffer): void {
    const last = this.#unsent.at(-1);
    const joined = last === undefined ? undefined : adjoined(last, piece);
    if (joined !== undefined) this.#unsent[this.#unsent.length - 1] = joined;
    else if (piece.length <= SLICE_BYTES) this.#unsent.push(piece);
    else this.#unsent.push(...slices(piece));
  }

  /** Sends on, as fast as the server takes it. */
  #send(): void {
    while (!this.#full) {
      const piece = this.#unsent.shift();
      if (piece === undefined) return;
      this.#full = !this.connection.wire.write(piece);
    }
  }

  #drained(): void {
    this.#full = false;
    this.#send();
  }

  #onData(chunk: Buffer): void {
    if (this.#failure !== undefined) return;
    try {
      this.#stream.push(chunk);
    } catch (error) {
      if (!(error instanceof ProtocolFault)) throw error;
      if (error instanceof TooLong && error.type === DATA_ROW) this.#giveUp(this.#tooLarge());
      else
        this.destroy(
          new UpstreamError("upstream/protocol", `the server sent ${error.message}`, { cause: error }),
        );
      return;
    }
    this.#makeRoom();
  }

  /** Lets what has not come in yet wait at the server, as long as there is no room for it here. */
  #makeRoom(): void {
    const answer = this.#waiting[0]?.answer;
    if (answer?.room === undefined || this.#failure !== undefined) return;
    const claim = answer.room.claim(answer.size + this.#stream.begunBytes, (granted) => {
      if (granted) this.connection.wire.resume();
      else this.#giveUp(noRoom());
    });
    if (claim === "waiting") this.connection.wire.pause();
    else if (claim === "refused") this.#giveUp(noRoom());
  }

  #onMessage(type: number, bytes: Buffer, start: number, end: number): void {
    const answer = this.#waiting[0]?.answer;
    if (this.#failure !== undefined) return;
    if (answer === undefined) {
      this.#onUnasked(type, bytes.subarray(start, end));
      return;
    }
    switch (type) {
      case BIND_COMPLETE:
        answer.bound();
        return;
      case DATA_ROW:
        answer.row(bytes, start, end);
        if (answer.size > this.#limits.maxResultBytes) this.#giveUp(this.#tooLarge());
        return;
      case COMMAND_COMPLETE:
        answer.complete(bytes, start, end);
        return;
      case READY_FOR_QUERY:
        this.status = readyStatus(bytes, start, end);
        answer.status = this.status;
        this.#ready(answer);
        return;
      case PARSE_COMPLETE:
        answer.parsed();
        return;
      case CLOSE_COMPLETE:
      case ROW_DESCRIPTION: // of a simple query
        return;
      case ERROR_RESPONSE:
        answer.failed(bytes.subarray(start, end));
        return;
      default:
        this.#onUnasked(type, bytes.subarray(start, end));
        return;
    }
  }

  /** What a server may send at any time ("Asynchronous Operations"). */
  #onUnasked(type: number, body: Buffer): void {
    switch (type) {
      case NOTICE_RESPONSE:
        return;
      case PARAMETER_STATUS: {
        const [name, value] = parseParameterStatus(body);
        this.connection.parameters.set(name, value);
        this.#events.onParameter();
        return;
      }
      case NOTIFICATION: {
        const { channel, payload } = parseNotification(body);
        this.#events.onNotification(channel, payload);
        return;
      }
      case ERROR_RESPONSE: // it is about to hang up
        this.destroy(new PoolServerError(parseErrorFields(body)));
        return;
      case COPY_IN:
      case COPY_OUT:
      case COPY_BOTH:
        this.destroy(new TypeError("COPY is no statement for a pool"));
        return;
      default:
        throw new ProtocolFault(
          `a message of type ${JSON.stringify(String.fromCharCode(type))} where none belongs`,
        );
    }
  }

  #ready(answer: Answer): void {
    if (answer.short) throw new ProtocolFault("fewer results than statements");
    if (answer.error !== undefined) this.#statements.forget(answer.unparsed);
    this.#waiting.shift()?.resolve(answer);
  }

  #onClosed(error: Error | undefined): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#failure ??= this.#lost(error);
    this.#settle();
    this.#events.onClosed(error);
  }

  /** What the server said before it hung up is the reason. */
  #lost(error: Error | undefined): Error {
    const said = this.#waiting[0]?.answer.error;
    if (said !== undefined) return new PoolServerError(said);
    const { host } = this.connection;
    return new PoolError("pool/connection-lost", error?.message ?? `${host} closed the connection`, {
      cause: error,
    });
  }

  /** Closes the connection because of a result that is not wanted any more. */
  #giveUp(reason: PoolError): void {
    this.connection.cancel().catch(() => {}); // the connection goes in any case; this spares the server the rest
    this.destroy(reason);
  }

  #tooLarge(): PoolError {
    return new PoolError(
      "pool/result-too-large",
      `a result of more than ${this.#limits.maxResultBytes} bytes`,
    );
  }

  #settle(): void {
    const failure = this.#failure;
    if (failure !== undefined) for (const { reject } of this.#waiting.splice(0)) reject(failure);
  }
}

/** Two pieces as one where they lie side by side in memory, as those of round trips written one after the other do. */
function adjoined(first: Buffer, second: Buffer): Buffer | undefined {
  const length = first.length + second.length;
  const adjacent = first.buffer === second.buffer && first.byteOffset + first.length === second.byteOffset;
  return adjacent && length <= SLICE_BYTES ? Buffer.from(first.buffer, first.byteOffset, length) : undefined;
}

function noRoom(): PoolError {
  return new PoolError("pool/too-many-results", "no room for the result");
}

function slices(piece: Buffer): readonly Buffer[] {
  const count = Math.ceil(piece.length / SLICE_BYTES);
  return Array.from({ length: count }, (_, at) => piece.subarray(at * SLICE_BYTES, (at + 1) * SLICE_BYTES));
}

const NO_TYPES: readonly number[] = [];
const NO_STEPS: readonly (Prepared | undefined)[] = [];

// Type bytes ("Message Formats").
const PARSE_COMPLETE = 0x31;
const BIND_COMPLETE = 0x32;
const CLOSE_COMPLETE = 0x33;
const NOTIFICATION = 0x41;
const COMMAND_COMPLETE = 0x43;
const DATA_ROW = 0x44;
const ERROR_RESPONSE = 0x45;
const COPY_IN = 0x47;
const COPY_OUT = 0x48;
const NOTICE_RESPONSE = 0x4e;
const PARAMETER_STATUS = 0x53;
const ROW_DESCRIPTION = 0x54;
const COPY_BOTH = 0x57;
const READY_FOR_QUERY = 0x5a;
