/** A large organisation's policy: who is in it, what they may do, and the questions that doors ask. */
import type { DatabaseName, RoleName } from "../../src/base/ids.ts";
import type { ClusterConfig } from "../../src/config/schema.ts";
import { clusterSchema } from "../../src/config/schema.ts";
import type { PlacedWish } from "../../src/policy/decision.ts";
import type { User } from "../../src/policy/rbac/attributes.ts";
import type { PolicyObject, TimedBinding } from "../../src/policy/rbac/objects.ts";
import { parsePolicyObject } from "../../src/policy/rbac/parse.ts";

/** How many of each there are. */
export interface Size {
  readonly roles: number;
  readonly bindings: number;
  readonly grants: number;
  readonly namespaces: number;
}

const USERS_A_BINDING = 3;
const GROUPS = 200;
const GROUPS_OF_A_USER = 5;
export const GRANT_UNTIL = 2_000_000;

export function userOf(index: number): User {
  const groups = Array.from(
    { length: GROUPS_OF_A_USER },
    (_, step) => `group-${(index * 7 + step * 31) % GROUPS}`,
  );
  return { name: `https://idp.example:user-${index}`, groups: [...groups, "system:authenticated"] };
}

/** How many people the bindings name. */
export function usersOf({ bindings }: Size): number {
  return Math.max(1, Math.floor(bindings / 2));
}

/** Roles of two rules each, bound to a few people or a group of them in one namespace. */
export function objectsOf(size: Size): PolicyObject[] {
  const roles = Array.from({ length: size.roles }, (_, index) =>
    parsed({ kind: "ClusterRole", metadata: { name: `role-${index}` }, rules: rulesOf(index) }),
  );
  const bindings = Array.from({ length: size.bindings }, (_, index) =>
    parsed({
      kind: "RoleBinding",
      metadata: { name: `binding-${index}`, namespace: namespaceOf(index, size) },
      subjects: subjectsOf(index, size),
      roleRef: { kind: "ClusterRole", name: `role-${index % size.roles}` },
    }),
  );
  return [...roles, ...bindings];
}

export function grantsOf(size: Size): TimedBinding[] {
  return Array.from({ length: size.grants }, (_, index) => {
    const binding = parsed({
      kind: "RoleBinding",
      metadata: { name: `grant-${index}`, namespace: namespaceOf(index, size) },
      subjects: [{ kind: "User", name: userOf(index % usersOf(size)).name }],
      roleRef: { kind: "ClusterRole", name: `role-${index % size.roles}` },
    });
    if (binding.kind !== "RoleBinding") throw new TypeError("a grant is of a binding");
    return { binding, grantId: `g-${index}`, notBefore: 0, until: GRANT_UNTIL };
  });
}

/** One group that has every role in one namespace: the most that can be asked of one look-up. */
export function crowdedObjectsOf(size: Size): PolicyObject[] {
  const everybody = [{ kind: "Group", name: "system:authenticated" }];
  return objectsOf(size).map((object) =>
    object.kind === "RoleBinding"
      ? parsed({ ...object, metadata: { ...object.metadata, namespace: "ns-0" }, subjects: everybody })
      : object,
  );
}

export function namespaceOf(index: number, { namespaces }: Size): string {
  return `ns-${index % namespaces}`;
}

/** What binding `index` gives to its people. */
export function wishOf(index: number, size: Size): PlacedWish {
  const role = index % size.roles;
  return {
    cluster: clusterIn(namespaceOf(index, size)),
    database: `db-${role}` as DatabaseName,
    role: `app_${role}` as RoleName,
    door: "postgres",
    peer: { address: "10.0.0.1", port: 1, tls: true },
    replication: false,
  };
}

const clusters = new Map<string, ClusterConfig>();

function clusterIn(namespace: string): ClusterConfig {
  const cluster =
    clusters.get(namespace) ??
    clusterSchema.parse({ name: "main", namespace, hosts: [{ host: "db" }], login: { method: "trust" } });
  clusters.set(namespace, cluster);
  return cluster;
}

function rulesOf(index: number) {
  const rule = (verb: string, resource: string, name: string) => ({
    verbs: [verb],
    apiGroups: ["postern.dev"],
    resources: [resource],
    resourceNames: [name],
  });
  return [rule("connect", "databases", `main/db-${index}`), rule("assume", "databaseroles", `app_${index}`)];
}

function subjectsOf(index: number, size: Size) {
  if (index % 10 === 0) return [{ kind: "Group", name: `group-${index % GROUPS}` }];
  return Array.from({ length: USERS_A_BINDING }, (_, step) => ({
    kind: "User",
    name: userOf((index + step) % usersOf(size)).name,
  }));
}

function parsed(object: object): PolicyObject {
  const result = parsePolicyObject({ apiVersion: "rbac.authorization.k8s.io/v1", ...object });
  if (result.kind === "object") return result.object;
  throw new TypeError(JSON.stringify(result.faults));
}
