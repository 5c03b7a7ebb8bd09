/** `::ffff:127.0.0.1` is 127.0.0.1: address rules must not depend on how a socket was bound. */
export function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, "");
}
