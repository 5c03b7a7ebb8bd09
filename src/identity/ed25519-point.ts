/**
 * Which 32 bytes are fit to be an Ed25519 public key (RFC 8032 §5.1.3). The runtimes take any, and with a key of small
 * order one signature holds for every message: whoever can slip such a key into a set can forge tokens without
 * knowing any secret.
 */

/** The field's prime, 2^255 - 19. */
const P = 2n ** 255n - 19n;

/**
 * The y coordinates of the eight points of small order (orders 1, 2, 4, 8; each y stands for x and -x). The two of
 * order 8 come from y² = (-1 ± √(1 + d)) / d; a test computes the orders.
 */
const SMALL_ORDER_Y: ReadonlySet<bigint> = new Set([
  1n,
  P - 1n,
  0n,
  0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7n,
  0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n,
]);

/** What is wrong with `bytes` as an Ed25519 public key; undefined when nothing is. */
export function ed25519Fault(bytes: Uint8Array): string | undefined {
  if (bytes.length !== 32) return "an Ed25519 key has 32 bytes";
  // Little-endian, the top bit is the sign of x.
  const y = BigInt(`0x${Buffer.from(bytes).reverse().toString("hex")}`) & (2n ** 255n - 1n);
  if (y >= P) return "an Ed25519 key that is not in canonical form";
  if (SMALL_ORDER_Y.has(y)) return "an Ed25519 key of small order";
  return undefined;
}
