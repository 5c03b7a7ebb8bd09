import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument } from "yaml";
import { messageOf } from "../base/error.ts";
import type { Fault, Path } from "./errors.ts";

/** What was read, and where in it each setting stands. */
export interface Source {
  /** The file's path or another name. */
  readonly name: string;
  readonly value: unknown;
  /** `postern.yaml:12:5` of a setting, or of the nearest one around it. */
  locate(path: Path): string;
}

export type SourceResult =
  | { readonly kind: "ok"; readonly source: Source }
  | { readonly kind: "faults"; readonly faults: readonly Fault[] };

/** Aliases that one file may use, counted after expansion: a handful helps, a "billion laughs" is an attack. */
const MAX_ALIASES = 100;

/** After the first faults of syntax the parser has lost its way, and the rest says nothing. */
const MAX_FAULTS = 5;

/** A source that is not text: built by a front end or by the demo. */
export function valueSource(name: string, value: unknown): Source {
  return { name, value, locate: () => name };
}

/** Reads YAML 1.2 (core schema). Duplicate keys, unknown tags and several documents are faults. */
export function yamlSource(name: string, text: string): SourceResult {
  try {
    return readYaml(name, text);
  } catch (error) {
    // The parser is recursive, so nesting of thousands of levels ends here.
    const message = `cannot be read as YAML (${messageOf(error).split("\n", 1)[0]}); correct it`;
    return { kind: "faults", faults: [{ where: name, path: [], message }] };
  }
}

function readYaml(name: string, text: string): SourceResult {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: true,
    schema: "core",
    logLevel: "error",
  });
  const at = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return `${name}:${line}:${col}`;
  };
  // A warning means that something was read in another sense than it was written, such as an unknown tag.
  const problems = [...document.errors, ...document.warnings];
  if (problems.length > 0) {
    const faults = problems.slice(0, MAX_FAULTS).map((problem) => ({
      where: at(problem.pos[0]),
      path: [],
      message: yamlFault(problem.code, problem.message),
    }));
    return { kind: "faults", faults };
  }
  const value: unknown = document.toJS({ maxAliasCount: MAX_ALIASES });
  return { kind: "ok", source: { name, value, locate: (path) => at(offsetOf(document, path)) } };
}

function yamlFault(code: string, message: string): string {
  if (code === "DUPLICATE_KEY") return "this key is written twice in the same place; keep one";
  if (code === "MULTIPLE_DOCS") return "begins a second document; keep one";
  if (code === "TAB_AS_INDENT") return "a tab is used for indentation; use spaces";
  return `is not valid YAML: ${message.split("\n", 1)[0]}; correct it`;
}

/** Where the setting at the end of `path` begins; where the path leaves the document, the last part that exists. */
function offsetOf(document: ReturnType<typeof parseDocument>, path: Path): number {
  let node: unknown = document.contents;
  let offset = document.contents?.range?.[0] ?? 0;
  for (const part of path) {
    if (isAlias(node)) node = node.resolve(document);
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(part));
      if (pair === undefined) break;
      offset = isScalar(pair.key) ? (pair.key.range?.[0] ?? offset) : offset;
      node = pair.value;
    } else if (isSeq(node) && typeof part === "number") {
      node = node.items[part];
      const range = typeof node === "object" && node !== null && "range" in node ? node.range : undefined;
      if (!Array.isArray(range)) break;
      offset = Number(range[0]);
    } else break;
  }
  return offset;
}
