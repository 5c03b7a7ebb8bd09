import { Fields } from "../read/fields.ts";

/** A foreign key, in oids and column numbers. */
export interface ForeignKey {
  readonly name: string;
  readonly from: string;
  readonly to: string;
  readonly fromColumns: readonly number[];
  readonly toColumns: readonly number[];
}

/** The keys of base tables, by oid. */
export interface Constraints {
  readonly primaryKeys: ReadonlyMap<string, readonly number[]>;
  readonly foreignKeys: readonly ForeignKey[];
  /** Whether a primary key or unique constraint of the relation is over exactly these columns, in any order. */
  isUnique(relation: string, columns: readonly number[]): boolean;
}

export class ConstraintReader implements Constraints {
  readonly primaryKeys = new Map<string, readonly number[]>();
  readonly foreignKeys: ForeignKey[] = [];
  readonly #unique = new Map<string, Set<string>>();

  read(payload: string): void {
    const row = Fields.parse(payload);
    const [relation, columns] = [row.text(2), row.numbers(4)];
    if (row.text(1) === "f") {
      this.foreignKeys.push({
        name: row.text(0),
        from: relation,
        to: row.text(3),
        fromColumns: columns,
        toColumns: row.numbers(5),
      });
      return;
    }
    if (row.text(1) === "p") this.primaryKeys.set(relation, columns);
    const known = this.#unique.get(relation) ?? new Set();
    this.#unique.set(relation, known.add(inOrder(columns)));
  }

  isUnique(relation: string, columns: readonly number[]): boolean {
    return this.#unique.get(relation)?.has(inOrder(columns)) ?? false;
  }
}

function inOrder(columns: readonly number[]): string {
  return [...columns].sort((a, b) => a - b).join();
}
