/**
 * SQL text with its parameters, put together from pieces.
 *
 * Text comes only from template literals in the source (`sql`), names only through `identifier`, which quotes them, and
 * values only through `parameter`, which numbers them: nothing else fits into a fragment, so what a client sent can't
 * become SQL. Fragments are a tree that `render` walks once, so the cost is linear however they are nested, and the
 * same shape always gives the same text, so that prepared statements are reused.
 */
import { quoteIdentifier } from "../../../base/sql-text.ts";

/** What a parameter may hold: strings in text format, bytes in binary format. A large one may be in pieces. */
export type ParameterValue = string | Buffer | readonly Buffer[] | null;

/** A parameter's place in the text is chosen when the text is rendered. */
class Parameter {
  readonly value: ParameterValue;

  constructor(value: ParameterValue) {
    this.value = value;
  }
}

class Fragment {
  readonly #parts: readonly (string | Fragment | Parameter)[];

  constructor(parts: readonly (string | Fragment | Parameter)[]) {
    this.#parts = parts;
  }

  /** Appends this fragment to what is being rendered. */
  renderTo(target: Rendering): void {
    for (const part of this.#parts) {
      if (typeof part === "string") target.text += part;
      else if (part instanceof Fragment) part.renderTo(target);
      else target.text += placeholder(target, part);
    }
  }
}

/** A piece of SQL. The class itself stays in this module: nobody else can make one from a string. */
export type Sql = Fragment;

interface Rendering {
  text: string;
  readonly numbers: Map<Parameter, string>;
  readonly values: ParameterValue[];
}

/** A fragment that stands in several places is still one parameter. */
function placeholder(target: Rendering, parameter: Parameter): string {
  const known = target.numbers.get(parameter);
  if (known !== undefined) return known;
  const number = `$${target.values.push(parameter.value)}`;
  target.numbers.set(parameter, number);
  return number;
}

/** SQL as written in the source, with fragments in its gaps. */
export function sql(strings: TemplateStringsArray, ...fragments: readonly Sql[]): Sql {
  const parts: (string | Fragment)[] = [strings[0] as string]; // a template has one string more than it has gaps
  for (let index = 0; index < fragments.length; index++) {
    parts.push(fragments[index] as Fragment, strings[index + 1] as string);
  }
  return new Fragment(parts);
}

/** Nothing. */
export const EMPTY: Sql = sql``;
export const COMMA: Sql = sql`, `;
export const AND: Sql = sql` AND `;
export const OR: Sql = sql` OR `;

/** A value, sent beside the text. The server takes its type from where it stands. */
export function parameter(value: ParameterValue): Sql {
  return new Fragment([new Parameter(value)]);
}

/**
 * A quoted name ("Identifiers and Key Words" in the chapter "Lexical Structure"): of the catalog, or an output column's
 * name. NUL can't be part of a name, and would end the text early in the protocol's Parse message.
 */
export function identifier(name: string): Sql {
  return new Fragment([quote(name)]);
}

/** A name in a schema. */
export function qualified(schema: string, name: string): Sql {
  return new Fragment([`${quote(schema)}.${quote(name)}`]);
}

function quote(name: string): string {
  if (name.includes("\0")) throw new TypeError("a NUL in a name");
  return quoteIdentifier(name);
}

/**
 * SQL that the server itself wrote down and the catalog keeps: a type's name (format_type) or a column's default
 * (pg_get_expr). Nothing of a request is ever handed to this function.
 */
export function serverText(text: string): Sql {
  if (text.includes("\0")) throw new TypeError("a NUL in the server's text");
  return new Fragment([text]);
}

/** A whole number that Postern chose itself (never one that a client sent, which would make a new text each time). */
export function integer(value: number): Sql {
  if (!Number.isSafeInteger(value)) throw new TypeError(`not a whole number: ${value}`);
  return new Fragment([String(value)]);
}

/** The fragments in a row with a separator in between. */
export function join(fragments: readonly Sql[], separator: Sql): Sql {
  const parts: Fragment[] = [];
  for (const fragment of fragments) {
    if (parts.length > 0) parts.push(separator);
    parts.push(fragment);
  }
  return new Fragment(parts);
}

/** The text with `$1`, `$2`, … and the values in that order. */
export function render(fragment: Sql): {
  readonly text: string;
  readonly parameters: readonly ParameterValue[];
} {
  const rendering: Rendering = { text: "", numbers: new Map(), values: [] };
  fragment.renderTo(rendering);
  return { text: rendering.text, parameters: rendering.values };
}
