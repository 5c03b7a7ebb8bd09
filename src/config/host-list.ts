import type { Parameters } from "./conninfo.ts";

const DEFAULT_PORT = 5432;

/** A connection string that cannot be used; the message tells why. */
export class Unusable extends Error {}

/**
 * The servers that `host` and `port` name.
 * @throws Unusable
 */
export function hostsOf(parameters: Parameters): { host: string; port: number }[] {
  const hosts = (parameters.get("host") ?? "").split(",").map(unbracket);
  const ports = (parameters.get("port") ?? "").split(",");
  if (ports.length !== 1 && ports.length !== hosts.length)
    throw new Unusable(
      `has ${ports.length} ports for ${hosts.length} hosts; write one port for all or one for each`,
    );
  return hosts.map((host, index) => ({
    host: usableHost(host),
    port: portOf((ports.length === 1 ? ports[0] : ports[index]) ?? ""),
  }));
}

function unbracket(host: string): string {
  return host.startsWith("[") && host.endsWith("]") ? host.slice(1, -1) : host;
}

function usableHost(host: string): string {
  if (host === "") throw new Unusable("has an empty host; name every server");
  const fault = hostFault(host);
  if (fault !== undefined) throw new Unusable(`has a host that ${fault}`);
  return host;
}

/** What is wrong with the name of a server; undefined when it can be one. */
export function hostFault(host: string): string | undefined {
  // libpq takes these for Unix sockets. Postern verifies servers by TLS, which sockets do not have.
  if (host.startsWith("/") || host.startsWith("@"))
    return "is a Unix socket, which Postern does not use; name the server by TCP, such as localhost";
  if (!/^[A-Za-z0-9_.:%-]+$/.test(host))
    return "is no host name or address; write it without port, brackets or blanks";
  return undefined;
}

function portOf(text: string): number {
  if (text === "") return DEFAULT_PORT;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65535)
    throw new Unusable("has a port that is no number from 1 to 65535; correct it");
  return port;
}
