/** A set of code points, kept as sorted ranges. */
export class CodePointSet {
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];

  /** @param ranges base-36 `gap` or `gap.length`, separated by blanks; see stringprep-tables.ts */
  constructor(ranges: string) {
    let end = 0;
    for (const range of ranges.split(" ")) {
      const [gap = "", more = "0"] = range.split(".");
      const start = end + Number.parseInt(gap, 36);
      end = start + Number.parseInt(more, 36);
      this.#starts.push(start);
      this.#ends.push(end);
    }
  }

  has(codePoint: number): boolean {
    let low = 0;
    let high = this.#starts.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      if (codePoint < (this.#starts[middle] ?? 0)) high = middle - 1;
      else if (codePoint > (this.#ends[middle] ?? 0)) low = middle + 1;
      else return true;
    }
    return false;
  }
}
