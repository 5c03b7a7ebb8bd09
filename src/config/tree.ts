import type { Path } from "./errors.ts";

/** A map or a list, as YAML and JSON give them. */
export type Tree = Record<string, unknown> | unknown[];

export function isTree(value: unknown): value is Tree {
  if (Array.isArray(value)) return true;
  return typeof value === "object" && value !== null && isPlain(value);
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** What stands at the end of a path; undefined when the path leads nowhere. */
export function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((at, part) => {
    if (Array.isArray(at)) return typeof part === "number" ? at[part] : undefined;
    return isTree(at) && Object.hasOwn(at, part) ? (at as Record<string, unknown>)[part] : undefined;
  }, value);
}

/**
 * A copy of `tree` with `value` at the end of `path`; what is in the way and is no map or list is replaced.
 * Undefined when a list would get a gap.
 */
export function setAt(tree: Tree, path: Path, value: unknown): Tree | undefined {
  const [part, ...rest] = path;
  if (part === undefined) return undefined;
  const old = valueAt(tree, [part]);
  const empty = typeof rest[0] === "number" ? [] : {};
  const child = rest.length === 0 ? value : setAt(sameKind(old, empty) ? old : empty, rest, value);
  if (child === undefined) return undefined;
  if (!Array.isArray(tree)) return { ...tree, [part]: child };
  if (typeof part !== "number" || part > tree.length) return undefined;
  return part === tree.length ? [...tree, child] : tree.with(part, child);
}

function sameKind(old: unknown, empty: Tree): old is Tree {
  return isTree(old) && Array.isArray(old) === Array.isArray(empty);
}

/** Lists and maps inside each other; the schema needs fewer than ten. Also ends the walk of a value that holds itself. */
const MAX_DEPTH = 32;

/** Whether a value is nested too deeply to be walked. */
export function isTooDeep(value: unknown, depth = 0): boolean {
  if (!isTree(value)) return false;
  return depth >= MAX_DEPTH || Object.values(value).some((member) => isTooDeep(member, depth + 1));
}

/** Deeply rebuilds a value, each node passed through `change` before its members are. */
export function mapTree(
  value: unknown,
  change: (node: unknown, path: Path) => unknown,
  path: Path = [],
): unknown {
  const changed = change(value, path);
  if (Array.isArray(changed)) return changed.map((item, index) => mapTree(item, change, [...path, index]));
  if (!isTree(changed)) return changed;
  // fromEntries defines members, so that `__proto__` stays an ordinary name.
  return Object.fromEntries(
    Object.entries(changed).map(([key, member]) => [key, mapTree(member, change, [...path, key])]),
  );
}

/** Freezes a value and all that is in it. */
export function freezeDeep<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const member of Object.values(value)) freezeDeep(member);
  }
  return value;
}
