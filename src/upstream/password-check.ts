import type { Clock } from "../base/clock.ts";
import { messageOf } from "../base/error.ts";
import type { DatabaseName, RoleName } from "../base/ids.ts";
import type { Secret } from "../base/secret.ts";
import { parseAuthentication } from "../protocol/backend-messages.ts";
import { startupMessage } from "../protocol/client-messages.ts";
import { network } from "../wire/network.ts";
import type { Address } from "../wire/wire.ts";
import { Attempt } from "./attempt.ts";
import { authenticate } from "./authentication.ts";
import { Channel } from "./channel.ts";
import { UpstreamError, UpstreamRefused } from "./errors.ts";
import { parsed, unexpected } from "./expect.ts";
import { firstMessage } from "./protocol-version.ts";
import { ScramKeyCache } from "./scram-key-cache.ts";

/** Whose password is checked, and where. */
export interface PasswordQuestion {
  /** A server on this machine: there is no TLS. */
  readonly address: Address;
  readonly role: RoleName;
  /** Chooses the line of pg_hba.conf; the database itself is never reached and need not exist. */
  readonly database: DatabaseName;
  readonly password: Secret;
  readonly timeoutMs: number;
}

export type PasswordCheck =
  | { readonly kind: "right" }
  | { readonly kind: "wrong" }
  | { readonly kind: "unknown"; readonly detail: string };

/** The server's own word for a password that is not right (invalid_password). */
const INVALID_PASSWORD = "28P01";

/**
 * Asks a server whether a password is right, by SCRAM alone: the server never sees it, and proves that it knows it too.
 * Right is what ends in AuthenticationOk; nothing is read from an error but its SQLSTATE. A line that trusts everybody
 * or that asks PAM again would say nothing about the password, so both are no answer.
 */
export async function checkPassword(question: PasswordQuestion, clock: Clock): Promise<PasswordCheck> {
  const { address, role, database, password, timeoutMs } = question;
  const attempt = new Attempt(clock, timeoutMs, undefined);
  try {
    const { wire, opened } = network.dial(address);
    attempt.hold(wire);
    await attempt.wait(opened);
    const channel = new Channel(wire);
    channel.send(
      startupMessage(
        new Map<string, string>([
          ["user", role],
          ["database", database],
        ]),
        0,
      ),
    );
    const first = await firstMessage(channel, attempt, 0);
    if (first.type !== "R") throw unexpected(first);
    if (parsed(parseAuthentication, first.body).kind !== "sasl")
      throw new UpstreamError("upstream/authentication", "its line of pg_hba.conf is not scram-sha-256");
    const keys = new ScramKeyCache();
    const protection = { kind: "none" } as const;
    await authenticate(
      { channel, attempt, protection, channelBinding: "disable", role, password, keys },
      first,
    );
    return { kind: "right" };
  } catch (error) {
    if (error instanceof UpstreamRefused && error.sqlstate === INVALID_PASSWORD) return { kind: "wrong" };
    return { kind: "unknown", detail: messageOf(error) };
  } finally {
    attempt.discard();
  }
}
