/** What is read of a running Postern at the moment of a scrape. */
export interface Readings {
  readonly draining: boolean;
  /** Connections before the end of their login. */
  readonly unauthenticated: number;
  /** Bytes of the sessions that are live; those of ended ones came with their events. */
  readonly liveBytes: { readonly fromClient: number; readonly toClient: number };
  readonly hosts: readonly { readonly cluster: string; readonly host: string; readonly up: boolean }[];
  /** What the REST door's pool is doing; none without that door. */
  readonly pool: PoolReading | undefined;
  /** Names of the issuers that are configured now. */
  readonly issuers: readonly string[];
}

export interface PoolReading {
  readonly busy: number;
  readonly idle: number;
  readonly opening: number;
  /** Requests that wait for a connection. */
  readonly waiting: number;
  /** Requests that waited in vain, since the configuration was put in force. */
  readonly timeouts: number;
}

/** What is kept of the events until a scrape makes numbers of it. */
export interface Tally {
  /** Issuer → when its keys were last loaded. */
  readonly keysLoadedAt: Map<string, number>;
  /** Bytes of sessions that have ended. */
  readonly endedBytes: { fromClient: number; toClient: number };
}
