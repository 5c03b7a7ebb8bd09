import { z } from "zod";
import type { Path } from "./errors.ts";
import { configSchema } from "./schema.ts";

/**
 * A node of the configuration's JSON Schema (what people write, not what comes out): the one description that the
 * environment overlay, the did-you-mean, the documentation and editors work from.
 */
export interface Shape {
  readonly type?: string;
  readonly title?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly format?: string;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Shape;
  readonly items?: Shape;
  readonly anyOf?: readonly Shape[];
  readonly oneOf?: readonly Shape[];
  /** Set where a secret is written. */
  readonly secret?: boolean;
}

let root: Shape | undefined;

/** The shape of the whole configuration. */
export function rootShape(): Shape {
  // A JSON Schema is a Shape: the fields that are read here are part of its vocabulary.
  root ??= z.toJSONSchema(configSchema, { io: "input" }) as Shape;
  return root;
}

/** The alternatives of a shape; itself when it has none. */
export function variants(shape: Shape): readonly Shape[] {
  const branches = shape.anyOf ?? shape.oneOf;
  return branches === undefined ? [shape] : branches.flatMap(variants);
}

/** The shapes that the member `part` of a shape may have; none when there is no such member. */
function childShapes(shape: Shape, part: string | number): readonly Shape[] {
  return variants(shape).flatMap((variant) => {
    if (typeof part === "number") return variant.items === undefined ? [] : [variant.items];
    const named = variant.properties;
    if (named !== undefined && Object.hasOwn(named, part)) return named[part] ?? [];
    return openMembers(variant);
  });
}

/** The shape of members with any name, where a shape has them (a map from role to password). */
export function openMembers(shape: Shape): readonly Shape[] {
  return typeof shape.additionalProperties === "object" ? [shape.additionalProperties] : [];
}

/** The shapes at the end of a path. */
export function shapesAt(path: Path, from: readonly Shape[] = [rootShape()]): readonly Shape[] {
  return path.reduce<readonly Shape[]>(
    (shapes, part) => shapes.flatMap((shape) => childShapes(shape, part)),
    from,
  );
}

/** The names of the settings that shapes have. */
export function memberNames(shapes: readonly Shape[]): readonly string[] {
  const names = shapes.flatMap(variants).flatMap((variant) => Object.keys(variant.properties ?? {}));
  return [...new Set(names)];
}

/** The fixed values that shapes accept. */
export function choices(shapes: readonly Shape[]): readonly string[] {
  return shapes
    .flatMap(variants)
    .flatMap((variant) => variant.enum ?? (variant.const === undefined ? [] : [variant.const]))
    .filter((value) => typeof value === "string");
}
