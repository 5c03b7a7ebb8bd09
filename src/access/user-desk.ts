/**
 * Users, for operators: who there is, and shutting one out at every door. Nobody disables themselves, and who is disabled
 * does nothing here, so that somebody is always left who can undo it; the administrator's token of the configuration is
 * nobody's, and cannot be disabled.
 */
import type { Observe } from "../base/event.ts";
import { subjectId } from "../base/ids.ts";
import type { UserChanged, UserFilter, UserKey, UserRecord, UserTable } from "../identity/users/port.ts";
import { refused } from "./denied.ts";
import type { Naming } from "./naming.ts";
import type { Operator } from "./operator.ts";

interface DeskParts {
  /** None where there is no store. */
  readonly stored: { readonly table: UserTable; readonly refresh: () => Promise<void> } | undefined;
  readonly naming: Pick<Naming, "knows">;
  readonly observe: Observe;
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
    const changed = await this.#kept().table.disable({ user, actor: identity }, reason, unseen);
    return this.#done(operator, user, changed, { to: true, reason });
  }

  /** @throws Refused, or an error of the store */
  async enable(operator: Operator, user: UserKey, reason: string): Promise<UserRecord> {
    const changed = await this.#kept().table.enable({ user, actor: operator.identity });
    return this.#done(operator, user, changed, { to: false, reason });
  }

  async #done(
    { identity }: Operator,
    user: UserKey,
    changed: UserChanged,
    { to, reason }: { readonly to: boolean; readonly reason: string },
  ): Promise<UserRecord> {
    if (changed.kind === "not-found") return notFound(user);
    if (changed.kind === "actor-disabled")
      throw refused("access/user-disabled", `${identity.id} is disabled`);
    const who = { issuer: user.issuer, subject: subjectId(user.issuer, user.subject) };
    const event = to ? ("user.disabled.v1" as const) : ("user.enabled.v1" as const);
    if (changed.before !== to) this.#parts.observe({ event, actor: identity.id, ...who, reason });
    await this.#kept().refresh();
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
