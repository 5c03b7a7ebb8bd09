/**
 * What a client has its server run, read off the messages of a session ("Simple Query", "Extended Query"). It reads along
 * and holds nothing up. What it tells was sent to be run; whether it was, or failed, the server knows.
 *
 * A statement's text comes with Parse, and its run with Execute, by way of two names. A client that means to hide one may
 * give a name twice, of which the second is refused: so the server's answers count, and while one is still to come, all
 * that a name may mean is told.
 */
import { Frames } from "./frames.ts";
import type { Body } from "./message-heads.ts";
import { MessageHeads } from "./message-heads.ts";
import { SentNames } from "./sent-names.ts";

/** A statement that was sent to be run. */
export interface SentStatement {
  /** Cut after `MAX_TEXT_BYTES`. */
  readonly sql: string;
  /** Its length as sent. */
  readonly bytes: number;
  /** As text, null for NULL; what is binary is in hexadecimal. None when they are not wanted, or there are none. */
  readonly parameters: readonly (string | null)[] | undefined;
}

interface StatementsOptions {
  readonly withParameters: boolean;
  readonly onStatement: (statement: SentStatement) => void;
}

/** More of a statement is a bulk load, and its beginning says which. */
const MAX_TEXT_BYTES = 32 * 1024;
/** What is kept of a message: the text, and names before it. */
const KEPT_BYTES = MAX_TEXT_BYTES + 4096;
/** Texts of prepared statements that one session keeps; one that is forgotten is told, as if it were run. */
const MAX_PREPARED = 2000;
const MAX_PREPARED_CHARACTERS = 4 * 1024 * 1024;
/** Portals live as long as a transaction; few clients name any. */
const MAX_PORTALS = 1000;

const QUERY = 0x51;
const PARSE = 0x50;
const BIND = 0x42;
const EXECUTE = 0x45;
const CLOSE = 0x43;
const FUNCTION_CALL = 0x46;
const SYNC = 0x53;
const READ = [QUERY, PARSE, BIND, EXECUTE, CLOSE, FUNCTION_CALL, SYNC];
/** In Close: a prepared statement, not a portal. */
const STATEMENT = 0x53;

interface Text {
  readonly sql: string;
  readonly bytes: number;
}

interface Portal {
  /** More than one while the server has not said which. */
  readonly statements: readonly Text[];
  readonly parameters: readonly (string | null)[] | undefined;
  told: boolean;
}

/** What the server has not answered. */
interface Pending {
  readonly kind: "parse" | "bind" | "close-statement" | "close-portal" | "sync" | "query";
  readonly name: string;
}

const SYNCED: Pending = { kind: "sync", name: "" };
const QUERIED: Pending = { kind: "query", name: "" };

export class Statements {
  readonly #options: StatementsOptions;
  readonly #client = new MessageHeads(READ, KEPT_BYTES, (type, body) => this.#sent(type, body));
  readonly #server = new Answers((type) => this.#answered(type));
  readonly #prepared = new SentNames<Text>();
  readonly #portals = new SentNames<Portal>();
  #preparedCharacters = 0;
  #pending: Pending[] = [];
  /** How many of them are answered already. */
  #done = 0;
  /** Messages of the extended protocol came since the last Sync. */
  #unsynced = false;
  /** The server takes the rows of a COPY. */
  #copying = false;
  /**
   * The client mixed what does not go together, a Sync with a COPY or a Query with what no Sync has ended: the server may
   * pass over some of it, and which answer is for what cannot be told any more. From then on every text is told when it
   * comes, since it may be run.
   */
  #odd = false;

  constructor(options: StatementsOptions) {
    this.#options = options;
  }

  fromClient(chunk: Buffer): void {
    this.#client.push(chunk);
  }

  fromServer(chunk: Buffer): void {
    if (!this.#odd) this.#server.push(chunk);
  }

  #sent(type: number, body: Body): void {
    if (type === QUERY) this.#query(textAt(body, body.start));
    else if (type === FUNCTION_CALL) this.#query({ sql: functionCall(body), bytes: body.length });
    else if (type === SYNC) this.#sync();
    else {
      this.#unsynced = true;
      if (type === PARSE) this.#parse(body);
      else if (type === BIND) this.#bind(body);
      else if (type === EXECUTE) this.#execute(nameAt(body, body.start).name);
      else this.#close(body);
    }
  }

