/** Policy objects and access offers: the same five routes for each kind, at the paths that Kubernetes has. */
import { z } from "zod";
import type { KindFacts } from "../../../../access/object-kinds.ts";
import { KINDS } from "../../../../access/object-kinds.ts";
import type { Act } from "../../../../access/operator.ts";
import type { Route } from "../route.ts";
import { route } from "../route.ts";
import { namespace, objectName } from "../values.ts";

const object = z.record(z.string(), z.unknown()).meta({ title: "Object" });
const shown = z.object({
  source: z.enum(["file", "store"]).describe("What a file has can be changed only there."),
  object: object.describe("As it was written, with its `resourceVersion`."),
});
const list = z.object({ items: z.array(shown) });

/** What the API tells about an object of policy, for its clients. */
export type ObjectAnswer = z.output<typeof shown>;

/** Who names a place: nobody for all namespaces, or a kind that has none. */
type Place = { readonly namespace?: string | undefined; readonly name?: string };

export const policyRoutes: readonly Route[] = Object.values(KINDS).flatMap(routesOf);

function routesOf(facts: KindFacts): Route[] {
  const { kind, resource, namespaced, apiGroup } = facts;
  const place = z.object({ namespace: namespaced ? namespace : z.undefined().optional() });
  const one = place.extend({ name: objectName });
  const path = namespaced ? (`/namespaces/{namespace}/${resource}` as const) : (`/${resource}` as const);
  const act = (verb: string) => ({
    kind: "permission" as const,
    act: ({ namespace: space, name }: Place): Act => ({ verb, apiGroup, resource, namespace: space, name }),
  });
  const tag = "policy";
  const everywhere = route({
    method: "GET",
    path: `/${resource}`,
    id: `listAll${kind}s`,
    summary: `Every ${kind}, of all namespaces.`,
    tag,
    need: { kind: "permission", act: () => ({ verb: "list", apiGroup, resource }) },
    answer: list,
    handle: async (_, __, { policy }) => ({ items: [...policy.list(facts, undefined)] }),
  });
  return [
    ...(namespaced ? [everywhere] : []),
    route({
      method: "GET",
      path,
      id: `list${kind}s`,
      summary: `Every ${kind}${namespaced ? " of a namespace" : ""}.`,
      tag,
      params: place,
      need: act("list"),
      answer: list,
      handle: async (_, { params }, { policy }) => ({ items: [...policy.list(facts, params.namespace)] }),
    }),
    route({
      method: "GET",
      path: `${path}/{name}`,
      id: `get${kind}`,
      summary: `One ${kind}.`,
      tag,
      params: one,
      need: act("get"),
      answer: shown,
      handle: async (_, { params }, { policy }) => policy.get(facts, params.namespace, params.name),
    }),
    route({
      method: "POST",
      path,
      id: `create${kind}`,
      summary: `Makes a ${kind}. It can give no more than its maker holds.`,
      tag,
      status: 201,
      params: place,
      need: act("create"),
      body: object,
      answer: shown,
      handle: (operator, { params, body }, { policy }) =>
        policy.create(operator, facts, params.namespace, body),
    }),
    route({
      method: "PUT",
      path: `${path}/{name}`,
      id: `replace${kind}`,
      summary: `Replaces a ${kind}; with a \`resourceVersion\` in it, only that state of it.`,
      tag,
      params: one,
      need: act("update"),
      body: object,
      answer: shown,
      handle: (operator, { params, body }, { policy }) =>
        policy.replace(operator, facts, params.namespace, params.name, body),
    }),
    route({
      method: "DELETE",
      path: `${path}/{name}`,
      id: `delete${kind}`,
      summary: `Deletes a ${kind}, and ends the sessions that have no right any more.`,
      tag,
      params: one,
      need: act("delete"),
      handle: (operator, { params }, { policy }) =>
        policy.delete(operator, facts, params.namespace, params.name),
    }),
  ];
}
