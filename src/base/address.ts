/** Where the server of a port listens in a directory (PostgreSQL docs, "unix_socket_directories"). */
export function serverSocket(directory: string, port: number): string {
  return `${directory}/.s.PGSQL.${port}`;
}

/** `::ffff:127.0.0.1` is 127.0.0.1: address rules must not depend on how a socket was bound. */
export function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, "");
}

/** Whether a plain address is this machine's own (RFC 1122 §3.2.1.3, RFC 4291 §2.5.3). */
export function isLoopback(address: string): boolean {
  return address === "::1" || address.startsWith("127.");
}

/** A host name has at most 253 characters (RFC 1035 §2.3.4); an address with a zone is shorter. */
const MAX_RHOST = 255;
/** How PostgreSQL calls clients at its Unix-domain socket when it asks PAM. */
export const LOCAL_RHOST = "[local]";

/**
 * The client of a PostgreSQL server as PAM_RHOST has it: a plain address, a host name where `pam_use_hostname` is set, or
 * empty for `[local]`. Undefined when it is none of these.
 */
export function parseRhost(rhost: string): string | undefined {
  if (rhost === LOCAL_RHOST) return "";
  if (rhost.length > MAX_RHOST || !/^[0-9A-Za-z.:%_-]+$/.test(rhost)) return undefined;
  return plainAddress(rhost);
}

/** The same the other way round. */
export function rhostOf(address: string): string {
  return address === "" ? LOCAL_RHOST : address;
}
