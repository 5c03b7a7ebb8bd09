import { BlockList, isIP } from "node:net";
import { plainAddress } from "./address.ts";

interface Network {
  readonly address: string;
  readonly prefix: number;
  readonly family: "ipv4" | "ipv6";
}

/** `10.0.0.0/8`, `2001:db8::/32`, `::1` as a network (RFC 4632 §3.1, RFC 4291 §2.3); undefined when it is none. */
export function parseNetwork(text: string): Network | undefined {
  const [written = "", length, ...more] = text.split("/", 3);
  const address = plainAddress(written);
  const version = isIP(address);
  if (version === 0 || more.length > 0 || address.includes("%")) return undefined;
  const bits = version === 4 ? 32 : 128;
  if (length === undefined) return { address, prefix: bits, family: familyOf(version) };
  if (address !== written || !/^(0|[1-9]\d{0,2})$/.test(length) || Number(length) > bits) return undefined;
  return { address, prefix: Number(length), family: familyOf(version) };
}

function familyOf(version: number): Network["family"] {
  return version === 4 ? "ipv4" : "ipv6";
}

/**
 * Whether an address lies in one of the networks. What is not an address lies in none, and a network that is none holds
 * nothing: a rule that cannot be read must not open.
 */
export function liesIn(address: string, networks: readonly string[]): boolean {
  const plain = plainAddress(address).split("%")[0] ?? "";
  const version = isIP(plain);
  if (version === 0) return false;
  const family = familyOf(version);
  const list = new BlockList();
  for (const network of networks) {
    const parsed = parseNetwork(network);
    // Node would look for an IPv4 address among IPv6 networks, too, as if it were mapped.
    if (parsed?.family === family) list.addSubnet(parsed.address, parsed.prefix, family);
  }
  return list.check(plain, family);
}
