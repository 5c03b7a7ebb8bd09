import { query } from "jsonpath-rfc9535";
import parse from "jsonpath-rfc9535/parser";

/** `$.a.b` with plain member names: the usual case, followed without the general evaluator. */
const PLAIN_MEMBERS = /^\$(?:\.[A-Za-z_][A-Za-z0-9_]*)+$/;

/** Where in a claim set something is: a JSON Path (RFC 9535), parsed once when the configuration is read. */
export class ClaimPath {
  readonly text: string;
  readonly #members: readonly string[] | undefined;

  private constructor(text: string) {
    this.text = text;
    this.#members = PLAIN_MEMBERS.test(text) ? text.slice(2).split(".") : undefined;
  }

  /** Parses a path; `.sub` and `sub` are read as `$.sub`. Returns what is wrong with it when it is none. */
  static parse(text: string): ClaimPath | { readonly fault: string } {
    const whole = text.startsWith("$") ? text : text.startsWith(".") ? `$${text}` : `$.${text}`;
    try {
      parse(whole);
    } catch {
      return { fault: "is not a JSON Path (RFC 9535); write one such as $.sub or $.groups[*]" };
    }
    return new ClaimPath(whole);
  }

  /** Every value that the path selects in `claims`, in document order; none when it selects nothing. */
  select(claims: unknown): readonly unknown[] {
    // The evaluator only reads its input, so any JSON value may be handed to it.
    if (this.#members === undefined) return query(claims as Parameters<typeof query>[0], this.text);
    let value = claims;
    for (const member of this.#members) {
      if (
        typeof value !== "object" ||
        value === null ||
        Array.isArray(value) ||
        !Object.hasOwn(value, member)
      )
        return [];
      value = (value as Record<string, unknown>)[member];
    }
    return [value];
  }

  toString(): string {
    return this.text;
  }

  toJSON(): string {
    return this.text;
  }
}
