/** `and=(…)`, `not.or=(…)`: filters combined, and combinations of combinations. */
import { Cursor } from "./cursor.ts";
import { MAX_ITEMS, MAX_NESTING } from "./limits.ts";
import { parseComparison } from "./operation.ts";
import type { LogicGroup, LogicTree, Placed } from "./types.ts";

const IN_TREE = "field name (* or [a..z0..9_$]), negation operator (not) or logic operator (and, or)";
/** An `and` or `or` that a bracket follows: a column of that name is followed by a dot. */
const GROUP = /(not\.)?(and|or)[ \t]*\(/y;

/** @param key `or`, `not.and`, `relation.or` or `relation.not.or` */
export function parseLogic(key: string, value: string): Placed<LogicGroup> {
  const { path, negated, kind } = parseKey(key);
  const text = `${negated ? "not." : ""}${kind}${value}`;
  const parser = new LogicParser(text, value);
  return { path, item: parser.parse(kind) };
}

interface LogicKey {
  readonly path: readonly string[];
  readonly negated: boolean;
  readonly kind: "and" | "or";
}

/** Where the key ends in `and` or `or`, which the caller has seen. */
function parseKey(key: string): LogicKey {
  const cursor = new Cursor("logic path", key);
  const names: string[] = [];
  do names.push(cursor.name());
  while (cursor.takes("."));
  cursor.end("delimiter (.) or end of input");
  const kind = names.pop() === "or" ? "or" : "and";
  const negated = names.at(-1) === "not";
  if (negated) names.pop();
  return { path: names, negated, kind };
}

class LogicParser {
  readonly #cursor: Cursor;
  #items = 0;

  constructor(text: string, shown: string) {
    this.#cursor = new Cursor("logic tree", text, shown);
  }

  parse(kind: "and" | "or"): LogicGroup {
    const negated = this.#cursor.takesText("not.");
    this.#cursor.at += kind.length;
    const group = this.#group(kind, negated, 1);
    this.#cursor.end();
    return group;
  }

  #group(kind: "and" | "or", negated: boolean, depth: number): LogicGroup {
    const cursor = this.#cursor;
    if (depth > MAX_NESTING)
      throw cursor.faultAt(cursor.at, `conditions are nested deeper than ${MAX_NESTING}`);
    cursor.spaces();
    cursor.expect("(");
    const children: LogicTree[] = [];
    do {
      this.#items += 1;
      if (this.#items > MAX_ITEMS) throw cursor.faultAt(cursor.at, `more than ${MAX_ITEMS} conditions`);
      cursor.spaces();
      children.push(this.#tree(depth));
      cursor.spaces();
    } while (cursor.takes(","));
    cursor.expect(")", '"," or ")"');
    cursor.spaces();
    return { kind, negated, children };
  }

  #tree(depth: number): LogicTree {
    const cursor = this.#cursor;
    GROUP.lastIndex = cursor.at;
    const group = GROUP.exec(cursor.text);
    if (group !== null) {
      const [head, not, kind] = group;
      cursor.at += head.length - 1;
      return this.#group(kind === "or" ? "or" : "and", not !== undefined, depth + 1);
    }
    const field = cursor.field(IN_TREE);
    cursor.expect(".", "delimiter (.)");
    const { negated, operation } = parseComparison(cursor, "item");
    return { kind: "filter", field, negated, operation };
  }
}
