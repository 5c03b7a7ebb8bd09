import { randomBytes } from "node:crypto";
import type { Ask } from "./api.ts";
import { apiOf } from "./api.ts";
import { createStoreDatabase, storeSettings } from "./store.ts";
import type { World, WorldOptions } from "./world.ts";
import { ISSUER, startWorld } from "./world.ts";

const RBAC = "rbac.authorization.k8s.io/v1";
const ADMIN_TOKEN = randomBytes(24).toString("base64url");

/** A gateway that decides by policy objects, which it keeps in a store, together with requests and personal tokens. */
export interface AccessWorld extends World {
  readonly administrator: Ask;
  readonly administratorToken: string;
  readonly nobody: Ask;
  /** Somebody whose token has this `sub` and these groups. */
  as(sub: string, ...groups: string[]): Ask;
  /** Applies an object as the administrator. */
  put(object: PolicyObject): Promise<void>;
}

interface PolicyObject {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly [field: string]: unknown;
}

/** Objects of the tests' namespace `shop`. */
export const role = (name: string, ...rules: object[]): PolicyObject => ({
  apiVersion: RBAC,
  kind: "Role",
  metadata: { name, namespace: "shop" },
  rules,
});
export const bind = (name: string, to: string, ...subjects: object[]): PolicyObject => ({
  apiVersion: RBAC,
  kind: "RoleBinding",
  metadata: { name, namespace: "shop" },
  subjects,
  roleRef: { kind: "Role", name: to },
});
export const offer = (name: string, spec: object): PolicyObject => ({
  apiVersion: "postern.dev/v1",
  kind: "AccessOffer",
  metadata: { name, namespace: "shop" },
  spec,
});

/** A rule about Postern's own resources. */
export const may = (verb: string, resource: string, ...resourceNames: string[]) => ({
  apiGroups: ["postern.dev"],
  resources: [resource],
  resourceNames,
  verbs: [verb],
});
export const user = (sub: string) => ({ kind: "User", name: `${ISSUER}:${sub}` });
export const group = (name: string) => ({ kind: "Group", name });

export async function startAccessWorld(options: WorldOptions = {}): Promise<AccessWorld> {
  const { config, ...others } = options;
  const world = await startWorld({
    cluster: { namespace: "shop", decide: { mode: "rbac" } },
    issuer: { groupsClaim: "$.groups" },
    ...others,
    config: async (postgres) => {
      await createStoreDatabase(postgres);
      return {
        store: storeSettings(postgres),
        personalTokens: { key: randomBytes(32).toString("base64") },
        admin: { port: 0, token: ADMIN_TOKEN },
        ...(typeof config === "function" ? await config(postgres) : config),
      };
    },
  });
  const administrator = apiOf(world.gateway, ADMIN_TOKEN);
  return {
    ...world,
    administrator,
    administratorToken: ADMIN_TOKEN,
    nobody: apiOf(world.gateway),
    as: (sub, ...groups) => apiOf(world.gateway, world.token(sub, { groups })),
    put: async (object) => {
      const { kind, metadata } = object;
      const space = metadata.namespace === undefined ? "" : `/namespaces/${metadata.namespace}`;
      const path = `${space}/${kind.toLowerCase()}s`;
      const replaced = await administrator("PUT", `${path}/${metadata.name}`, object);
      if (replaced.status === 200) return;
      const created = await administrator("POST", path, object);
      if (created.status !== 201) throw new Error(JSON.stringify(created.body));
    },
  };
}

/** Lets engineers ask for role `writer` of the policy, and leads approve it. */
export async function putWriteOffer(world: Pick<AccessWorld, "put">): Promise<void> {
  await world.put(role("approver", may("approve", "accessrequests")));
  await world.put(bind("leads", "approver", group("leads")));
  await world.put(
    offer("write", {
      role: { kind: "Role", name: "writer" },
      requesters: [group("engineers")],
      maxDuration: "1h",
      approvals: { by: [group("leads")] },
    }),
  );
}
