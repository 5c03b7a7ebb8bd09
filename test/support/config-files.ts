import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { TestContext } from "node:test";
import { faultText } from "../../src/config/errors.ts";
import type { LoadResult } from "../../src/config/load.ts";
import { loadConfig } from "../../src/config/load.ts";
import type { Config } from "../../src/config/schema.ts";

/** A directory that is gone after the test, with these files in it (mode 0600). */
export function directoryWith(t: TestContext, files: Readonly<Record<string, string>> = {}): string {
  const directory = mkdtempSync(join(tmpdir(), "postern-config-"));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), text, { mode: 0o600 });
  }
  return directory;
}

/** Loads `postern.yaml` out of files that are written for the test. */
export function load(
  t: TestContext,
  yaml: string,
  env: Readonly<Record<string, string>> = {},
  files: Readonly<Record<string, string>> = {},
): LoadResult & { readonly directory: string } {
  const directory = directoryWith(t, { ...files, "postern.yaml": yaml });
  return { ...loadConfig({ file: join(directory, "postern.yaml"), env }), directory };
}

/** The configuration, or a failed test that shows the faults. */
export function configOf(result: LoadResult): Config {
  if (result.kind === "ok") return result.config;
  throw new Error(result.faults.map(faultText).join("\n"));
}

/** Each fault as it is printed, without the directory. */
export function faultsOf(result: LoadResult & { readonly directory: string }): string[] {
  if (result.kind === "ok") return [];
  return result.faults.map((fault) => faultText(fault).replaceAll(`${result.directory}/`, ""));
}

/** Each warning as it is printed, without the directory. */
export function warningsOf(result: LoadResult & { readonly directory: string }): string[] {
  if (result.kind !== "ok") return faultsOf(result);
  return result.warnings.map((fault) => faultText(fault).replaceAll(`${result.directory}/`, ""));
}
