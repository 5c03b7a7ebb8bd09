import type { Bed } from "../bed.ts";

/** Whether TLS is spoken on both legs, client to peer and peer to PostgreSQL, or on none. */
export type Legs = "tls" | "plain";

/** What a peer does when a client logs in: without this, figures of logins cannot be compared. */
export interface PerLogin {
  /** TLS handshakes that the peer takes part in. */
  readonly tls: string;
  /** What it checks of the client. */
  readonly client: string;
  /** What happens at PostgreSQL. */
  readonly server: string;
}

/** How clients log in to a peer. */
export interface Login {
  readonly user: string;
  readonly password: string;
}

/** A peer that takes logins. */
export interface RunningPeer extends AsyncDisposable {
  readonly port: number;
  readonly login: Login;
  /** Its processes; empty for PostgreSQL itself, whose processes are no gateway. */
  readonly pids: readonly number[];
}

/** Something that stands between clients and PostgreSQL, or nothing at all. */
export interface Peer {
  readonly name: string;
  readonly perLogin: PerLogin;
  readonly legs: readonly Legs[];
  /** What to install; undefined when everything is there. */
  missing(): string | undefined;
  start(bed: Bed, legs: Legs): Promise<RunningPeer>;
}