  #query(text: Text): void {
    this.#tell(text, undefined);
    if (this.#unsynced || this.#copying) this.#turnOdd();
    this.#wait(QUERIED);
  }

  #sync(): void {
    this.#unsynced = false;
    if (this.#copying) this.#turnOdd();
    this.#prepared.synced();
    this.#portals.synced();
    this.#wait(SYNCED);
  }

  #parse(body: Body): void {
    const { name, end } = nameAt(body, body.start);
    const text = textAt(body, end);
    if (this.#odd) this.#tell(text, undefined);
    else this.#prepared.sent(name, text);
    this.#wait({ kind: "parse", name });
  }

  #bind(body: Body): void {
    const { name, end } = nameAt(body, body.start);
    const { name: statement, end: rest } = nameAt(body, end);
    const parameters = this.#options.withParameters ? parametersAt(body, rest) : undefined;
    const found = this.#odd ? [] : this.#prepared.candidates(statement);
    const statements = found.length > 0 ? found : [preparedInSql(statement)];
    const portal = { statements, parameters, told: false };
    if (this.#odd) this.#run(portal);
    else this.#portals.sent(name, portal);
    this.#wait({ kind: "bind", name });
  }

  #execute(name: string): void {
    if (this.#odd) return; // its text and its values were told
    for (const portal of this.#portals.candidates(name)) this.#run(portal);
  }

  #close(body: Body): void {
    const kind = body.bytes[body.start] === STATEMENT ? "close-statement" : "close-portal";
    this.#wait({ kind, name: nameAt(body, body.start + 1).name });
  }

  #wait(pending: Pending): void {
    if (!this.#odd) this.#pending.push(pending);
  }

  /** Tells everything that may be run from here on without being told. */
  #turnOdd(): void {
    if (this.#odd) return;
    this.#odd = true;
    for (const portal of this.#portals.all()) this.#run(portal);
    for (const text of this.#prepared.all()) this.#tell(text, undefined);
    this.#pending = [];
  }

  #run(portal: Portal): void {
    if (portal.told) return; // more rows of the same
    portal.told = true;
    for (const text of portal.statements) this.#tell(text, portal.parameters);
  }

  #answered(type: number): void {
    if (type === READY_FOR_QUERY) this.#ready();
    else if (type === ERROR_RESPONSE) this.#failed();
    else if (type === COPY_IN || type === COPY_BOTH) this.#copy();
    else if (this.#next() !== undefined && !endsAnswer(this.#next())) this.#settle(true);
    if (this.#done < this.#pending.length && this.#done < MAX_DONE) return;
    this.#pending = this.#pending.slice(this.#done);
    this.#done = 0;
  }

  #ready(): void {
    this.#failed(); // what was not answered up to here never will be
    if (this.#next() !== undefined) this.#done += 1;
  }

  /** Up to the next Sync nothing is done any more. */
  #failed(): void {
    this.#copying = false;
    while (this.#next() !== undefined && !endsAnswer(this.#next())) this.#settle(false);
  }

  /** Rows of a COPY are taken. Of what was sent behind it, the server passes over some. */
  #copy(): void {
    this.#copying = true;
    const alone = this.#pending.length - this.#done === 1 && this.#next()?.kind === "query";
    if (!alone || this.#unsynced) this.#turnOdd();
  }

  /** The oldest that is not answered. */
  #next(): Pending | undefined {
    return this.#pending[this.#done];
  }

  #settle(isDone: boolean): void {
    const next = this.#next();
    if (next === undefined) return;
    this.#done += 1;
    const { kind, name } = next;
    if (kind === "parse") this.#parsed(name, isDone);
    else if (kind === "bind") this.#bound(name, isDone);
    else if (kind === "close-statement" && isDone) this.#forget(name);
    else if (kind === "close-portal" && isDone) this.#portals.forget(name);
  }

