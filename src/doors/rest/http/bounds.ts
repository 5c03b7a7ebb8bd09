/** What a client may take before and while it is served. All times are milliseconds. */
export interface HttpBounds {
  /** The longest path and query, in characters. */
  readonly targetBytes: number;
  /** The largest header section. */
  readonly headerBytes: number;
  /** From the first byte of a request to the end of its head. */
  readonly headersMs: number;
  readonly bodyBytes: number;
  /** From the moment a body is asked for to its end. */
  readonly bodyMs: number;
  /** Bytes of bodies, and of answers, that all connections hold. */
  readonly bodiesInMemory: number;
  readonly answersInMemory: number;
  /** Between two requests on a connection. */
  readonly keepAliveMs: number;
  /** Connections in total. */
  readonly connections: number;
  /** Connections whose client has not been vouched for, in total and of one address. */
  readonly unauthenticated: number;
  readonly unauthenticatedPerAddress: number;
}

/** A client that has not taken a slice of its answer for so long has stopped reading. */
export const STALL_MS = 60_000;
/**
 * After the last answer the client's bytes are still read for so long: closing at once would reset the connection, and
 * the answer could be lost on its way (RFC 9112 §9.6).
 */
export const LINGER_MS = 2000;
/** Deadlines are looked at this often, by one timer for all connections. */
export const SWEEP_MS = 500;
/** Requests that a client sends ahead wait in the kernel when they are more than this. */
export const AHEAD_BYTES = 65_536;
/** Written in slices, so that one can tell a slow reader from one that has stopped. */
export const SLICE_BYTES = 262_144;
/** Up to this size head and body go out as one piece; above, copying costs more than a second system call. */
export const JOIN_BYTES = 16_384;
