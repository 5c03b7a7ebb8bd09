import assert from "node:assert/strict";
import { test } from "node:test";
import { ed25519Fault } from "../../../src/identity/ed25519-point.ts";

/** Edwards25519 (RFC 8032 §5.1), written out plainly to check the list of points against. */
const P = 2n ** 255n - 19n;
const mod = (a: bigint) => ((a % P) + P) % P;
const power = (base: bigint, exponent: bigint): bigint => {
  let [result, square] = [1n, mod(base)];
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = mod(result * square);
    square = mod(square * square);
  }
  return result;
};
const inverse = (a: bigint) => power(a, P - 2n);
const D = mod(-121665n * inverse(121666n));
type Point = readonly [bigint, bigint];
const add = ([x1, y1]: Point, [x2, y2]: Point): Point => {
  const t = mod(D * x1 * x2 * y1 * y2);
  return [mod((x1 * y2 + y1 * x2) * inverse(1n + t)), mod((y1 * y2 + x1 * x2) * inverse(mod(1n - t)))];
};
const root = (a: bigint): bigint | undefined => {
  const candidate = power(a, (P + 3n) / 8n);
  const other = mod(candidate * power(2n, (P - 1n) / 4n));
  return [candidate, other].find((r) => mod(r * r) === mod(a));
};
const xOf = (y: bigint) => root((y * y - 1n) * inverse(D * y * y + 1n));
const encode = ([x, y]: Point) =>
  Buffer.from((y | ((x & 1n) << 255n)).toString(16).padStart(64, "0"), "hex").reverse();

/** A point of order 8: eight times any point of the curve's large order is none, so look for one by its subgroup. */
function pointOfOrder8(): Point {
  const order = 2n ** 252n + 27742317777372353535851937790883648493n;
  for (let y = 2n; ; y += 1n) {
    const x = xOf(y);
    if (x === undefined) continue;
    let torsion: Point = [0n, 1n];
    let doubling: Point = [x, y];
    for (let rest = order; rest > 0n; rest >>= 1n) {
      if (rest & 1n) torsion = add(torsion, doubling);
      doubling = add(doubling, doubling);
    }
    const four = add(add(torsion, torsion), add(torsion, torsion));
    if (four[1] !== 1n) return torsion;
  }
}

test("all eight points of small order are refused as Ed25519 keys", () => {
  const generator = pointOfOrder8();
  const seen = new Set<string>();
  let point: Point = [0n, 1n];
  for (let n = 0; n < 8; n += 1) {
    seen.add(encode(point).toString("hex"));
    assert.equal(ed25519Fault(encode(point)), "an Ed25519 key of small order");
    point = add(point, generator);
  }
  assert.equal(seen.size, 8);
});

test("an honest Ed25519 key (RFC 8037 appendix A.2) is accepted", () => {
  const key = Buffer.from("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "base64url");
  assert.equal(ed25519Fault(key), undefined);
});

for (const [what, y] of [
  ["p", P],
  ["p + 1", P + 1n],
  ["2^255 - 1", 2n ** 255n - 1n],
] as const) {
  test(`a y coordinate of ${what} is not in canonical form`, () => {
    assert.equal(ed25519Fault(encode([0n, y])), "an Ed25519 key that is not in canonical form");
  });
}
