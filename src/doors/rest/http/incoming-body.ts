import type { Budget, Share } from "../../../base/budget.ts";
import { UNCOUNTED_BYTES } from "../../../base/budget.ts";
import type { Backlog } from "./backlog.ts";
import { ChunkedBody } from "./chunked.ts";
import type { HttpError } from "./errors.ts";
import type { Head } from "./head.ts";

/**
 * Room is made for so many times what came of a body, up to its announced length: few bodies get all that they need, and
 * not many of them a part. Whoever announces much and sends little gets little.
 */
const AHEAD = 4;

interface Outcome {
  readonly resolve: (body: Buffer) => void;
  readonly reject: (error: HttpError) => void;
}

/** A body that is coming, taken off a connection's backlog. */
export class IncomingBody {
  readonly head: Head;
  /** Where it is counted, until the request was answered. */
  readonly room: Share;
  readonly resolve: (body: Buffer) => void;
  readonly reject: (error: HttpError) => void;
  readonly #backlog: Backlog;
  readonly #chunked: ChunkedBody | undefined;
  /** The longest that it can be. */
  readonly #most: number;

  constructor(head: Head, backlog: Backlog, limit: number, budget: Budget, { resolve, reject }: Outcome) {
    const { framing } = head;
    this.head = head;
    this.room = budget.share();
    this.resolve = resolve;
    this.reject = reject;
    this.#backlog = backlog;
    this.#chunked = framing.kind === "chunked" ? new ChunkedBody(limit) : undefined;
    this.#most = framing.kind === "length" ? framing.length : limit;
  }

  /** Whether it was taken out of chunks, and so lies in memory of its own. */
  get copied(): boolean {
    return this.#chunked !== undefined;
  }

  /** How much has come. */
  get received(): number {
    return this.#backlog.length + (this.#chunked?.length ?? 0);
  }

  /** Asks for room for what has come, and for what may come soon. */
  claim(onRoom: (granted: boolean) => void): ReturnType<Share["claim"]> {
    const { received } = this;
    const bytes = received <= UNCOUNTED_BYTES ? received : Math.min(this.#most, AHEAD * received);
    return this.room.claim(bytes, onRoom, this.#most);
  }

  /**
   * All of it; undefined as long as not all of it is there.
   * @throws HttpError when its coding is broken or it is larger than the limit
   */
  take(): Buffer | undefined {
    const chunked = this.#chunked;
    if (chunked !== undefined) {
      this.#backlog.skip(chunked.read(this.#backlog.view));
      return chunked.done ? chunked.take() : undefined;
    }
    return this.#backlog.length >= this.#most ? this.#backlog.take(this.#most) : undefined;
  }
}
