/** A decision with its working shown, as commands print it. */
import { Failure } from "./failure.ts";
import { paint, print, printJson } from "./terminal.ts";
import { legible } from "./text.ts";

export interface Explained {
  readonly allowed: boolean;
  readonly cluster?: string | undefined;
  readonly database: string;
  /** The role that was asked for, or else the one that was permitted. */
  readonly role?: string | undefined;
  readonly code?: string | undefined;
  readonly steps: readonly { readonly check: string; readonly passed: boolean; readonly saw: string }[];
}

/** Prints every check in its order. @throws Failure with what said no */
export function printExplained(explained: Explained, json: boolean | undefined): void {
  const { allowed, code, steps } = explained;
  if (json === true) printJson(explained);
  else printSteps(explained);
  if (allowed) return;
  const failed = steps.findLast((step) => !step.passed);
  throw new Failure(`denied (${code ?? "access"}): ${legible(failed?.saw ?? "")}`);
}

function printSteps({ allowed, cluster, database, role, steps }: Explained): void {
  const place = cluster === undefined ? "no cluster" : `cluster "${cluster}"`;
  print(legible(`${role === undefined ? "no role" : `role "${role}"`}, database "${database}", ${place}`));
  for (const { passed, check, saw } of steps)
    print(`${passed ? paint("green", "pass") : paint("red", "FAIL")}  ${legible(`${check}: ${saw}`)}`);
  if (allowed) print(paint("green", "allowed"));
}
