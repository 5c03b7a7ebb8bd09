import { execFileSync } from "node:child_process";
import { resolve } from "node:path";
import { findProgram } from "./find-program.ts";
import { postgresProgram } from "./postgres-program.ts";

const MODULES = resolve(import.meta.dirname, "../../node_modules");

/** What was compared, by its own words. */
export function versions(): Readonly<Record<string, string>> {
  return {
    node: firstLine(`${MODULES}/node/bin/node`, "--version"),
    bun: firstLine(`${MODULES}/bun/bin/bun.exe`, "--version"),
    pgbench: firstLine(postgresProgram("pgbench"), "--version"),
    pgbouncer: firstLine(findProgram("pgbouncer"), "--version"),
    haproxy: firstLine(findProgram("haproxy"), "-v"),
    kernel: firstLine("uname", "-sr"),
  };
}

function firstLine(file: string | undefined, option: string): string {
  if (file === undefined) return "not installed";
  return execFileSync(file, [option], { encoding: "utf8" }).split("\n")[0] ?? "";
}
