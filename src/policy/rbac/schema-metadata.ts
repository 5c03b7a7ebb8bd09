/** `metadata` of policy objects, and the labels that selectors look at. */
import { z } from "zod";
import { list, text } from "./schema-values.ts";

/** The most labels of an object. Selectors look at each. */
const MAX_LABELS = 100;
/** Kubernetes' own limit on all annotations of an object together. */
const MAX_ANNOTATION_BYTES = 256 * 1024;

/** An object's name: whatever fits one segment of a path, as Kubernetes has it for RBAC (`system:node`, `Ops (EU)`). */
export const pathSegment = text
  .max(253)
  .refine(
    (name) => name !== "." && name !== ".." && !/[/%]/.test(name),
    "cannot be a name; it must not hold `/` or `%`, nor be `.` or `..`",
  );

/** RFC 1123 label. */
export const namespace = z
  .string()
  .regex(
    /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/,
    "is not a namespace; write lower-case letters, digits and `-`, at most 63",
  );

const LABEL_NAME = "[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?";
const LABEL_PREFIX = "[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?";

/** `name` or `prefix/name` ("Labels and Selectors", "Syntax and character set" in Kubernetes' documentation). */
const labelKey = z
  .string()
  .regex(
    new RegExp(`^(?:${LABEL_PREFIX}/)?${LABEL_NAME}$`),
    "is not a label's key; write `name` or `prefix/name`",
  );
const labelValue = z
  .string()
  .regex(
    new RegExp(`^(?:${LABEL_NAME})?$`),
    "is not a label's value; write at most 63 letters, digits, `-`, `_` and `.`",
  );

const labels = z
  .record(labelKey, labelValue)
  .nullish()
  .transform((value) => value ?? {})
  .refine((value) => Object.keys(value).length <= MAX_LABELS, `has more than ${MAX_LABELS} labels`);

const annotations = z
  .record(labelKey, z.string())
  .nullish()
  .transform((value) => value ?? {})
  .refine(
    (value) => JSON.stringify(value).length <= MAX_ANNOTATION_BYTES,
    `takes more than ${MAX_ANNOTATION_BYTES} bytes`,
  );

/** What an API server adds when it hands an object out. It is taken, so that such a file is too, and dropped. */
const SERVER_FIELDS = {
  uid: z.unknown().optional(),
  creationTimestamp: z.unknown().optional(),
  generation: z.unknown().optional(),
  managedFields: z.unknown().optional(),
};

const fields = {
  name: pathSegment,
  labels,
  annotations,
  resourceVersion: text.nullish(),
  ...SERVER_FIELDS,
};

type Fields = z.output<z.ZodObject<typeof fields>>;

function kept({ name, labels, annotations, resourceVersion }: Fields) {
  return { name, labels, annotations, ...(resourceVersion ? { resourceVersion } : {}) };
}

/** Of an object that belongs to no namespace. */
export const metadata = z
  .strictObject({
    ...fields,
    namespace: z.literal("", "is not for this kind of object, which belongs to no namespace").nullish(),
  })
  .transform(kept);

/** Of an object in a namespace; without one it is in `default`. */
export const namespacedMetadata = z
  .strictObject({ ...fields, namespace: namespace.or(z.literal("")).nullish() })
  .transform(({ namespace, ...rest }) => ({ ...kept(rest), namespace: namespace || "default" }));

/** What each operator needs of `values` (LabelSelectorRequirement in Kubernetes' API reference). */
const requirement = z
  .strictObject({
    key: labelKey,
    operator: z.enum(["In", "NotIn", "Exists", "DoesNotExist"]),
    values: list(labelValue),
  })
  .superRefine(({ operator, values }, context) => {
    const fault = (message: string) => context.addIssue({ code: "custom", message, path: ["values"] });
    const compares = operator === "In" || operator === "NotIn";
    if (compares && values.length === 0) fault(`is empty; ${operator} needs at least one value`);
    if (!compares && values.length > 0) fault(`must be empty for ${operator}`);
  });

export const selector = z.strictObject({
  matchLabels: labels,
  matchExpressions: list(requirement),
});
