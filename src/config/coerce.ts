import { parseDocument } from "yaml";
import type { Shape } from "./shape.ts";
import { choices, variants } from "./shape.ts";

/** Aliases make no sense in one value. */
const NO_ALIASES = 0;

/**
 * Text from the environment as the value that the schema wants: it stays text where text is wanted, and is read as
 * YAML where a number, a truth value, a list or a map is.
 */
export function coerce(text: string, shapes: readonly Shape[]): unknown {
  const all = shapes.flatMap(variants);
  const takesAnyText = all.some(
    (shape) => shape.type === "string" && shape.enum === undefined && shape.const === undefined,
  );
  if (takesAnyText || choices(shapes).includes(text)) return text;
  if (!all.some((shape) => shape.type !== "string")) return text;
  try {
    const document = parseDocument(text, { schema: "core", prettyErrors: false, logLevel: "error" });
    return document.errors.length > 0 ? text : document.toJS({ maxAliasCount: NO_ALIASES });
  } catch {
    return text;
  }
}
