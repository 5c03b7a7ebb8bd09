import type { z } from "zod";
import type { Path } from "./errors.ts";
import type { Findings } from "./prepare.ts";
import { choices, memberNames, shapesAt } from "./shape.ts";
import { advice } from "./suggest.ts";
import { valueAt } from "./tree.ts";

type Issue = z.core.$ZodIssue;

/** Tells what the schema found, in the configuration's own words. `value` is what the schema saw. */
export function reportIssues(
  issues: readonly Issue[],
  value: unknown,
  findings: Findings,
  base: Path = [],
): void {
  for (const issue of issues) reportIssue(issue, [...base, ...settingPath(issue.path)], value, findings);
}

function settingPath(path: readonly PropertyKey[]): Path {
  return path.map((part) => (typeof part === "number" ? part : String(part)));
}

function reportIssue(issue: Issue, path: Path, value: unknown, findings: Findings): void {
  if (issue.code === "unrecognized_keys") {
    const known = memberNames(shapesAt(path));
    for (const key of issue.keys) findings.fault([...path, key], `is not a setting; ${advice(key, known)}`);
  } else if (issue.code === "invalid_union" && issue.errors.length > 0) {
    const branch = closest(issue.errors);
    if (branch === undefined)
      findings.fault(path, wrongKind(expectations(issue.errors), valueAt(value, path)));
    else reportIssues(branch, value, findings, path);
  } else if (issue.code === "invalid_key") {
    findings.fault(path, issue.issues[0]?.message ?? "is not a usable name; change it");
  } else findings.fault(path, messageFor(issue, path, valueAt(value, path)));
}

/** Of a union's branches the one whose kind of value was written, so that its own faults are shown. */
function closest(branches: readonly (readonly Issue[])[]): readonly Issue[] | undefined {
  return branches.find((issues) => !issues.some(({ path }) => path.length === 0) || issues.some(isInside));
}

/** Whether an issue shows that the value itself was of the right kind. */
function isInside({ code, path }: Issue): boolean {
  return path.length > 0 || code === "unrecognized_keys" || code === "too_small";
}

function expectations(branches: readonly (readonly Issue[])[]): string[] {
  const kinds = branches.flat().map((issue) => (issue.code === "invalid_type" ? issue.expected : "fixed"));
  return [...new Set(kinds)];
}

function messageFor(issue: Issue, path: Path, given: unknown): string {
  switch (issue.code) {
    case "invalid_type":
      return wrongKind([issue.expected], given);
    case "invalid_value":
    case "invalid_union":
      return wrongChoice(path, given);
    case "too_small":
      return issue.origin === "number" || issue.origin === "int"
        ? `is too small; the least is ${issue.minimum}`
        : "is empty; write something or leave the setting out";
    case "too_big":
      return `is too large; the most is ${issue.maximum}`;
    case "invalid_format":
      return issue.format === "url"
        ? "is not a URL; write it whole, such as https://host/path"
        : issue.message;
    default:
      return issue.message;
  }
}

function wrongChoice(path: Path, given: unknown): string {
  const options = choices(shapesAt(path));
  if (given === undefined || given === null) return `is missing; it can be ${options.join(", ")}`;
  if (typeof given !== "string") return `${kindOf(given)} was written; it can be ${options.join(", ")}`;
  return `"${given.slice(0, MAX_SHOWN)}" is not known here; ${advice(given, options)}`;
}

/** The longest part of a wrong value that is shown. */
const MAX_SHOWN = 60;

const KINDS: Readonly<Record<string, string>> = {
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "a map of settings",
  record: "a map",
  fixed: "one of its fixed values",
};

/** Says which kind of value is expected and which was given, never the value itself: it may be a secret. */
function wrongKind(expected: readonly string[], given: unknown): string {
  const wanted = expected.map((kind) => KINDS[kind] ?? kind).join(" or ");
  if (given === undefined || given === null) return `is missing; write ${wanted}`;
  const quotes =
    expected.includes("string") && typeof given !== "object" ? "put it in quotes" : `write ${wanted}`;
  return `${wanted} is expected, ${kindOf(given)} was written; ${quotes}`;
}

function kindOf(given: unknown): string {
  if (Array.isArray(given)) return "a list";
  if (typeof given === "number") return Number.isInteger(given) ? "a whole number" : "a number";
  return KINDS[typeof given] ?? "something else";
}
