import { subjectId } from "../base/ids.ts";
import { issuerIdentifier } from "../config/issuer-identifier.ts";
import type { IssuerConfig } from "../config/schema.ts";
import { administrator } from "../identity/administrator.ts";
import { anonymous } from "../identity/anonymous.ts";
import type { User } from "../policy/rbac/attributes.ts";
import type { IssuerTrust } from "../policy/rbac/user.ts";
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
export const ADMINISTRATOR: User = {
  name: "system:administrator",
  groups: ["system:masters"],
  id: administrator.id,
};

/** Under which names policy knows people: that is for their issuer's configuration to say, and may change. */
export class Naming {
  readonly #trust: ReadonlyMap<string, IssuerTrust>;
  /** Of an issuer that is configured no more nothing is trusted but that it said so then. */
  readonly #unknown: IssuerTrust;

  constructor(issuers: readonly IssuerConfig[]) {
    const known = issuers.map((config) => ({ config, key: issuerIdentifier(config) }));
    const foreignTo = (key: string | undefined) =>
      known.filter((other) => other.key !== key).map((other) => `${other.key}:`);
    this.#trust = new Map(
      known.map(({ config, key }) => {
        const { trustUsernames, kubernetes, usernamePrefix, groupsPrefix } = config;
        return [key, { trustUsernames, kubernetes, usernamePrefix, groupsPrefix, foreign: foreignTo(key) }];
      }),
    );
    this.#unknown = {
      trustUsernames: false,
      kubernetes: false,
      usernamePrefix: "",
      groupsPrefix: "",
      foreign: foreignTo(undefined),
    };
  }

  /** Whether identities of this issuer can come. */
  knows(issuer: string): boolean {
    return this.#trust.has(issuer);
  }

  userOf({ issuer, subject, username, groups }: Named): User {
    // No token can say an empty `iss`, so that these two cannot be anybody else.
    if (issuer === administrator.issuer && subject === administrator.subject) return ADMINISTRATOR;
    const proof = issuer === anonymous.issuer ? "none" : { issuer };
    const trust = this.#trust.get(issuer) ?? this.#unknown;
    const identity = { issuer, subject, username, groups, claims: {}, proof } as const;
    const user = userOf(identity, isColleagues(identity) ? { ...trust, trustUsernames: false } : trust);
    return { ...user, id: subjectId(issuer, subject) };
  }
}

/** Whether a username reads as somebody else of the same issuer, who is called so without trusted names; others' are foreign. */
function isColleagues({ issuer, username }: Named): boolean {
  return username.startsWith(`${issuer}:`);
}
