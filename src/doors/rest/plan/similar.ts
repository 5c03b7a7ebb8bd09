/** Which known name a mistyped one may have meant. */

/** Below this, names have little in common; PostgREST's documentation says 75 % of tables. */
const ENOUGH = 0.5;
/** Names that are compared: with more, a mistake would cost more than a request. */
const AT_MOST = 2000;

/** The most similar of the names, by the pairs of letters that they share (the Sørensen–Dice coefficient). */
export function similarName(name: string, among: Iterable<string>, enough = ENOUGH): string | undefined {
  const wanted = pairsOf(name);
  let best: string | undefined;
  let most = enough;
  let compared = 0;
  for (const candidate of among) {
    compared += 1;
    if (compared > AT_MOST) break;
    const likeness = likenessOf(wanted, candidate);
    if (likeness >= most && candidate !== best) {
      if (likeness === most && best !== undefined) continue; // the first of equals
      best = candidate;
      most = likeness;
    }
  }
  return best;
}

function likenessOf(wanted: ReadonlyMap<string, number>, candidate: string): number {
  const pairs = pairsOf(candidate);
  let shared = 0;
  for (const [pair, times] of pairs) shared += Math.min(times, wanted.get(pair) ?? 0);
  return (2 * shared) / (sum(wanted) + sum(pairs));
}

/** With the name's two ends marked, so that they count too. */
function pairsOf(name: string): Map<string, number> {
  const marked = `\0${name.toLowerCase()}\0`;
  const pairs = new Map<string, number>();
  for (let at = 0; at < marked.length - 1; at++) {
    const pair = marked.slice(at, at + 2);
    pairs.set(pair, (pairs.get(pair) ?? 0) + 1);
  }
  return pairs;
}

function sum(pairs: ReadonlyMap<string, number>): number {
  let total = 0;
  for (const times of pairs.values()) total += times;
  return total;
}
