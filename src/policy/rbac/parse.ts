/** From what people wrote to a policy object, or to everything that is wrong with it. */
import type { z } from "zod";
import type { Path } from "../../config/errors.ts";
import type { PolicyObject } from "./objects.ts";
import { policyObjectSchema } from "./schema.ts";

/** One thing that is wrong, and where: `rules[0].verbs`. */
export interface PolicyFault {
  readonly path: string;
  /** The same as keys and places; a field that is not there has its would-be place. */
  readonly keys: Path;
  readonly message: string;
}

export type ParsedObject =
  | { readonly kind: "object"; readonly object: PolicyObject }
  | { readonly kind: "faults"; readonly faults: readonly PolicyFault[] };

/** Checks one object, as YAML or JSON gave it. */
export function parsePolicyObject(value: unknown): ParsedObject {
  const result = policyObjectSchema.safeParse(value, { reportInput: true });
  if (result.success) return { kind: "object", object: result.data };
  return { kind: "faults", faults: policyFaults(result.error) };
}

/** What a schema of written policy found wrong. */
export function policyFaults({ issues }: z.ZodError): readonly PolicyFault[] {
  return issues.flatMap((issue) => faultsOf(issue, []));
}

type Issue = z.core.$ZodIssue;

function faultsOf(issue: Issue, base: readonly PropertyKey[]): PolicyFault[] {
  const path = [...base, ...issue.path];
  const at = (where: readonly PropertyKey[], message: string) => ({
    path: written(where),
    keys: keysOf(where),
    message,
  });
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.map((key) => at([...path, key], "is not a field of this object; remove it"));
    case "invalid_type":
      return [at(path, wrongType(issue))];
    case "invalid_value":
      return [at(path, issue.message.startsWith("Invalid") ? oneOf(issue.values) : issue.message)];
    case "invalid_union":
      return unionFaults(issue, path);
    case "invalid_key":
      return [at(path, issue.issues[0]?.message ?? "is not a usable key")];
    case "too_small":
      return [at(path, "is empty; write something")];
    case "too_big":
      return [at(path, `is too long; the most is ${issue.maximum}`)];
    default:
      return [at(path, issue.message)];
  }
}

/** Of a union's branches the one that fits best is told about. */
function unionFaults(issue: z.core.$ZodIssueInvalidUnion, path: readonly PropertyKey[]): PolicyFault[] {
  const branch = issue.errors[0];
  if (branch !== undefined) return branch.flatMap((inner) => faultsOf(inner, path));
  const options = "options" in issue && Array.isArray(issue.options) ? issue.options : [];
  return [{ path: written(path), keys: keysOf(path), message: oneOf(options) }];
}

function oneOf(values: readonly unknown[]): string {
  return `is missing or not known; it can be ${values.map(String).join(", ")}`;
}

function wrongType({ expected, input }: z.core.$ZodIssueInvalidType): string {
  return `${input === undefined || input === null ? "is missing" : "is of another kind"}; write ${KINDS[expected] ?? expected}`;
}

const KINDS: Readonly<Record<string, string>> = {
  string: "text",
  array: "a list",
  object: "a map",
  record: "a map",
};

function keysOf(path: readonly PropertyKey[]): Path {
  return path.map((step) => (typeof step === "number" ? step : String(step)));
}

/** `rules[0].verbs`, as Kubernetes' own messages have it. */
function written(path: readonly PropertyKey[]): string {
  const steps = path.map((step) => (typeof step === "number" ? `[${step}]` : `.${String(step)}`));
  return steps.join("").replace(/^\./, "") || "the object";
}
