/** Servers (with trust and role) whose last session is kept. */
const MAX_SESSIONS = 1024;

interface Kept {
  readonly session: Buffer;
  /** Of the certificate that the server showed in the full handshake; a resumed one shows none. */
  readonly endPoint: Buffer | undefined;
}

/**
 * TLS sessions to resume (RFC 8446 §2.2). PostgreSQL itself issues no tickets; poolers and TLS terminators in front of
 * it do, and save the public-key work then.
 */
export class TlsSessions {
  readonly #kept = new Map<string, Kept>();

  /** The last session of this server. A TLS 1.3 ticket is used once (RFC 8446 appendix C.4). */
  take(key: string): Kept | undefined {
    const kept = this.#kept.get(key);
    this.#kept.delete(key);
    return kept;
  }

  /** Keeps a session that a server gave. */
  keep(key: string, kept: Kept): void {
    if (this.#kept.size >= MAX_SESSIONS) this.#kept.clear();
    this.#kept.set(key, kept);
  }
}
