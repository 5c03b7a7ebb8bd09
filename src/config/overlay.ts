import { coerce } from "./coerce.ts";
import type { Fault, Path } from "./errors.ts";
import type { Shape } from "./shape.ts";
import { memberNames, openMembers, rootShape, shapesAt, variants } from "./shape.ts";
import { nearest } from "./suggest.ts";
import type { Tree } from "./tree.ts";
import { isTree, setAt } from "./tree.ts";

export type Env = Readonly<Record<string, string | undefined>>;

const PREFIX = "POSTERN__";
const SEPARATOR = "__";

/** Settings taken from the environment. */
interface Overlaid {
  readonly value: unknown;
  readonly faults: readonly Fault[];
  /** Path (as JSON) → the variable that set it. */
  readonly setBy: ReadonlyMap<string, string>;
}

/** camelCase as UPPER_SNAKE. */
export function envPart(name: string): string {
  return name.replaceAll(/(?<=[a-z0-9])(?=[A-Z])/g, "_").toUpperCase();
}

/** Lays every `POSTERN__<PATH>` of the environment over `value`, which stays as it is. */
export function overlay(value: unknown, env: Env): Overlaid {
  const faults: Fault[] = [];
  const setBy = new Map<string, string>();
  let tree: Tree = isTree(value) ? value : {};
  for (const name of namesIn(env)) {
    const where = `environment ${name}`;
    const path = pathOf(name);
    if ("fault" in path) {
      faults.push({ where, path: [], message: path.fault });
      continue;
    }
    const set = setAt(tree, path, coerce(env[name] ?? "", shapesAt(path)));
    if (set === undefined) {
      faults.push({
        where,
        path,
        message: "skips an entry of the list; number the entries from 0 without gaps",
      });
      continue;
    }
    tree = set;
    setBy.set(JSON.stringify(path), name);
  }
  return { value: setBy.size > 0 ? tree : value, faults, setBy };
}

/** List entries come in the order of their numbers, so that a list can be built from its start. */
function namesIn(env: Env): string[] {
  return Object.keys(env)
    .filter((name) => name.startsWith(PREFIX))
    .sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
}

function pathOf(name: string): Path | { readonly fault: string } {
  const parts = name.slice(PREFIX.length).split(SEPARATOR);
  const path: (string | number)[] = [];
  let shapes: readonly Shape[] = [rootShape()];
  for (const [index, part] of parts.entries()) {
    const step = stepInto(shapes, part);
    if (step === undefined) return { fault: unknownName(path, shapes, part, parts.slice(index + 1)) };
    path.push(step);
    shapes = shapesAt([step], shapes);
  }
  return path;
}

/** The member that a part of a variable's name means. Names in a map (roles) are taken letter by letter. */
function stepInto(shapes: readonly Shape[], part: string): string | number | undefined {
  const all = shapes.flatMap(variants);
  // At most four digits: more entries than that are not numbered by hand, and a huge index is a mistake.
  if (/^\d{1,4}$/.test(part) && all.some((shape) => shape.items !== undefined)) return Number(part);
  const named = memberNames(all).find((name) => envPart(name) === part);
  if (named !== undefined) return named;
  return part !== "" && all.some((shape) => openMembers(shape).length > 0) ? part : undefined;
}

function unknownName(path: Path, shapes: readonly Shape[], part: string, rest: readonly string[]): string {
  const names = memberNames(shapes).map(envPart);
  const base =
    PREFIX + path.map((step) => `${typeof step === "number" ? step : envPart(step)}${SEPARATOR}`).join("");
  if (names.length === 0 && shapes.some((shape) => variants(shape).some(({ items }) => items !== undefined)))
    return `names no setting; a number must follow ${base}`;
  const near = nearest(part, names);
  if (near !== undefined) return `names no setting; did you mean ${[base + near, ...rest].join(SEPARATOR)}?`;
  if (names.length === 0) return "names no setting; unset it, or see docs/configuration.md";
  return `names no setting; what follows ${base} can be ${names.join(", ")}`;
}
