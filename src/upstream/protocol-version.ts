/**
 * Which protocol is spoken with a server: 3.2 where it can (PostgreSQL 18), for its cancel keys that nobody guesses, and
 * 3.0 otherwise ("Frontend/Backend Protocol", "Protocol Versions").
 */
import type { BackendMessage } from "../protocol/backend.ts";
import { parseNegotiation } from "../protocol/backend-messages.ts";
import type { Address } from "../wire/wire.ts";
import type { Attempt } from "./attempt.ts";
import type { Channel } from "./channel.ts";
import { UpstreamError, UpstreamRefused } from "./errors.ts";
import { nextMessage, parsed } from "./expect.ts";

/** The minor version of protocol 3. */
export type ProtocolMinor = 0 | 2;

/** The server refused the version that was asked for, before anything else. */
export class VersionRefused extends Error {}

/** How old servers and poolers say that they do not know the version: 0A000 and 08P01. */
const UNKNOWN_VERSION = new Set(["0A000", "08P01"]);

/**
 * The server's first message about the login itself: a version that it negotiates down is taken before
 * (NegotiateProtocolVersion).
 * @throws VersionRefused, UpstreamRefused, UpstreamError
 */
export async function firstMessage(
  channel: Channel,
  attempt: Attempt,
  minor: ProtocolMinor,
): Promise<BackendMessage> {
  try {
    const message = await nextMessage(channel, attempt);
    if (message.type !== "v" || minor === 0) return message;
    const spoken = parsed(parseNegotiation, message.body);
    if (spoken.minor > minor || spoken.unknownOptions > 0)
      throw new UpstreamError("upstream/protocol", "the server negotiates what was not asked for");
  } catch (error) {
    if (minor > 0 && error instanceof UpstreamRefused && UNKNOWN_VERSION.has(error.sqlstate))
      throw new VersionRefused(error.message, { cause: error });
    throw error;
  }
  return await nextMessage(channel, attempt);
}

/** A server that was upgraded is asked for the newer version again after this long. */
const REMEMBER_MS = 10 * 60_000;
/** Addresses remembered; more only cost a connection that is refused. */
const MAX_ADDRESSES = 1024;

/** Servers that refused the newer version. */
export class ProtocolVersions {
  readonly #old = new Map<string, number>();

  /** The versions to try, in order. */
  toTry(address: Address, now: number): readonly ProtocolMinor[] {
    return (this.#old.get(JSON.stringify(address)) ?? 0) > now ? [0] : [2, 0];
  }

  refused(address: Address, now: number): void {
    if (this.#old.size >= MAX_ADDRESSES) this.#old.clear();
    this.#old.set(JSON.stringify(address), now + REMEMBER_MS);
  }
}
