/** More values of one label than this are no longer a closed union of ours but somebody's input. */
const MAX_VALUES = 64;

/** Keeps the values of a label to a bounded set: those that come after it is full become `other`. */
export class BoundedLabel {
  readonly #known = new Set<string>();

  of(value: string): string {
    if (!this.#known.has(value) && this.#known.size < MAX_VALUES) this.#known.add(value);
    return this.#known.has(value) ? value : "other";
  }
}
