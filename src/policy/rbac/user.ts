import type { Bearer } from "../decision.ts";
import type { User } from "./attributes.ts";

/** How far the issuer of an identity is trusted with names. */
export interface IssuerTrust {
  /** Whether its usernames are the names of users; otherwise users are called `<issuer>:<subject>`. */
  readonly trustUsernames: boolean;
  /** Whether it is a Kubernetes cluster, whose service accounts have names of their own. */
  readonly kubernetes: boolean;
  /** Stands before each of its usernames and groups, so that no other issuer can say the same. Empty: nothing does. */
  readonly usernamePrefix: string;
  readonly groupsPrefix: string;
  /** How the names of other issuers' identities begin: nobody's username may look like one. */
  readonly foreign: readonly string[];
}

/** Names that only Kubernetes and Postern give ("Referring to subjects" in Kubernetes' documentation). */
const RESERVED = "system:";

const SERVICE_ACCOUNT =
  /^system:serviceaccount:(?<namespace>[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?):[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/;

/** No subject can be called that: such a user has the rights of its groups and no others. */
const NOBODY = "";

/**
 * The user that an identity is to policy. Names and groups that begin with `system:` mean something only when a
 * Kubernetes issuer says them; from anybody else a claim would be enough to be `system:masters`.
 */
export function userOf(identity: Bearer, trust: IssuerTrust): User {
  if (identity.proof === "none") return { name: "system:anonymous", groups: ["system:unauthenticated"] };
  const account = trust.kubernetes ? SERVICE_ACCOUNT.exec(identity.subject)?.groups : undefined;
  if (account === undefined) return { name: nameOf(identity, trust), groups: groupsOf(identity, trust) };
  const inherent = ["system:serviceaccounts", `system:serviceaccounts:${account["namespace"]}`];
  return { name: identity.subject, groups: groupsOf(identity, trust, inherent) };
}

/** An issuer that calls itself `system` must not be able to write a service account's name either. */
function nameOf({ issuer, subject, username }: Bearer, trust: IssuerTrust): string {
  const { trustUsernames, kubernetes, usernamePrefix, foreign } = trust;
  const qualified = `${issuer}:${subject}`;
  const names = trustUsernames ? [usernamePrefix + username, qualified] : [qualified];
  const usable = (name: string) =>
    (kubernetes || !name.startsWith(RESERVED)) && !foreign.some((other) => name.startsWith(other));
  return names.find(usable) ?? NOBODY;
}

function groupsOf(
  { groups }: Bearer,
  { kubernetes, groupsPrefix }: IssuerTrust,
  inherent: readonly string[] = [],
): string[] {
  const prefixed = groups.map((group) => groupsPrefix + group);
  const claimed = prefixed.filter((group) => kubernetes || !group.startsWith(RESERVED));
  return [...new Set([...claimed, ...inherent, "system:authenticated"])];
}
