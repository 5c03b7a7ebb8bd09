/**
 * One HTTP request and its answer, as every part of the door sees them. What carries the bytes stands behind this: the
 * parts do not know whether that is node:http or something quicker, nor TLS, nor a Unix-domain socket.
 */
import type { Abort } from "../../../base/abort.ts";
import type { Room } from "../../../base/budget.ts";
import type { Peer } from "../../../base/event.ts";
import type { HeaderField } from "../errors.ts";
import type { RequestHeaders } from "./headers.ts";

/** A request whose head has arrived and is well-formed HTTP. Nothing in it is verified. */
export interface Exchange {
  /** As sent: methods are case-sensitive (RFC 9110 §9.1). */
  readonly method: string;
  /** The request target as sent, percent signs and all: path and query. */
  readonly target: string;
  readonly headers: RequestHeaders;
  readonly peer: Peer;
  /** Aborted when the client goes away before it has its answer, or by `abort`.*/
  readonly signal: Abort;
  /** Ends what runs for the request, for another reason than the client's. */
  abort(reason: unknown): void;
  /**
   * Reads the whole body; call it once. Empty when there is none.
   * @throws HttpError when it is larger or slower than the door allows, or the client went away
   */
  body(): Promise<Buffer>;
  /**
   * Counts what is made of the body, so many bytes by now, beside it. Undefined when there is room at once.
   * @throws HttpError when there is none in time
   */
  bodyBecomes(bytes: number): Promise<void> | undefined;
  /** Says that the body was used. Its memory is given back: nobody may read it any more, nor still have to send it. */
  dropBody(): void;
  /** Where the answer is counted, from before it is read from the database until it was sent. Made when first asked for. */
  readonly room: Room;
  /** Says that the client proved who it is: its connection is not counted among strangers any more. */
  vouch(): void;
}

/** What is sent back. The server adds Date, Content-Length and Connection, and keeps back the body of a HEAD. */
export interface Reply {
  readonly status: number;
  /** The reason phrase, when it should not be the usual one. */
  readonly statusText?: string | undefined;
  readonly headers: readonly HeaderField[];
  /** Written one after the other, never copied together. */
  readonly body: Buffer | readonly Buffer[] | undefined;
  /** Nobody else uses the memory that the body lies in, so that it may be given back as soon as it was sent. */
  readonly ownsBody?: boolean;
}

/** Answers a request. Never rejects: what goes wrong is a reply too. */
export type Handler = (exchange: Exchange) => Promise<Reply>;
