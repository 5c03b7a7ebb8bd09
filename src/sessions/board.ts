/** What this room asks of wherever nodes tell each other of their sessions; src/store answers it. */

/** A process that has sessions. */
export interface Node {
  /** Unlike that of any other process, now and later. */
  readonly id: string;
  /** What people call it: its machine's name. */
  readonly name: string;
}

/** A session as every node sees it. */
export interface BoardSession {
  readonly id: string;
  /** The name of the node that it is on. */
  readonly node: string;
  readonly door: string;
  readonly subject: string;
  readonly username: string;
  readonly cluster: string;
  readonly database: string;
  readonly role: string;
  /** Which rule of the policy said yes. */
  readonly rule: string;
  readonly address: string;
  readonly backendPid: number | undefined;
  /** Milliseconds since the epoch, by the clock of its node. */
  readonly startedAt: number;
  readonly until: number | undefined;
}

/** Every method rejects when it cannot be known what is there. */
export interface SessionBoard {
  /** Says that a node lives. Returns whether the board knew it, and which of its sessions somebody wants ended. */
  beat(node: Node): Promise<{ readonly known: boolean; readonly wanted: readonly string[] }>;
  /** Takes all sessions of a node off. */
  clear(node: Node): Promise<void>;
  /** Enters sessions of a node, or what is new of them. */
  enter(node: Node, sessions: readonly Omit<BoardSession, "node">[]): Promise<void>;
  /** Takes sessions of a node off. */
  leave(node: Node, ids: readonly string[]): Promise<void>;
  /** The sessions of the nodes that live, the newest first; a bounded number. */
  list(): Promise<readonly BoardSession[]>;
  /** Says that a session is to be ended, to its node. Returns whether there is such a session. */
  requestEnd(id: string, by: string): Promise<boolean>;
  /** Takes a node off, with its sessions. */
  remove(node: Node): Promise<void>;
}
