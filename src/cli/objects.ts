/** Objects of policy, as commands read, send and show them. */
import type { Option } from "commander";
import { Option as NewOption } from "commander";
import { faultText } from "../config/errors.ts";
import type { ObjectAnswer } from "../doors/control/api/routes/policy.ts";
import { pathTo } from "./api.ts";
import { Failure, misuse } from "./failure.ts";
import { readStdin, readText } from "./input.ts";
import type { Kind } from "./kinds.ts";
import { kindOf } from "./kinds.ts";

/** Where kubectl puts what names no namespace. */
const DEFAULT_NAMESPACE = "default";

/** An object to send: what it is, and how it was written. */
export interface Written {
  readonly kind: Kind;
  readonly namespace: string | undefined;
  readonly name: string;
  readonly object: Readonly<Record<string, unknown>>;
}

export function namespaceOption(): Option {
  return new NewOption("-n, --namespace <name>", "the namespace")
    .env("POSTERN_NAMESPACE")
    .default(DEFAULT_NAMESPACE);
}

/** `-f`, as every command has it that reads objects. */
export function filesOption(): Option {
  return new NewOption(
    "-f, --filename <file>",
    "a YAML file of objects, or - for standard input; may be repeated",
  ).argParser((file, files: readonly string[] = []) => [...files, file]);
}

/** The path of a kind's objects, or of one of them. */
export function objectPath(kind: Kind, namespace: string | undefined, name?: string): string {
  const space = kind.namespaced && namespace !== undefined ? ["namespaces", namespace] : [];
  return pathTo(...space, kind.resource, ...(name === undefined ? [] : [name]));
}

/** `rolebinding/readers`, as kubectl tells about objects. */
export function titleOf({ kind, name }: Pick<Written, "kind" | "name">): string {
  return `${kind.kind.toLowerCase()}/${name}`;
}

/**
 * Every object of the files, each checked in full before anything is done with one. Roles come first and offers last, so
 * that a binding finds its role.
 * @throws Failure with everything that is wrong
 */
export async function readObjects(files: readonly string[] = []): Promise<readonly Written[]> {
  if (files.length === 0) throw misuse("nothing was named; give a file with -f, or - for standard input");
  const texts = await Promise.all(
    files.map(async (name) => ({ name, text: name === "-" ? await readStdin() : readText(name) })),
  );
  const { readPolicyTexts } = await import("../daemon/policy-files.ts");
  const read = readPolicyTexts(texts);
  if (read.kind === "faults") throw new Failure(read.faults.map(faultText));
  const objects = read.entries.map(({ object: { kind, metadata }, written: object }) => {
    const namespace = "namespace" in metadata ? metadata.namespace : undefined;
    return { kind: kindOf(kind), namespace, name: metadata.name, object };
  });
  if (objects.length === 0) throw new Failure(`there is no object in ${files.join(", ")}; check the file`);
  return objects.toSorted((a, b) => rankOf(a) - rankOf(b));
}

function rankOf({ kind: { kind } }: Written): number {
  return kind.endsWith("Role") ? 0 : kind.endsWith("Binding") ? 1 : 2;
}

/** What of an object tells one from the other in a list. */
export function summaryOf({ object }: ObjectAnswer): string {
  const { roleRef, subjects, rules, spec } = object as Summarised;
  if (roleRef !== undefined)
    return `${roleRef.kind}/${roleRef.name} to ${(subjects ?? []).map(subjectText).join(", ")}`;
  if (spec?.role !== undefined)
    return `${spec.role.kind}/${spec.role.name} for at most ${spec.maxDuration ?? ""}`;
  return (rules ?? []).map(ruleText).join("; ");
}

/** The parts of objects that are shown; the door has checked them against their schemas. */
interface Summarised {
  readonly roleRef?: { readonly kind: string; readonly name: string };
  readonly subjects?: readonly { readonly kind: string; readonly name: string }[];
  readonly rules?: readonly {
    readonly verbs?: readonly string[];
    readonly resources?: readonly string[];
    readonly resourceNames?: readonly string[];
    readonly nonResourceURLs?: readonly string[];
  }[];
  readonly spec?: {
    readonly role?: { readonly kind: string; readonly name: string };
    readonly maxDuration?: string;
  };
}

function subjectText({ kind, name }: { readonly kind: string; readonly name: string }): string {
  return `${kind}/${name}`;
}

function ruleText(rule: NonNullable<Summarised["rules"]>[number]): string {
  const { verbs = [], resources = [], resourceNames = [], nonResourceURLs = [] } = rule;
  const on = [...resources, ...nonResourceURLs].join(",");
  return `${verbs.join(",")} ${on}${resourceNames.length === 0 ? "" : `/${resourceNames.join(",")}`}`;
}
