/** Parameters that are names: the keys of filters, `columns=` and `on_conflict=`. */
import { Cursor } from "./cursor.ts";
import { MAX_ITEMS } from "./limits.ts";
import type { Field } from "./types.ts";

const IN_KEY = 'letter, digit, "-", "->>", "->", delimiter (.) or end of input';

/** `relation.relation.column->key`: where a filter applies, and to what. */
export function parseTarget(key: string): { readonly path: readonly string[]; readonly field: Field } {
  const cursor = new Cursor("tree path", key);
  const names: string[] = [];
  do {
    if (names.length > MAX_ITEMS) throw cursor.faultAt(cursor.at, `more than ${MAX_ITEMS} names`);
    names.push(cursor.name());
  } while (cursor.takes("."));
  const path = cursor.path();
  cursor.end(IN_KEY);
  const name = names.pop() ?? "";
  return { path: names, field: { name, path } };
}

/** `relation.relation.order`: where it applies. */
export function parsePlace(key: string): readonly string[] {
  return parseTarget(key).path;
}

/** A list of columns: `columns=a,"b c"`. */
export function parseNames(subject: string, text: string): readonly string[] {
  const cursor = new Cursor(subject, text);
  const names = new Set<string>();
  do {
    if (names.size === MAX_ITEMS) throw cursor.faultAt(cursor.at, `more than ${MAX_ITEMS} names`);
    cursor.spaces();
    names.add(cursor.name());
    cursor.spaces();
  } while (cursor.takes(","));
  cursor.end('letter, digit, "-", "," or end of input');
  return [...names];
}
