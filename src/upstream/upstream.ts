/**
 * The only room that opens PostgreSQL connections: hosts, TLS, logins, spares, cancel keys. It opens one only for an
 * Admission, as the role that the Admission names, and never decides who may have one.
 */
import type { Socket } from "node:net";
import type { Admission } from "../access/admit.ts";

/** A parameter of the startup packet that goes to the server as it is. */
export type StartupParameters = ReadonlyMap<string, string>;

/** One server connection, logged in as the admitted role and at its first ReadyForQuery. */
export interface UpstreamSession {
  /** The connection. Nothing has been read past ReadyForQuery; it is paused. */
  readonly socket: Socket;
  /** `host:port` of the server. */
  readonly host: string;
  /** The server process's id. */
  readonly processId: number;
  /**
   * What the server sent between AuthenticationOk and ReadyForQuery, as it sent it, without BackendKeyData
   * (the door sends its own): ParameterStatus and NoticeResponse messages.
   */
  readonly greeting: Buffer;
  /** Asks the server to cancel what this session is running (PostgreSQL docs, "Canceling Requests in Progress"). */
  cancel(): Promise<void>;
  /** Closes the connection at once. */
  close(): void;
}

export interface Upstream {
  /**
   * Opens a session for `admission`.
   * @param parameters the client's startup parameters, already stripped of `user`, `database` and all that changes
   *   who the client is
   * @param abort ends the attempt when the client goes away
   * @throws UpstreamRefused when a server answered with an ErrorResponse (its bytes go to the client unchanged)
   * @throws UpstreamError for everything else
   */
  open(admission: Admission, parameters: StartupParameters, abort: AbortSignal): Promise<UpstreamSession>;
  /** State of each known host, for metrics and /readyz. */
  states(): readonly { readonly cluster: string; readonly host: string; readonly up: boolean }[];
  /** Closes spares and timers; sessions stay. */
  close(): void;
}
