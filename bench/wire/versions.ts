import { resolve } from "node:path";
import { findProgram } from "../support/find-program.ts";
import { versionOf } from "../support/machine.ts";
import { postgresProgram } from "../support/postgres-program.ts";

const MODULES = resolve(import.meta.dirname, "../../node_modules");

/** What was compared, by its own words. */
export function versions(): Readonly<Record<string, string>> {
  return {
    node: versionOf(`${MODULES}/node/bin/node`),
    bun: versionOf(`${MODULES}/bun/bin/bun.exe`),
    pgbench: versionOf(postgresProgram("pgbench")),
    pgbouncer: versionOf(findProgram("pgbouncer")),
    haproxy: versionOf(findProgram("haproxy"), "-v"),
    kernel: versionOf("uname", "-sr"),
  };
}
