/** What people write as policy, checked as the Kubernetes API server checks it, and bounded. */
import { z } from "zod";
import type { PolicyObject } from "./objects.ts";
import { RBAC_GROUP, RBAC_VERSION } from "./objects.ts";
import { metadata, namespace, namespacedMetadata, pathSegment, selector } from "./schema-metadata.ts";
import { list, text } from "./schema-values.ts";

/** The most rules of a role: beyond, nobody can say any more what it permits. */
const MAX_RULES = 1000;
/** The most subjects of a binding. Who has more people than that has a group. */
const MAX_SUBJECTS = 1000;
/** The most selectors of an aggregation rule. */
const MAX_SELECTORS = 100;
/** The most single rights (verb × API group × resource × name) of one role: the check for escalation looks at each. */
const MAX_RIGHTS = 20_000;

const ruleShape = z.strictObject({
  verbs: list(text),
  apiGroups: list(text.or(z.literal(""))),
  resources: list(text),
  resourceNames: list(text.or(z.literal(""))),
  nonResourceURLs: list(text),
});
type Rule = z.output<typeof ruleShape>;

/** One kind of rule at a time, and none that could never match (pkg/apis/rbac/validation in Kubernetes). */
const rule = ruleShape.superRefine((value, context) => {
  const fault = (path: string, message: string) =>
    context.addIssue({ code: "custom", message, path: [path] });
  if (value.verbs.length === 0) fault("verbs", "is empty; name at least one verb");
  if (value.nonResourceURLs.length > 0) {
    if (value.apiGroups.length + value.resources.length + value.resourceNames.length > 0)
      fault("nonResourceURLs", "cannot stand beside resources; write a rule for each");
    return;
  }
  if (value.apiGroups.length === 0) fault("apiGroups", 'is empty; name at least one, such as "postern.dev"');
  if (value.resources.length === 0) fault("resources", "is empty; name at least one resource");
});

function rightsOf({ verbs, apiGroups, resources, resourceNames, nonResourceURLs }: Rule): number {
  const resourceRights = apiGroups.length * resources.length * Math.max(1, resourceNames.length);
  return verbs.length * (resourceRights + nonResourceURLs.length);
}

const rules = list(rule, MAX_RULES).refine(
  (all) => all.reduce((sum, one) => sum + rightsOf(one), 0) <= MAX_RIGHTS,
  `give more than ${MAX_RIGHTS} single rights (verb × group × resource × name); use wildcards or several roles`,
);

/** A Role belongs to a namespace, and a path to none. */
const namespacedRules = rules.superRefine((all, context) => {
  all.forEach(({ nonResourceURLs }, index) => {
    if (nonResourceURLs.length === 0) return;
    const message = "belongs to no namespace; write it in a ClusterRole";
    context.addIssue({ code: "custom", message, path: [index, "nonResourceURLs"] });
  });
});

const rbacGroup = z
  .union([z.literal(RBAC_GROUP), z.literal("")])
  .nullish()
  .transform(() => RBAC_GROUP as typeof RBAC_GROUP);

const serviceAccount = z.strictObject({
  kind: z.literal("ServiceAccount"),
  apiGroup: z.literal("").nullish(),
  name: text.regex(
    /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/,
    "is not a service account's name; write lower-case letters, digits, `-` and `.`",
  ),
  namespace: namespace.or(z.literal("")).nullish(),
});

/** Kubernetes takes a namespace here, too, and gives it no meaning. A right that looks narrower than it is misleads. */
const nobodysNamespace = z.literal("", "has no meaning for users and groups; leave it out").nullish();

export const subject = z
  .discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("User"), apiGroup: rbacGroup, name: text, namespace: nobodysNamespace }),
    z.strictObject({
      kind: z.literal("Group"),
      apiGroup: rbacGroup,
      name: text,
      namespace: nobodysNamespace,
    }),
    serviceAccount,
  ])
  .transform((value) => {
    const { kind, name, namespace } = value;
    if (kind !== "ServiceAccount") return { kind, apiGroup: RBAC_GROUP, name } as const;
    return namespace ? { kind, name, namespace } : { kind, name };
  });

const placedSubject = subject.superRefine((value, context) => {
  if (value.kind === "ServiceAccount" && value.namespace === undefined)
    context.addIssue({
      code: "custom",
      message: "is missing; a ClusterRoleBinding has no namespace that could be meant",
      path: ["namespace"],
    });
});

const apiVersion = z.literal(RBAC_VERSION);
const roleRef = z.strictObject({
  apiGroup: rbacGroup,
  kind: z.enum(["Role", "ClusterRole"]),
  name: pathSegment,
});

const role = z.strictObject({
  apiVersion,
  kind: z.literal("Role"),
  metadata: namespacedMetadata,
  rules: namespacedRules,
});

const clusterRole = z
  .strictObject({
    apiVersion,
    kind: z.literal("ClusterRole"),
    metadata,
    rules,
    aggregationRule: z
      .strictObject({
        clusterRoleSelectors: list(selector, MAX_SELECTORS).refine(
          (selectors) => selectors.length > 0,
          "is empty; name at least one selector",
        ),
      })
      .nullish(),
  })
  .transform(({ aggregationRule, ...rest }) => (aggregationRule ? { ...rest, aggregationRule } : rest));

const roleBinding = z.strictObject({
  apiVersion,
  kind: z.literal("RoleBinding"),
  metadata: namespacedMetadata,
  subjects: list(subject, MAX_SUBJECTS),
  roleRef,
});

const clusterRoleBinding = z.strictObject({
  apiVersion,
  kind: z.literal("ClusterRoleBinding"),
  metadata,
  subjects: list(placedSubject, MAX_SUBJECTS),
  roleRef: roleRef.extend({ kind: z.literal("ClusterRole") }),
});

/** Any policy object. What comes out has every default filled in and no null. */
export const policyObjectSchema: z.ZodType<PolicyObject> = z.discriminatedUnion("kind", [
  role,
  clusterRole,
  roleBinding,
  clusterRoleBinding,
]);
