/** `not.eq.1`, `in.(a,b)`, `fts(english).word`: what a filter asks of its field. */
import type { Cursor } from "./cursor.ts";
import type { Filter, FtsOperator, IsValue, Operation, QuantifiedOperator, SimpleOperator } from "./types.ts";

/** Where a value ends: with the text, or inside of a logic tree at the next comma or bracket. */
export type ValueEnd = "text" | "item";

const OPERATOR = "operator (eq, gt, ...)";
const IS_VALUE = "isVal: (null, not_null, true, false, unknown)";
const COMMA = 0x2c;
const CLOSE = 0x29;

type Operators = {
  readonly [name: string]:
    | { readonly kind: "quantified"; readonly operator: QuantifiedOperator }
    | { readonly kind: "simple"; readonly operator: SimpleOperator }
    | { readonly kind: "fts"; readonly operator: FtsOperator }
    | { readonly kind: "in" | "is" | "isdistinct" };
};

const quantified = (operator: QuantifiedOperator) => ({ kind: "quantified", operator }) as const;
const simple = (operator: SimpleOperator) => ({ kind: "simple", operator }) as const;
const fts = (operator: FtsOperator) => ({ kind: "fts", operator }) as const;

const OPERATORS: ReadonlyMap<string, Operators[string]> = new Map<string, Operators[string]>([
  ...(["eq", "gt", "gte", "lt", "lte", "like", "ilike", "match", "imatch"] as const).map(
    (name) => [name, quantified(name)] as const,
  ),
  ...(["neq", "cs", "cd", "ov", "sl", "sr", "nxr", "nxl", "adj"] as const).map(
    (name) => [name, simple(name)] as const,
  ),
  ...(["fts", "plfts", "phfts", "wfts"] as const).map((name) => [name, fts(name)] as const),
  ["in", { kind: "in" }],
  ["is", { kind: "is" }],
  ["isdistinct", { kind: "isdistinct" }],
]);

const IS_VALUES: ReadonlySet<string> = new Set<IsValue>(["null", "not_null", "true", "false", "unknown"]);

export type Comparison = Pick<Filter, "negated" | "operation">;

/** Reads an operator and its value; the text is one or it is a mistake. */
export function parseComparison(cursor: Cursor, end: ValueEnd): Comparison {
  const start = cursor.at;
  const negated = cursor.takesText("not.");
  const operation = parseOperation(cursor, end);
  if (operation !== undefined) return { negated, operation };
  if (negated) throw cursor.fault(OPERATOR);
  // The error points to the beginning, and names the first character that `not` does not begin with.
  let odd = start;
  while (odd < start + 3 && cursor.text[odd] === "not"[odd - start]) odd += 1;
  const found = cursor.text.codePointAt(odd);
  const unexpected = found === undefined ? "end of input" : `"${String.fromCodePoint(found)}"`;
  throw cursor.faultAt(start, `unexpected ${unexpected} expecting "not" or ${OPERATOR}`);
}

/** The same for an argument of a function, which any text may be: undefined when it does not begin with an operator. */
export function tryComparison(cursor: Cursor): Comparison | undefined {
  const negated = cursor.takesText("not.");
  const operation = parseOperation(cursor, "text", negated);
  if (operation !== undefined) return { negated, operation };
  if (negated) throw cursor.fault(OPERATOR);
  return undefined;
}

/** @param strict whether an operator that something odd follows is a mistake, or no operator at all */
function parseOperation(cursor: Cursor, end: ValueEnd, strict = true): Operation | undefined {
  const start = cursor.at;
  const word = cursor.word();
  const operator = OPERATORS.get(word);
  if (operator === undefined) return undefined;
  cursor.at += word.length;
  const modifier = readModifier(cursor, operator.kind);
  if (cursor.takes(".")) return readValue(cursor, operator, modifier, end);
  if (strict) throw cursor.fault(OPERATOR);
  cursor.at = start;
  return undefined;
}

/** `(any)`, `(all)` or `(language)`. Where there is no such modifier, nothing is stepped over. */
function readModifier(cursor: Cursor, kind: Operation["kind"]): string | undefined {
  if (cursor.text[cursor.at] !== "(") return undefined;
  if (kind !== "quantified" && kind !== "fts") return undefined;
  const close = cursor.text.indexOf(")", cursor.at);
  const inside = cursor.text.slice(cursor.at + 1, Math.max(close, 0));
  const known = kind === "quantified" ? inside === "any" || inside === "all" : isLanguage(inside);
  if (!known) {
    // The mistake is inside of the brackets, so that is where the error points.
    cursor.at += 1;
    return undefined;
  }
  cursor.at = close + 1;
  return inside.trim();
}

/** A text search configuration is handed to the server as a value; that it looks like a name only helps the error. */
function isLanguage(text: string): boolean {
  return /^[\p{L}\p{M}\d_$ ]+$/u.test(text) && text.trim() !== "";
}

function readValue(
  cursor: Cursor,
  operator: Operators[string],
  modifier: string | undefined,
  end: ValueEnd,
): Operation {
  switch (operator.kind) {
    case "in":
      return { kind: "in", values: readList(cursor, end) };
    case "is":
      return { kind: "is", value: readIs(cursor, end) };
    case "isdistinct":
      return { kind: "isdistinct", value: readSingle(cursor, end) };
    case "simple":
      return { kind: "simple", operator: operator.operator, value: readSingle(cursor, end) };
    case "fts":
      return { kind: "fts", operator: operator.operator, language: modifier, value: readSingle(cursor, end) };
    case "quantified": {
      const quantifier = modifier === "any" || modifier === "all" ? modifier : undefined;
      return { kind: "quantified", operator: operator.operator, quantifier, value: readSingle(cursor, end) };
    }
    default:
      return operator satisfies never;
  }
}

function readSingle(cursor: Cursor, end: ValueEnd): string {
  if (end === "text") {
    const value = cursor.text.slice(cursor.at);
    cursor.at = cursor.text.length;
    return value;
  }
  const quoted = cursor.text[cursor.at] === '"' ? cursor.quoted(",)") : undefined;
  return quoted ?? readArray(cursor) ?? cursor.until(COMMA, CLOSE);
}

/** `{a,b}`: inside of an array literal commas and brackets end nothing. */
function readArray(cursor: Cursor): string | undefined {
  const { text, at } = cursor;
  if (text[at] !== "{") return undefined;
  for (let end = at + 1; end < text.length; end += 1) {
    if (text[end] === "{") return undefined;
    if (text[end] !== "}") continue;
    cursor.at = end + 1;
    return text.slice(at, cursor.at);
  }
  return undefined;
}

function readList(cursor: Cursor, end: ValueEnd): readonly string[] {
  cursor.spaces();
  cursor.expect("(");
  cursor.spaces();
  const values: string[] = [];
  do {
    const quoted = cursor.text[cursor.at] === '"' ? cursor.quoted(",)") : undefined;
    values.push(quoted ?? cursor.until(COMMA, CLOSE));
  } while (cursor.takes(","));
  cursor.expect(")", '"," or ")"');
  cursor.spaces();
  if (end === "text") cursor.end();
  return values;
}

function readIs(cursor: Cursor, end: ValueEnd): IsValue {
  const start = cursor.at;
  const text = end === "text" ? readSingle(cursor, end) : cursor.until(COMMA, CLOSE);
  const value = text.trim().toLowerCase();
  if (isIsValue(value)) return value;
  throw cursor.fault(IS_VALUE, start);
}

function isIsValue(text: string): text is IsValue {
  return IS_VALUES.has(text);
}
