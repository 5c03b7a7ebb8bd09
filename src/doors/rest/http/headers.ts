/** The header fields of a request, by lower-case name; repeated ones are all kept, in order. */
export class RequestHeaders {
  readonly #fields: ReadonlyMap<string, string | readonly string[]>;

  /** @param fields by lower-case name; a list where a field was repeated */
  constructor(fields: ReadonlyMap<string, string | readonly string[]>) {
    this.#fields = fields;
  }

  /** @param raw name, value, name, value, … in any case */
  static fromRaw(raw: readonly string[]): RequestHeaders {
    const fields = new Map<string, readonly string[]>();
    for (let at = 0; at + 1 < raw.length; at += 2) {
      const name = (raw[at] ?? "").toLowerCase();
      fields.set(name, [...(fields.get(name) ?? []), raw[at + 1] ?? ""]);
    }
    return new RequestHeaders(fields);
  }

  /** The field's value; repeated ones as one list (RFC 9110 §5.3), cookies by `; ` (RFC 9113 §8.2.3). */
  get(name: string): string | undefined {
    const value = this.#fields.get(name);
    if (value === undefined || typeof value === "string") return value;
    return value.join(name === "cookie" ? "; " : ", ");
  }

  /** Each field's name, once. */
  names(): Iterable<string> {
    return this.#fields.keys();
  }

  /** Each value on its own. */
  all(name: string): readonly string[] {
    const value = this.#fields.get(name);
    return value === undefined ? [] : typeof value === "string" ? [value] : value;
  }

  /** Every field once, as `get` gives it. */
  *[Symbol.iterator](): IterableIterator<[name: string, value: string]> {
    for (const name of this.#fields.keys()) yield [name, this.get(name) ?? ""];
  }
}
