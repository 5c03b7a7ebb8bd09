/** Descriptions that were written, for as long as their catalog is in use: writing one costs much more than sending it. */
import type { Catalog } from "../../catalog/types.ts";

/** One for each set of rights; most APIs have a handful. */
const MAX_KEPT = 8;
/** Of a very large schema one is kept at most. */
const MAX_KEPT_BYTES = 64 * 1024 * 1024;

interface Kept {
  readonly pieces: Promise<readonly Buffer[]>;
  bytes: number;
}

const kept = new WeakMap<Catalog, Map<string, Kept>>();

/**
 * The description that is known by `key`, or what `write` gives. Who asks while it is written waits for the same one.
 * @param key everything that it depends on besides the catalog
 */
export function keptDocument(
  catalog: Catalog,
  key: string,
  write: () => Promise<readonly Buffer[]>,
): Promise<readonly Buffer[]> {
  const documents = kept.get(catalog) ?? new Map<string, Kept>();
  kept.set(catalog, documents);
  const found = documents.get(key);
  if (found !== undefined) return found.pieces;
  const one: Kept = { pieces: write(), bytes: 0 };
  documents.set(key, one);
  one.pieces.then(
    (pieces) => {
      for (const piece of pieces) one.bytes += piece.length;
      makeRoom(documents);
    },
    () => documents.delete(key),
  );
  return one.pieces;
}

/** The oldest goes first; the newest stays, for there may be others who wait for it. */
function makeRoom(documents: Map<string, Kept>): void {
  let bytes = 0;
  for (const one of documents.values()) bytes += one.bytes;
  for (const [key, one] of documents) {
    if (documents.size === 1 || (documents.size <= MAX_KEPT && bytes <= MAX_KEPT_BYTES)) return;
    documents.delete(key);
    bytes -= one.bytes;
  }
}
