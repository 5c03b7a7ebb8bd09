import { BlockList, isIPv4 } from "node:net";

/** Addresses that are not of the public internet (IANA special-purpose registries, RFC 6890), by family. */
const PRIVATE_V4 = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16], // link-local; where clouds keep their metadata services
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 4],
  ["240.0.0.0", 4],
] as const;

/** In IPv6 the public internet is 2000::/3; these parts of it are not, or lead to an IPv4 address of any kind. */
const PRIVATE_V6 = [
  ["2001::", 23], // IETF protocol assignments, Teredo among them
  ["2001:db8::", 32],
  ["2002::", 16], // 6to4
  ["3fff::", 20],
] as const;

const privateV4 = new BlockList();
for (const [network, prefix] of PRIVATE_V4) privateV4.addSubnet(network, prefix, "ipv4");

const publicV6 = new BlockList();
publicV6.addSubnet("2000::", 3, "ipv6");
const exceptionsV6 = new BlockList();
for (const [network, prefix] of PRIVATE_V6) exceptionsV6.addSubnet(network, prefix, "ipv6");

/**
 * Whether an IP address belongs to a private, loopback, link-local or otherwise special network. IPv6 is an allow
 * list, so that mapped and translated addresses (::ffff:10.0.0.1, 64:ff9b::a00:1) cannot be a way around.
 */
export function isPrivateAddress(address: string): boolean {
  if (isIPv4(address)) return privateV4.check(address, "ipv4");
  const bare = address.split("%")[0] ?? address;
  return !publicV6.check(bare, "ipv6") || exceptionsV6.check(bare, "ipv6");
}
