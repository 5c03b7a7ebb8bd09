import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { Path } from "./errors.ts";
import { expand } from "./expand.ts";
import { fileFault, fileWarning, resolveSecret } from "./files.ts";
import type { Env } from "./overlay.ts";
import type { Shape } from "./shape.ts";
import { shapesAt, variants } from "./shape.ts";
import { isTree, mapTree } from "./tree.ts";

/** Where findings go. The first fault of a setting counts; later ones about the same setting are left out. */
export interface Findings {
  fault(path: Path, message: string): void;
  warn(path: Path, message: string): void;
  /** A file that the configuration names. */
  file(path: string): void;
}

/** Replaces `${NAME}` in every text that does not come from the environment already. */
export function expandAll(
  value: unknown,
  env: Env,
  fromEnvironment: (path: Path) => boolean,
  findings: Findings,
): unknown {
  return mapTree(value, (node, path) => {
    if (typeof node !== "string" || fromEnvironment(path)) return node;
    const expanded = expand(node, path, env);
    if (expanded.kind === "ok") return expanded.value;
    findings.fault(path, expanded.message);
    return node;
  });
}

/** Makes every file's path absolute and looks whether the file is there. */
export function findFiles(value: unknown, directory: string, findings: Findings): unknown {
  return mapTree(value, (node, path) => {
    if (typeof node !== "string" || node === "") return node;
    const format = formatAt(path);
    if (format === undefined) return node;
    const file = resolve(directory, node);
    if (format === "new-path") {
      const parent = dirname(file);
      if (!existsSync(parent))
        findings.fault(path, `is to be made in "${parent}", which is not there; make it or correct the path`);
      return file;
    }
    findings.file(file);
    const fault = fileFault(file);
    if (fault !== undefined) findings.fault(path, fault);
    const warning = format === "secret-path" ? fileWarning(file) : undefined;
    if (warning !== undefined) findings.warn(path, warning);
    return file;
  });
}

function formatAt(path: Path): "path" | "secret-path" | "new-path" | undefined {
  const formats = shapesAt(path)
    .flatMap(variants)
    .map(({ format }) => format);
  if (formats.includes("secret-path")) return "secret-path";
  if (formats.includes("new-path")) return "new-path";
  return formats.includes("path") ? "path" : undefined;
}

/** Reads every `{file: path}` secret. */
export function readSecrets(value: unknown, findings: Findings): unknown {
  return mapTree(value, (node, path) => {
    const file = fileOf(node);
    if (file === undefined || !isSecret(shapesAt(path))) return node;
    const resolved = resolveSecret(file);
    if (resolved.kind === "secret") return resolved.text;
    findings.fault([...path, "file"], resolved.message);
    return node;
  });
}

function fileOf(node: unknown): string | undefined {
  if (!isTree(node) || Array.isArray(node)) return undefined;
  const members = Object.entries(node);
  const [name, file] = members[0] ?? [];
  return members.length === 1 && name === "file" && typeof file === "string" && file !== ""
    ? file
    : undefined;
}

function isSecret(shapes: readonly Shape[]): boolean {
  return shapes.some((shape) => shape.secret === true);
}

/** Warns when everybody on the machine can read the configuration's own file and a secret is written in it. */
export function warnOfWrittenSecrets(
  value: unknown,
  file: string,
  fromEnvironment: (path: Path) => boolean,
  findings: Findings,
): void {
  const warning = fileWarning(file);
  if (warning === undefined) return;
  mapTree(value, (node, path) => {
    const written = typeof node === "string" && !node.includes("${") && !fromEnvironment(path);
    if (written && isSecret(shapesAt(path))) findings.warn(path, `is a secret, and ${warning}`);
    return node;
  });
}
