/** The longest word that is compared: the comparison is quadratic and the word comes from outside. */
const MAX_WORD = 100;

/** The candidate that `word` was most likely meant to be, or undefined when none is near. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  if (word.length > MAX_WORD) return undefined;
  const wanted = normal(word);
  const ranked = candidates
    .map((candidate) => ({ candidate, distance: distance(wanted, normal(candidate)) }))
    .sort((a, b) => a.distance - b.distance);
  const best = ranked[0];
  if (best === undefined) return undefined;
  const tolerated = Math.max(1, Math.floor(Math.max(word.length, best.candidate.length) / 3));
  if (best.distance <= tolerated) return best.candidate;
  return candidates.find((candidate) => isBeginning(wanted, normal(candidate)));
}

/** ` did you mean "x"?`, else the list of what there is when it is short, else where to read. */
export function advice(word: string, candidates: readonly string[]): string {
  const near = nearest(word, candidates);
  if (near !== undefined) return `did you mean "${near}"?`;
  if (candidates.length === 0) return "see docs/configuration.md";
  return `it can be ${candidates.join(", ")}`;
}

/** Whether one word is the other cut short (`warning` for `warn`); fewer letters than three say nothing. */
function isBeginning(a: string, b: string): boolean {
  return Math.min(a.length, b.length) >= 3 && (a.startsWith(b) || b.startsWith(a));
}

/** Case, `_` and `-` are what people confuse most. */
function normal(word: string): string {
  return word.toLowerCase().replaceAll(/[_-]/g, "");
}

/** Optimal string alignment distance: insertions, deletions, substitutions and swaps of neighbours. */
function distance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const changed = a[i - 1] === b[j - 1] ? 0 : 1;
      let cost = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + changed);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        cost = Math.min(cost, (beforeLast[j - 2] ?? 0) + 1);
      row.push(cost);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length] ?? 0;
}
