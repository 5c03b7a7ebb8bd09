import type { Bearer } from "../decision.ts";
import type { User } from "./attributes.ts";

/** How far the issuer of an identity is trusted with names. */
export interface IssuerTrust {
  /** Whether its usernames are the names of users; otherwise users are called `<issuer>:<subject>`. */
  readonly trustUsernames: boolean;
  /** Whether it is a Kubernetes cluster, whose service accounts have names of their own. */
  readonly kubernetes: boolean;
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
function nameOf({ issuer, subject, username }: Bearer, { trustUsernames, kubernetes }: IssuerTrust): string {
  const qualified = `${issuer}:${subject}`;
  const names = trustUsernames ? [username, qualified] : [qualified];
  return names.find((name) => kubernetes || !name.startsWith(RESERVED)) ?? NOBODY;
}

function groupsOf(
  { groups }: Bearer,
  { kubernetes }: IssuerTrust,
  inherent: readonly string[] = [],
): string[] {
  const claimed = groups.filter((group) => kubernetes || !group.startsWith(RESERVED));
  return [...new Set([...claimed, ...inherent, "system:authenticated"])];
}
