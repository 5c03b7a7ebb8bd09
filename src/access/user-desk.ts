/**
 * Users, for operators: who there is, and shutting one out at every door. Nobody disables themselves, and who is disabled
 * does nothing here, so that somebody is always left who can undo it; the administrator's token of the configuration is
 * nobody's, and cannot be disabled.
 */

import type { Clock } from "../base/clock.ts";
import { doneBy } from "../base/deed.ts";
import { subjectId } from "../base/ids.ts";
import { type Announce, type Notice, noticeOf } from "../base/notice.ts";
import type {
  UserChange,
  UserChanged,
  UserFilter,
  UserKey,
  UserRecord,
  UserTable,
} from "../identity/users/port.ts";
import { refused } from "./denied.ts";
import type { Naming } from "./naming.ts";
import type { Operator } from "./operator.ts";
import { mustBeRecorded, type Recorded } from "./recording.ts";

interface DeskParts {
  /** None where there is no store. */
  readonly stored: { readonly table: UserTable; readonly refresh: () => Promise<void> } | undefined;
  readonly naming: Pick<Naming, "knows">;
  readonly clock: Clock;
  readonly announce: Announce;
  readonly recorded: Recorded;
}

export class UserDesk {
  readonly #parts: DeskParts;

  constructor(parts: DeskParts) {
    this.#parts = parts;
  }

  /** Those who were seen last come first. @throws Refused, or an error of the store */
  list(filter: UserFilter): Promise<readonly UserRecord[]> {
    return this.#kept().table.list(filter);
  }

  /** @throws Refused, or an error of the store */
  async get(user: UserKey): Promise<UserRecord> {
    const record = await this.#kept().table.get(user);
    return record ?? notFound(user);
  }

  /**
   * Shuts somebody out, and ends what they have running on every node. They need not have been seen, but their issuer has
   * to be one of ours: with a slip in its name, nobody would be disabled. @throws Refused, or an error of the store
   */
  async disable(operator: Operator, user: UserKey, reason: string): Promise<UserRecord> {
    const { identity } = operator;
    if (user.issuer === identity.issuer && user.subject === identity.subject)
      throw refused("access/user-self", `${identity.id} is who asks`);
    const unseen = this.#parts.naming.knows(user.issuer);
    const notices = [this.#notice("user.disabled.v1", operator, user, reason)];
    const change = { user, actor: identity, notices };
    return this.#done(change, await this.#kept().table.disable(change, reason, unseen), true);
  }

  /** @throws Refused, or an error of the store */
  async enable(operator: Operator, user: UserKey, reason: string): Promise<UserRecord> {
    const notices = [this.#notice("user.enabled.v1", operator, user, reason)];
    const change = { user, actor: operator.identity, notices };
    return this.#done(change, await this.#kept().table.enable(change), false);
  }

  #notice(
    event: "user.disabled.v1" | "user.enabled.v1",
    { identity }: Operator,
    { issuer, subject }: UserKey,
    reason: string,
  ): Notice {
    const who = { issuer, subject: subjectId(issuer, subject) };
    return noticeOf({ event, ...doneBy(identity), ...who, reason }, this.#parts.clock.now());
  }

  async #done(
    { user, actor, notices }: UserChange,
    changed: UserChanged,
    disabled: boolean,
  ): Promise<UserRecord> {
    if (changed.kind === "not-found") return notFound(user);
    if (changed.kind === "actor-disabled") throw refused("access/user-disabled", `${actor.id} is disabled`);
    if (changed.before !== disabled) this.#parts.announce(notices);
    await this.#kept().refresh();
    await mustBeRecorded(this.#parts.recorded);
    return changed.record;
  }

  #kept(): NonNullable<DeskParts["stored"]> {
    const { stored } = this.#parts;
    if (stored === undefined) throw refused("access/no-store", "users are kept in the store");
    return stored;
  }
}

function notFound({ issuer, subject }: UserKey): never {
  throw refused("access/user-not-found", subjectId(issuer, subject));
}
