/**
 * How alike two names are, for "did you mean". The names come from outside and the comparison is quadratic, so that
 * all of it is bounded: a name longer than any identifier is compared with none, and of candidates only those are
 * compared letter by letter that can still be near enough.
 */

/** NAMEDATALEN gives names 63 bytes; a list of arguments is longer, but nobody mistypes 200 letters recognisably. */
const MAX_LENGTH = 200;

/**
 * What one search may do: letters compared with letters, and each name counts for some. That is about four milliseconds,
 * and what was not looked at by then is not suggested. Ten thousand names that are unlike each other need a third of it;
 * of names that are all nearly alike the first thousands are looked at.
 */
const MAX_WORK = 1_500_000;
const WORK_OF_NAME = 20;

/** The candidate that is most like `word`, if any is at least as alike as `least` (0 to 1). The first wins a tie. */
export function mostSimilar(word: string, candidates: Iterable<string>, least: number): string | undefined {
  if (word.length > MAX_LENGTH) return undefined;
  const wanted = word.toLowerCase();
  const letters = letterSet(wanted);
  let best: string | undefined;
  let bar = least;
  compared = 0;
  for (const candidate of candidates) {
    const longest = Math.max(word.length, candidate.length);
    const mostEdits = Math.floor((1 - bar) * longest + ROUNDING);
    compared += WORK_OF_NAME;
    if (compared > MAX_WORK) return best;
    if (candidate.length > MAX_LENGTH || Math.abs(word.length - candidate.length) > mostEdits) continue;
    const other = candidate.toLowerCase();
    if (differentLetters(letters, letterSet(other)) > mostEdits) continue;
    const found = 1 - distance(wanted, other, mostEdits) / longest;
    if (longest === 0 || found < bar - ROUNDING || (best !== undefined && found <= bar)) continue;
    [best, bar] = [candidate, found];
  }
  return best;
}

/** Of 4 edits in 16 letters, 1 - 4 / 16 must not be less than 0.75 by a rounding error. */
const ROUNDING = 1e-9;

/**
 * Levenshtein's distance: letters to insert, delete or replace. What both words begin and end with is left out first,
 * since names of one schema are often alike there.
 * @param most when the distance is more than this, what is returned is more as well, and no matter how much
 */
export function distance(a: string, b: string, most = Number.POSITIVE_INFINITY): number {
  let start = 0;
  let [endOfA, endOfB] = [a.length, b.length];
  while (start < endOfA && start < endOfB && a.charCodeAt(start) === b.charCodeAt(start)) start++;
  while (endOfA > start && endOfB > start && a.charCodeAt(endOfA - 1) === b.charCodeAt(endOfB - 1)) {
    endOfA--;
    endOfB--;
  }
  return middleDistance(a, b, { start, endOfA, endOfB, most });
}

interface Middle {
  readonly start: number;
  readonly endOfA: number;
  readonly endOfB: number;
  readonly most: number;
}

function middleDistance(a: string, b: string, { start, endOfA, endOfB, most }: Middle): number {
  const width = endOfB - start;
  const row = width < ROW.length ? ROW : new Uint16Array(width + 1);
  for (let at = 0; at <= width; at++) row[at] = at;
  for (let i = start; i < endOfA; i++) {
    let diagonal = i - start;
    let least = diagonal + 1;
    row[0] = least;
    const letter = a.charCodeAt(i);
    for (let at = 1; at <= width; at++) {
      const above = row[at] ?? 0;
      const replaced = diagonal + (letter === b.charCodeAt(start + at - 1) ? 0 : 1);
      const cell = Math.min(replaced, above + 1, (row[at - 1] ?? 0) + 1);
      row[at] = cell;
      if (cell < least) least = cell;
      diagonal = above;
    }
    compared += width;
    if (least > most) return least; // and later rows only grow
  }
  return row[width] ?? 0;
}

/** Letters that were compared since the search began. */
let compared = 0;

/** The row of distances that is worked on: kept, so that comparing with thousands of names allocates nothing. */
const ROW = new Uint16Array(MAX_LENGTH + 1);

/** Which letters there are, one bit for each of 32 classes. */
function letterSet(word: string): number {
  let bits = 0;
  for (let at = 0; at < word.length; at++) bits |= 1 << (word.charCodeAt(at) & 31);
  return bits;
}

/** A lower bound of the distance: letters of one that the other has nowhere each need an edit. */
function differentLetters(a: number, b: number): number {
  return Math.max(ones(a & ~b), ones(b & ~a));
}

function ones(bits: number): number {
  let count = 0;
  for (let left = bits; left !== 0; left &= left - 1) count++;
  return count;
}
