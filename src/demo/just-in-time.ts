/** Access for a while, in the demo: its policy, and a request that waits for somebody's answer. */
import { stringify } from "yaml";

/** A second cluster of the same server, where policy decides instead of the token. */
export const POLICY_CLUSTER = "onrequest";
const NAMESPACE = "demo";
const OFFER = "shop-owner";
/** Whom the demo has ask at its start. */
export const REQUESTER = "ben";
export const APPROVER = "cleo";
/** What an approved request makes its requester. */
export const OFFERED_ROLE = "shop_owner";

const RBAC = "rbac.authorization.k8s.io/v1";
const GROUP = "postern.dev";

/** Everybody may connect, engineers may ask to be the owner, leads may say yes. */
export function policyText(): string {
  const metadata = (name: string) => ({ name, namespace: NAMESPACE });
  const role = (name: string, verb: string, resource: string, resourceName: string) => ({
    apiVersion: RBAC,
    kind: "Role",
    metadata: metadata(name),
    rules: [{ verbs: [verb], apiGroups: [GROUP], resources: [resource], resourceNames: [resourceName] }],
  });
  const bound = (name: string, group: string) => ({
    apiVersion: RBAC,
    kind: "RoleBinding",
    metadata: metadata(name),
    subjects: [{ kind: "Group", name: group }],
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name },
  });
  const objects = [
    role("connect", "connect", "databases", `${POLICY_CLUSTER}/shop`),
    bound("connect", "system:authenticated"),
    role(OFFER, "assume", "databaseroles", OFFERED_ROLE),
    role("approve", "approve", "accessrequests", OFFER),
    bound("approve", "leads"),
    {
      apiVersion: `${GROUP}/v1`,
      kind: "AccessOffer",
      metadata: metadata(OFFER),
      spec: {
        description: "Own the shop for a while",
        role: { kind: "Role", name: OFFER },
        requesters: [{ kind: "Group", name: "engineers" }],
        maxDuration: "1h",
        approvals: { count: 1, by: [{ kind: "Group", name: "leads" }] },
      },
    },
  ];
  return objects.map((object) => stringify(object)).join("---\n");
}

/** The cluster's part of the configuration, beside where the server is. */
export function policyCluster(server: object): object {
  return { name: POLICY_CLUSTER, namespace: NAMESPACE, ...server, decide: { mode: "rbac" } };
}

/** What the API says that the demo shows. */
interface Asked {
  readonly id: string;
  readonly offer: string;
}

/**
 * The id of a request that waits or is granted already: of the last start, or a new one.
 * @param token of the requester
 */
export async function requestOf(port: number, token: string): Promise<string> {
  const api = `http://127.0.0.1:${port}/api/v1`;
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const answer = async (path: string, init: RequestInit = {}) => {
    const response = await fetch(`${api}${path}`, { headers, ...init });
    if (!response.ok) throw new Error(`the demo's request failed: ${await response.text()}`);
    return response.json();
  };
  const open = (await answer("/accessrequests?mine=true")) as { readonly items: readonly Asked[] };
  const found = open.items.find(({ offer }) => offer === OFFER);
  if (found !== undefined) return found.id;
  const body = JSON.stringify({ offer: OFFER, duration: "30m", reason: "ticket 4711: prices are wrong" });
  const asked = await answer(`/namespaces/${NAMESPACE}/accessrequests`, { method: "POST", body });
  return (asked as Asked).id;
}
