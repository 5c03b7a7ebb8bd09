import type { QualifiedName } from "../types.ts";

/** A map by schema and name, built up step by step. */
export class ByName<T> {
  readonly maps = new Map<string, Map<string, T>>();

  get({ schema, name }: QualifiedName): T | undefined {
    return this.maps.get(schema)?.get(name);
  }

  set({ schema, name }: QualifiedName, value: T): void {
    const names = this.maps.get(schema);
    if (names === undefined) this.maps.set(schema, new Map([[name, value]]));
    else names.set(name, value);
  }

  getOrAdd(key: QualifiedName, make: () => T): T {
    const known = this.get(key);
    if (known !== undefined) return known;
    const made = make();
    this.set(key, made);
    return made;
  }

  *entries(): Generator<readonly [QualifiedName, T]> {
    for (const [schema, names] of this.maps)
      for (const [name, value] of names) yield [{ schema, name }, value];
  }
}
