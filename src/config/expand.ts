import { coerce } from "./coerce.ts";
import type { Path } from "./errors.ts";
import type { Env } from "./overlay.ts";
import { shapesAt } from "./shape.ts";

/** `$${`, a whole reference, or the beginning of a broken one. */
const REFERENCE = /\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_]*)\}|\$\{/g;

export type Expanded =
  | { readonly kind: "ok"; readonly value: unknown }
  | { readonly kind: "fault"; readonly message: string };

/** Replaces each `${NAME}` of a text from the environment; `$${` stands for `${` itself. */
export function expand(text: string, path: Path, env: Env): Expanded {
  if (!text.includes("${")) return { kind: "ok", value: text };
  const missing = new Set<string>();
  let broken = false;
  const expanded = text.replace(REFERENCE, (whole, name: string | undefined) => {
    if (whole === "$${") return "${";
    const value = name === undefined ? undefined : env[name];
    if (name === undefined) broken = true;
    else if (value === undefined) missing.add(name);
    return value ?? whole;
  });
  if (broken)
    return {
      kind: "fault",
      message: `has a $\{ that is no reference; write $\{NAME}, or $$\{ for the two signs themselves`,
    };
  if (missing.size > 0) {
    const names = [...missing].join(", ");
    const message = `names ${names}, which the environment does not have; set it, or write $$\{ for the two signs themselves`;
    return { kind: "fault", message };
  }
  return { kind: "ok", value: coerce(expanded, shapesAt(path)) };
}
