/** What JSON can hold. Members that are undefined are left out. */
export type Json =
  | string
  | number
  | boolean
  | null
  | readonly Json[]
  | { readonly [name: string]: Json | undefined };

/**
 * The one text that stands for a value, RFC 8785 (JSON Canonicalization Scheme): members in the order of their UTF-16
 * code units, no white space, numbers and strings as ECMAScript writes them. Two readers that hash a value agree.
 * @throws TypeError for what has no canonical form: NaN, infinities, lone surrogates
 */
export function canonicalJson(value: Json): string {
  if (typeof value === "string") return canonicalText(value);
  if (typeof value === "number") return canonicalNumber(value);
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (isList(value)) return `[${value.map(canonicalJson).join(",")}]`;
  const members = Object.keys(value)
    .sort() // by UTF-16 code units, which is the order of RFC 8785 §3.2.3
    .flatMap((name) => {
      const member = value[name];
      return member === undefined ? [] : [`${canonicalText(name)}:${canonicalJson(member)}`];
    });
  return `{${members.join(",")}}`;
}

function isList(value: object): value is readonly Json[] {
  return Array.isArray(value);
}

/** RFC 8785 §3.2.2.2 is how JSON.stringify escapes, once the text is well formed. */
function canonicalText(text: string): string {
  if (!text.isWellFormed()) throw new TypeError("a lone surrogate has no canonical form");
  return JSON.stringify(text);
}

/** RFC 8785 §3.2.2.3 is how ECMAScript writes numbers; JSON.stringify makes -0 the 0 that is wanted. */
function canonicalNumber(number: number): string {
  if (!Number.isFinite(number)) throw new TypeError("a number that is not finite has no canonical form");
  return JSON.stringify(number);
}
