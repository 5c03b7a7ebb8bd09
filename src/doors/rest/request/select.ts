/** `select=`: columns, aggregates and embedded relations, as a tree. */
import { Cursor } from "./cursor.ts";
import { MAX_ITEMS, MAX_NESTING } from "./limits.ts";
import type { AggregateFunction, JoinType, SelectItem } from "./types.ts";

const AGGREGATES: ReadonlySet<string> = new Set<AggregateFunction>(["sum", "avg", "count", "max", "min"]);
const AFTER_FIELD = 'letter, digit, "-", "->>", "->", "::", ".", ")", "," or end of input';
const AFTER_ITEM = '")", "," or end of input';

/** Everything: what a request without `select` gets. */
export const SELECT_ALL: readonly SelectItem[] = [{ kind: "all" }];

export function parseSelect(text: string): readonly SelectItem[] {
  return new SelectParser(text).parse();
}

class SelectParser {
  readonly #cursor: Cursor;
  #items = 0;

  constructor(text: string) {
    this.#cursor = new Cursor("select parameter", text);
  }

  parse(): readonly SelectItem[] {
    const items = this.#list(0);
    this.#cursor.end('"," or end of input');
    return items;
  }

  #list(depth: number): readonly SelectItem[] {
    const cursor = this.#cursor;
    if (depth > MAX_NESTING)
      throw cursor.faultAt(cursor.at, `relations are nested deeper than ${MAX_NESTING}`);
    cursor.spaces();
    if (cursor.done || cursor.text[cursor.at] === ")") return [];
    const items: SelectItem[] = [];
    do {
      this.#items += 1;
      if (this.#items > MAX_ITEMS) throw cursor.faultAt(cursor.at, `more than ${MAX_ITEMS} items`);
      cursor.spaces();
      items.push(this.#item(depth));
      cursor.spaces();
    } while (cursor.takes(","));
    return items;
  }

  #item(depth: number): SelectItem {
    const cursor = this.#cursor;
    if (cursor.takes("*")) return this.#ended({ kind: "all" });
    if (cursor.takesText("...")) return this.#relation(cursor.name(), undefined, true, depth);
    const quoted = cursor.text[cursor.at] === '"';
    const first = cursor.name();
    if (!cursor.atAliasEnd()) return this.#named(first, quoted, undefined, depth);
    cursor.at += 1;
    const unquoted = cursor.text[cursor.at] !== '"';
    return this.#named(cursor.name(), !unquoted, first, depth);
  }

  #named(name: string, quoted: boolean, alias: string | undefined, depth: number): SelectItem {
    const cursor = this.#cursor;
    if (name === "count" && !quoted && cursor.takesText("()"))
      return this.#ended({ kind: "count", alias, aggregateCast: cursor.cast() });
    const next = cursor.text[cursor.at];
    if (next === "(" || next === "!") return this.#relation(name, alias, false, depth);
    return this.#field(name, alias);
  }

  #field(name: string, alias: string | undefined): SelectItem {
    const cursor = this.#cursor;
    const field = { name, path: cursor.path() };
    const cast = cursor.cast();
    const aggregate = this.#aggregate();
    const aggregateCast = aggregate === undefined ? undefined : cursor.cast();
    return this.#ended({ kind: "field", field, alias, cast, aggregate, aggregateCast });
  }

  #aggregate(): AggregateFunction | undefined {
    const cursor = this.#cursor;
    if (!cursor.takes(".")) return undefined;
    const word = cursor.word();
    if (!isAggregate(word)) throw cursor.fault("aggregate function (sum, avg, count, max, min)");
    cursor.at += word.length;
    cursor.expect("(");
    cursor.expect(")");
    return word;
  }

  #relation(relation: string, alias: string | undefined, spread: boolean, depth: number): SelectItem {
    const cursor = this.#cursor;
    const { hint, join } = this.#embedding();
    cursor.expect("(", hint === undefined && join === undefined ? AFTER_FIELD : '"!" or "("');
    const select = this.#list(depth + 1);
    cursor.expect(")", '"," or ")"');
    if (spread) return { kind: "spread", relation, hint, join, select };
    return { kind: "relation", relation, alias, hint, join, select };
  }

  /** `!hint` and `!inner` or `!left`, in either order, each at most once. */
  #embedding(): { readonly hint: string | undefined; readonly join: JoinType | undefined } {
    const cursor = this.#cursor;
    let hint: string | undefined;
    let join: JoinType | undefined;
    for (let count = 0; count < 2 && cursor.takes("!"); count += 1) {
      const word = cursor.name('"left", "inner" or field name (* or [a..z0..9_$])');
      if (word === "inner" || word === "left") join ??= word;
      else hint ??= word;
    }
    return { hint, join };
  }

  /** Nothing else belongs to the item. */
  #ended(item: SelectItem): SelectItem {
    const cursor = this.#cursor;
    cursor.spaces();
    if (cursor.done || cursor.text[cursor.at] === "," || cursor.text[cursor.at] === ")") return item;
    throw cursor.fault(item.kind === "field" ? AFTER_FIELD : AFTER_ITEM, cursor.at, "'");
  }
}

function isAggregate(word: string): word is AggregateFunction {
  return AGGREGATES.has(word);
}