  #parsed(name: string, isDone: boolean): void {
    if (isDone) this.#forget(name);
    const text = this.#prepared.answered(name, isDone);
    if (isDone) this.#preparedCharacters += text?.sql.length ?? 0;
    while (this.#prepared.size > MAX_PREPARED || this.#preparedCharacters > MAX_PREPARED_CHARACTERS) {
      const oldest = this.#prepared.oldest;
      const forgotten = oldest === undefined ? undefined : this.#forget(oldest);
      if (forgotten === undefined) return;
      this.#tell(forgotten, undefined);
    }
  }

  #forget(name: string): Text | undefined {
    const text = this.#prepared.forget(name);
    this.#preparedCharacters -= text?.sql.length ?? 0;
    return text;
  }

  #bound(name: string, isDone: boolean): void {
    this.#portals.answered(name, isDone);
    if (this.#portals.size <= MAX_PORTALS) return;
    const forgotten = this.#portals.forget(this.#portals.oldest ?? "");
    if (forgotten !== undefined) this.#run(forgotten);
  }

  #tell({ sql, bytes }: Text, parameters: Portal["parameters"]): void {
    this.#options.onStatement({ sql, bytes, parameters });
  }
}

/** A ReadyForQuery ends what the server says to it. */
function endsAnswer(pending: Pending | undefined): boolean {
  return pending?.kind === "sync" || pending?.kind === "query";
}

function functionCall({ bytes, start, end }: Body): string {
  return end - start < 4 ? "(function call)" : `(function call ${bytes.readUInt32BE(start)})`;
}

/** SQL can prepare too; its own text was told then. */
function preparedInSql(name: string): Text {
  return { sql: `(prepared as ${JSON.stringify(name)})`, bytes: 0 };
}

/** Answered ones are cleared away when so many came together. */
const MAX_DONE = 1000;

const PARSE_COMPLETE = 0x31;
const BIND_COMPLETE = 0x32;
const CLOSE_COMPLETE = 0x33;
const ERROR_RESPONSE = 0x45;
const READY_FOR_QUERY = 0x5a;
const COPY_IN = 0x47;
const COPY_BOTH = 0x57;

const ANSWERS = new Set([
  PARSE_COMPLETE,
  BIND_COMPLETE,
  CLOSE_COMPLETE,
  ERROR_RESPONSE,
  READY_FOR_QUERY,
  COPY_IN,
  COPY_BOTH,
]);

/** The answers that say what became of a name. */
class Answers extends Frames {
  readonly #onAnswer: (type: number) => void;

  constructor(onAnswer: (type: number) => void) {
    super();
    this.#onAnswer = onAnswer;
  }

  protected saw(type: number): void {
    if (ANSWERS.has(type)) this.#onAnswer(type);
  }
}

/** A name up to its NUL, and where what follows begins. */
function nameAt(body: Body, at: number): { readonly name: string; readonly end: number } {
  const end = nulAt(body, at);
  return { name: end <= at ? "" : body.bytes.toString("utf8", at, end), end: end + 1 };
}

/** The text that goes from `at` to its NUL; what is not among what was kept was sent all the same. */
function textAt(body: Body, at: number): Text {
  const end = nulAt(body, at);
  return {
    sql: body.bytes.toString("utf8", at, Math.min(end, at + MAX_TEXT_BYTES)),
    bytes: end < body.end ? end - at : Math.max(0, body.start + body.length - at),
  };
}

/** Where the next NUL is; the end when there is none. */
function nulAt({ bytes, end }: Body, at: number): number {
  const nul = bytes.indexOf(0, at);
  return nul < 0 || nul > end ? end : nul;
}

const TEXT_FORMAT = 0;

/** The values of a Bind, as far as they were kept ("Message Formats", Bind). */
function parametersAt({ bytes, end }: Body, start: number): readonly (string | null)[] {
  const int16 = (at: number) => (at + 2 <= end ? bytes.readUInt16BE(at) : 0);
  const formats = int16(start);
  const formatOf = (index: number) =>
    formats === 0 ? TEXT_FORMAT : int16(start + 2 + 2 * (formats === 1 ? 0 : index));
  let at = start + 2 + 2 * formats;
  const count = int16(at);
  at += 2;
  const values: (string | null)[] = [];
  for (let index = 0; index < count && at + 4 <= end; index++) {
    const length = bytes.readInt32BE(at);
    at += 4;
    const to = Math.min(at + Math.max(0, length), end);
    if (length < 0) values.push(null);
    else if (formatOf(index) === TEXT_FORMAT) values.push(bytes.toString("utf8", at, to));
    else values.push(`\\x${bytes.toString("hex", at, to)}`);
    at = to;
  }
  return values;
}
