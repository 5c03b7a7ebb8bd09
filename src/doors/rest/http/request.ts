import { type Abort, Aborter } from "../../../base/abort.ts";
import type { Share } from "../../../base/budget.ts";
import type { Peer } from "../../../base/event.ts";
import { HttpError } from "./errors.ts";
import type { Exchange } from "./exchange.ts";
import type { Head } from "./head.ts";
import type { RequestHeaders } from "./headers.ts";

/** What a request needs of its connection. */
interface Origin {
  readonly peer: Peer;
  readonly closed: boolean;
  readBody(head: Head): Promise<Buffer>;
  bodyBecomes(bytes: number): Promise<void> | undefined;
  dropBody(): void;
  vouch(): void;
  answerRoom(): Share;
}

/** The Exchange of a request that arrived on a connection. */
export class Request implements Exchange {
  readonly head: Head;
  readonly #origin: Origin;
  readonly #abort = new Aborter();
  #room: Share | undefined;

  constructor(head: Head, origin: Origin) {
    this.head = head;
    this.#origin = origin;
  }

  get method(): string {
    return this.head.method;
  }

  get target(): string {
    return this.head.target;
  }

  get headers(): RequestHeaders {
    return this.head.headers;
  }

  get peer(): Peer {
    return this.#origin.peer;
  }

  get signal(): Abort {
    if (this.#origin.closed) this.leave();
    return this.#abort;
  }

  body(): Promise<Buffer> {
    return this.#origin.readBody(this.head);
  }

  bodyBecomes(bytes: number): Promise<void> | undefined {
    return this.#origin.bodyBecomes(bytes);
  }

  dropBody(): void {
    this.#origin.dropBody();
  }

  get room(): Share {
    this.#room ??= this.#origin.answerRoom();
    return this.#room;
  }

  vouch(): void {
    this.#origin.vouch();
  }

  abort(reason: unknown): void {
    this.#abort.abort(reason);
  }

  /** The client went away. */
  leave(): void {
    this.abort(new HttpError("http/client-gone", "the client left before it had its answer"));
  }
}
