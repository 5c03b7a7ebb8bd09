/**
 * Names for rows and subqueries, no two alike in one statement: an alias that hides another would join the wrong rows.
 * Those of rows are the relations' own where possible, since they appear in the server's messages.
 */
export class Aliases {
  readonly #taken = new Set<string>();
  #embeds = 0;

  rows(relation: string): string {
    const base = isPlain(relation) ? relation : "rows";
    let alias = base;
    for (let number = 1; this.#taken.has(alias); number++) alias = `${base}_${number}`;
    this.#taken.add(alias);
    return alias;
  }

  /** Those begin with `_`, and those of rows never do. */
  embed(): string {
    this.#embeds += 1;
    return `_embed_${this.#embeds}`;
  }
}

/** PostgreSQL cuts a name after 63 bytes, the number included. */
const MAX_BYTES = 55;

function isPlain(relation: string): boolean {
  return !relation.startsWith("_") && Buffer.byteLength(relation) <= MAX_BYTES;
}
