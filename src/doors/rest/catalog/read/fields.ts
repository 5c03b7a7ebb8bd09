import { CatalogError } from "../errors.ts";

/** One row of what the database says of itself, a JSON array: each value is checked when it is taken out. */
export class Fields {
  readonly #values: readonly unknown[];

  constructor(values: unknown) {
    if (!Array.isArray(values)) throw unreadable("an array", values);
    this.#values = values;
  }

  static parse(json: string): Fields {
    return new Fields(JSON.parse(json));
  }

  text(at: number): string {
    const value = this.#values[at];
    if (typeof value !== "string") throw unreadable("text", value);
    return value;
  }

  textOrNull(at: number): string | null {
    return this.#values[at] == null ? null : this.text(at);
  }

  number(at: number): number {
    const value = this.#values[at];
    if (typeof value !== "number") throw unreadable("a number", value);
    return value;
  }

  flag(at: number): boolean {
    const value = this.#values[at];
    if (typeof value !== "boolean") throw unreadable("true or false", value);
    return value;
  }

  /** None for NULL. */
  texts(at: number): readonly string[] {
    return this.#list(at, (value): value is string => typeof value === "string");
  }

  numbers(at: number): readonly number[] {
    return this.#list(at, (value): value is number => typeof value === "number");
  }

  rows(at: number): readonly Fields[] {
    return this.#list(at, (value): value is readonly unknown[] => Array.isArray(value)).map(
      (row) => new Fields(row),
    );
  }

  #list<T>(at: number, is: (value: unknown) => value is T): readonly T[] {
    const value = this.#values[at] ?? [];
    if (!Array.isArray(value) || !value.every(is)) throw unreadable("a list", value);
    return value;
  }
}

function unreadable(wanted: string, found: unknown): CatalogError {
  return new CatalogError("catalog/unreadable", `${wanted} was expected, not ${JSON.stringify(found)}`);
}
