import { readFileSync, statSync } from "node:fs";

/** Contents of files, read again when a file changes. A certificate or secret is replaced without a restart. */
export class WatchedFiles {
  readonly #known = new Map<string, { readonly stamp: string; readonly content: Buffer }>();

  /** The content as it is now. Throws what node:fs throws. */
  read(path: string): Buffer {
    const { mtimeMs, size, ino } = statSync(path);
    const stamp = `${mtimeMs}:${size}:${ino}`;
    const known = this.#known.get(path);
    if (known?.stamp === stamp) return known.content;
    const content = readFileSync(path);
    this.#known.set(path, { stamp, content });
    return content;
  }
}
