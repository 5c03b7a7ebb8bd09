import { readFileSync } from "node:fs";
import type { Entry } from "../access/written-object.ts";
import { keyOf, readObject } from "../access/written-object.ts";
import { messageOf } from "../base/error.ts";
import type { Fault, Path } from "../config/errors.ts";
import type { Source } from "../config/source.ts";
import { yamlSources } from "../config/source.ts";
import { valueAt } from "../config/tree.ts";

export type PolicyFiles =
  | { readonly kind: "entries"; readonly entries: readonly Entry[] }
  | { readonly kind: "faults"; readonly faults: readonly Fault[] };

/** Ten thousand bindings are some 4 MB; a larger file was named by mistake. */
const MAX_FILE_BYTES = 32 * 1024 * 1024;

/** Reads every object of the files, or tells everything that is wrong with them. */
export function readPolicyFiles(files: readonly string[]): PolicyFiles {
  const reading = new Reading();
  for (const file of files) reading.file(file);
  return reading.result();
}

/** A text that objects are written in, and what it is called. */
export interface PolicyText {
  readonly name: string;
  readonly text: string;
}

/** Reads every object of texts that are no files of the configuration, or tells everything that is wrong with them. */
export function readPolicyTexts(texts: readonly PolicyText[]): PolicyFiles {
  const reading = new Reading();
  for (const { name, text } of texts) reading.text(name, text);
  return reading.result();
}

class Reading {
  readonly faults: Fault[] = [];
  readonly entries = new Map<string, Entry>();

  file(file: string): void {
    const text = this.#textOf(file);
    if (text !== undefined) this.text(file, text);
  }

  text(name: string, text: string): void {
    for (const result of yamlSources(name, text)) {
      if (result.kind === "faults") this.faults.push(...result.faults);
      else for (const { value, where } of itemsOf(result.source)) this.#object(value, where);
    }
  }

  result(): PolicyFiles {
    const { faults, entries } = this;
    return faults.length > 0
      ? { kind: "faults", faults }
      : { kind: "entries", entries: [...entries.values()] };
  }

  #textOf(file: string): string | undefined {
    try {
      const bytes = readFileSync(file);
      if (bytes.length <= MAX_FILE_BYTES) return bytes.toString("utf8");
      this.#fault(file, `is larger than ${MAX_FILE_BYTES} bytes; name a file of policy objects`);
    } catch (error) {
      this.#fault(file, `cannot be read (${messageOf(error)}); check policy.files`);
    }
    return undefined;
  }

  #object(value: unknown, where: (path: Path) => string): void {
    const parsed = readObject(value);
    if (parsed.kind === "faults") {
      for (const { path, keys, message } of parsed.faults) this.#fault(where(keys), `${path}: ${message}`);
      return;
    }
    const key = keyOf(parsed.object);
    if (this.entries.has(key)) this.#fault(where([]), `${key} is written twice; keep one`);
    const written = value as Entry["written"]; // what was understood as an object is one
    this.entries.set(key, { object: parsed.object, written, resourceVersion: undefined });
  }

  #fault(where: string, message: string): void {
    this.faults.push({ where, path: [], message });
  }
}

/** The object of a document, or those of a `kind: List`, as `kubectl get -o yaml` writes it. */
function itemsOf(source: Source) {
  const { value, locate } = source;
  const items = valueAt(value, ["kind"]) === "List" ? valueAt(value, ["items"]) : undefined;
  if (!Array.isArray(items)) return [{ value, where: locate }];
  return items.map((item: unknown, index) => ({
    value: item,
    where: (path: Path) => locate(["items", index, ...path]),
  }));
}
