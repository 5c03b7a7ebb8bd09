import type { IssuerConfig } from "../config/schema.ts";
import { administrator } from "../identity/administrator.ts";
import { anonymous } from "../identity/anonymous.ts";
import type { User } from "../policy/rbac/attributes.ts";
import { userOf } from "../policy/rbac/user.ts";

/** Somebody, as a credential of theirs proved them once. */
export interface Named {
  /** The `iss` claim, or the issuer's configured name when tokens carry none. Empty for Postern's own identities. */
  readonly issuer: string;
  readonly subject: string;
  readonly username: string;
  readonly groups: readonly string[];
}

/** Kubernetes' own name of those whom no policy binds. */
export const ADMINISTRATOR: User = { name: "system:administrator", groups: ["system:masters"] };

/** Under which names policy knows people: that is for their issuer's configuration to say, and may change. */
export class Naming {
  readonly #trust: ReadonlyMap<string, Pick<IssuerConfig, "trustUsernames" | "kubernetes">>;

  constructor(issuers: readonly IssuerConfig[]) {
    this.#trust = new Map(issuers.map((config) => [config.issuer ?? config.name, config]));
  }

  userOf({ issuer, subject, username, groups }: Named): User {
    // No token can say an empty `iss`, so that these two cannot be anybody else.
    if (issuer === administrator.issuer && subject === administrator.subject) return ADMINISTRATOR;
    const proof = issuer === anonymous.issuer ? "none" : { issuer };
    // Of an issuer that is configured no more nothing is trusted but that it said so then.
    const trust = this.#trust.get(issuer) ?? { trustUsernames: false, kubernetes: false };
    return userOf({ issuer, subject, username, groups, claims: {}, proof }, trust);
  }
}
