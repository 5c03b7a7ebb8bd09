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
  dropBody(): void;
  vouch(): void;
}

/** The Exchange of a request that arrived on a connection. */
export class Request implements Exchange {
  readonly head: Head;
  readonly #origin: Origin;
  #abort: AbortController | undefined;

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

  get signal(): AbortSignal {
    this.#abort ??= new AbortController();
    if (this.#origin.closed) this.abort();
    return this.#abort.signal;
  }

  body(): Promise<Buffer> {
    return this.#origin.readBody(this.head);
  }

  dropBody(): void {
    this.#origin.dropBody();
  }

  vouch(): void {
    this.#origin.vouch();
  }

  /** The client went away. */
  abort(): void {
    this.#abort?.abort(new HttpError("http/client-gone", "the client left before it had its answer"));
  }
}
