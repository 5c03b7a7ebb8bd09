/** `::ffff:127.0.0.1` is 127.0.0.1: address rules must not depend on how a socket was bound. */
export function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, "");
}

/** Whether a plain address is this machine's own (RFC 1122 §3.2.1.3, RFC 4291 §2.5.3). */
export function isLoopback(address: string): boolean {
  return address === "::1" || address.startsWith("127.");
}
