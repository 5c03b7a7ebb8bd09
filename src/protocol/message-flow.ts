/** Whose turn it is in a session: what the client asked that the server has not answered ("Message Flow"). */
import { Frames } from "./frames.ts";

/** The transaction status that ReadyForQuery reports: idle, in a transaction, in a failed transaction. */
export type TransactionStatus = "I" | "T" | "E";

const OTHER = 0;

/** What a message means here, by its type byte. A table, since every message is looked up. */
function meanings(meant: Readonly<Record<string, number>>): Uint8Array {
  const table = new Uint8Array(256).fill(OTHER);
  for (const [types, meaning] of Object.entries(meant)) {
    for (const type of types) table[type.charCodeAt(0)] = meaning;
  }
  return table;
}

/** Query and FunctionCall: a ReadyForQuery ends the answer. */
const QUERY = 1;
/** Parse, Bind, Describe, Execute, Close: answered, but with a ReadyForQuery only when a Sync follows. */
const UNSYNCED = 2;
const SYNC = 3;
/** CopyDone, CopyFail. */
const COPY_END = 4;
const TERMINATE = 5;
const FROM_CLIENT = meanings({ QF: QUERY, PBDEC: UNSYNCED, S: SYNC, cf: COPY_END, X: TERMINATE });

/** What the client waits for. */
class Asked extends Frames {
  /** Each message that gets a ReadyForQuery, and each end of a COPY that may not have begun; oldest first. */
  #waiting: number[] = [];
  #unsynced = false;
  /** The server takes the rows of a COPY, and passes over what does not belong there. */
  #copying = false;
  #last: number | undefined;

  /** Whether all is answered. */
  get answered(): boolean {
    return this.#waiting.length === 0 && !this.#unsynced && this.between;
  }

  get parted(): boolean {
    return this.#last === TERMINATE && this.between;
  }

  protected saw(type: number): void {
    const meaning = FROM_CLIENT[type];
    this.#last = meaning;
    if (meaning === UNSYNCED) this.#unsynced = true;
    else if (meaning === SYNC) this.#sync();
    else if (meaning === QUERY) this.#wait(QUERY);
    else if (meaning === COPY_END) this.#endCopy();
  }

  /** The server is ready: the oldest is answered. */
  ready(): void {
    this.#copying = false;
    while (this.#waiting.length > 0 && isEnd(this.#waiting.shift()));
    if (this.#waiting.every(isEnd)) this.#waiting = [];
  }

  /**
   * The server takes the rows of a COPY. A Sync that comes before their end is passed over ("COPY Operations": so that
   * a client which does not know what it has sent may always send Sync), also when it was sent before.
   */
  copyIn(): void {
    const end = this.#waiting.findIndex(isEnd);
    this.#copying = end < 0;
    const inside = this.#copying ? this.#waiting : this.#waiting.slice(0, end);
    const behind = this.#copying ? [] : this.#waiting.slice(end + 1);
    this.#waiting = [...inside.filter((type) => type !== SYNC), ...behind];
  }

  /** The COPY is over before its end came: the server failed it. */
  copyFailed(): void {
    this.#copying = false;
  }

  #sync(): void {
    if (!this.#copying) this.#wait(SYNC);
  }

  #wait(type: number): void {
    this.#waiting.push(type);
    this.#unsynced = false;
  }

  /** An end that comes before the server said that it takes rows is kept until it does; alone it means nothing. */
  #endCopy(): void {
    if (this.#copying) this.#copying = false;
    else if (this.#waiting.length > 0 || this.#unsynced) this.#waiting.push(COPY_END);
  }
}

function isEnd(type: number | undefined): boolean {
  return type === COPY_END;
}

const READY = 1;
/** NoticeResponse, NotificationResponse, ParameterStatus: they come at any time ("Asynchronous Operations"). */
const ANY_TIME = 2;
/** DataRow; CopyData, which holds one row each. */
const ROW = 5;
/** CopyInResponse, CopyBothResponse. */
const TAKES_ROWS = 3;
/** ErrorResponse. */
const FAILED = 4;
const FROM_SERVER = meanings({ Z: READY, NAS: ANY_TIME, GW: TAKES_ROWS, E: FAILED, Dd: ROW });

/** What the server said. */
class Answers extends Frames {
  readonly #asked: Asked;
  #status: number | undefined;
  /** How many rows there were. */
  rows = 0;

  constructor(asked: Asked) {
    super();
    this.#asked = asked;
  }

  /** What the server's last ReadyForQuery said, when it has said nothing since that answers anything. */
  get status(): TransactionStatus | undefined {
    const status = String.fromCharCode(this.#status ?? 0);
    return status === "I" || status === "T" || status === "E" ? status : undefined;
  }

  protected saw(type: number, first: number): void {
    const meaning = FROM_SERVER[type];
    if (meaning === ANY_TIME) return;
    this.#status = meaning === READY ? first : undefined;
    if (meaning === ROW) this.rows++;
    else if (meaning === READY) this.#asked.ready();
    else if (meaning === TAKES_ROWS) this.#asked.copyIn();
    else if (meaning === FAILED) this.#asked.copyFailed();
  }
}

/**
 * Follows the messages of a session by their heads, to know where it is at rest. It may take a session for busy that is
 * not (a simple query in an extended one that failed is answered with nothing); never the other way round.
 */
export class MessageFlow {
  readonly #asked = new Asked();
  readonly #answers = new Answers(this.#asked);

  fromClient(chunk: Buffer): void {
    this.#asked.push(chunk);
  }

  fromServer(chunk: Buffer): void {
    this.#answers.push(chunk);
  }

  /** The transaction status, when everything that the client asked is answered. */
  get rest(): TransactionStatus | undefined {
    return this.#asked.answered && this.#answers.between ? this.#answers.status : undefined;
  }

  /** Whether the server has said ReadyForQuery, and nothing since that answers anything. */
  get ready(): boolean {
    return this.#answers.between && this.#answers.status !== undefined;
  }

  /** Whether a message can be said in the server's place without breaking one of its own in two. */
  get speakable(): boolean {
    return this.#answers.between;
  }

  /** How many rows the server sent. */
  get rows(): number {
    return this.#answers.rows;
  }

  /** Whether the client's last message was its goodbye. */
  get parted(): boolean {
    return this.#asked.parted;
  }
}
