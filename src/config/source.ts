import type { Document, ErrorCode } from "yaml";
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseAllDocuments, parseDocument, visit } from "yaml";
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
  return withoutThrowing(name, () => {
    const lines = new LineCounter();
    return readDocument(name, parseDocument(text, parsing(lines)), lines);
  });
}

/** Reads each document of a file that may have several (`---` between them); empty ones are left out. */
export function yamlSources(name: string, text: string): readonly SourceResult[] {
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, parsing(lines));
  if (!Array.isArray(documents)) return []; // the file has none
  return documents
    .map((document) => withoutThrowing(name, () => readDocument(name, document, lines)))
    .filter((result) => result.kind === "faults" || result.source.value !== null);
}

function withoutThrowing(name: string, read: () => SourceResult): SourceResult {
  try {
    return read();
  } catch (error) {
    const tooMany = messageOf(error).startsWith("Excessive alias count");
    // What else can be thrown is the end of the stack: the parser is recursive.
    const message = tooMany
      ? `uses more aliases than a configuration needs (${MAX_ALIASES}); write the values out`
      : "cannot be read as YAML; correct it";
    return { kind: "faults", faults: [{ where: name, path: [], message }] };
  }
}

function parsing(lineCounter: LineCounter) {
  return { lineCounter, prettyErrors: false, uniqueKeys: true, schema: "core", logLevel: "error" } as const;
}

function readDocument(name: string, document: Document.Parsed, lines: LineCounter): SourceResult {
  const at = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return `${name}:${line}:${col}`;
  };
  const problems = problemsOf(document);
  if (problems.length > 0) {
    const faults = problems
      .slice(0, MAX_FAULTS)
      .map(({ offset, message }) => ({ where: at(offset), path: [], message }));
    return { kind: "faults", faults };
  }
  const value: unknown = document.toJS({ maxAliasCount: MAX_ALIASES });
  return { kind: "ok", source: { name, value, locate: (path) => at(offsetOf(document, path)) } };
}

interface Problem {
  readonly offset: number;
  readonly message: string;
}

function problemsOf(document: Document.Parsed): readonly Problem[] {
  // A warning means that something was read in another sense than it was written, such as an unknown tag.
  const syntax = [...document.errors, ...document.warnings].map(({ code, pos }) => ({
    offset: pos[0],
    message: SYNTAX[code] ?? "is not valid YAML; correct what is written here",
  }));
  return syntax.length > 0 ? syntax : danglingAliases(document);
}

function danglingAliases(document: Document.Parsed): readonly Problem[] {
  const found: Problem[] = [];
  visit(document, {
    Alias(_, alias) {
      if (alias.resolve(document) === undefined)
        found.push({
          offset: alias.range?.[0] ?? 0,
          message: "names an anchor that is not there; put a text that begins with * in quotes",
        });
    },
  });
  return found;
}

/** Never the parser's own words: they repeat what is written, and that may be a password without quotes. */
const SYNTAX: Readonly<Partial<Record<ErrorCode, string>>> = {
  BAD_DQ_ESCAPE: "has an escape that YAML does not know; write \\\\ for a backslash, or use single quotes",
  BAD_INDENT: "is indented unlike its neighbours; line it up",
  BAD_SCALAR_START: "begins with a character that YAML reserves; put the text in quotes",
  BLOCK_AS_IMPLICIT_KEY: "has a second colon or a list on the same line; put a text with a colon in quotes",
  DUPLICATE_KEY: "this key is written twice in the same place; keep one",
  MISSING_CHAR: "lacks a quote, a bracket, a brace or a comma; add it",
  MULTIPLE_DOCS: "begins a second document; keep one",
  TAB_AS_INDENT: "a tab is used for indentation; use spaces",
  TAG_RESOLVE_FAILED: "has a tag, and tags are not used here; put a text that begins with ! in quotes",
};

/** Where the setting at the end of `path` begins; where the path leaves the document, the last part that exists. */
function offsetOf(document: Document.Parsed, path: Path): number {
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
