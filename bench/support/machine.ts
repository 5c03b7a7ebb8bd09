import { execFileSync } from "node:child_process";
import { cpus, totalmem } from "node:os";

const GIBIBYTE = 2 ** 30;

/** What the figures were taken on. */
export function machine(): { readonly cpus: number; readonly model: string; readonly memoryGiB: number } {
  return {
    cpus: cpus().length,
    model: cpus()[0]?.model ?? "unknown",
    memoryGiB: Math.round(totalmem() / GIBIBYTE),
  };
}

/** A program's version by its own words. */
export function versionOf(file: string | undefined, option = "--version"): string {
  if (file === undefined) return "not installed";
  return execFileSync(file, [option], { encoding: "utf8" }).split("\n")[0] ?? "";
}
