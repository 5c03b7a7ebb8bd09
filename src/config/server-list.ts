import type { Parameters } from "./conninfo.ts";
import { parseConninfo } from "./conninfo.ts";
import type { Path } from "./errors.ts";
import { choices, shapesAt } from "./shape.ts";
import { advice } from "./suggest.ts";

/** Settings of a cluster that a connection string named, as the file would write them. */
export interface ServerList {
  readonly settings: readonly { readonly path: Path; readonly value: unknown }[];
}

export type ServerListResult =
  | { readonly kind: "ok"; readonly list: ServerList }
  | { readonly kind: "fault"; readonly message: string };

const DEFAULT_PORT = 5432;

/** libpq's keyword → the setting of a cluster. */
const CHOICES: Readonly<Record<string, Path>> = {
  target_session_attrs: ["targetSessionAttrs"],
  load_balance_hosts: ["loadBalanceHosts"],
  sslmode: ["tls", "mode"],
  sslnegotiation: ["tls", "negotiation"],
  channel_binding: ["tls", "channelBinding"],
};

class Unusable extends Error {}

/** Turns a connection string into the settings of a cluster that it stands for. */
export function parseServerList(text: string): ServerListResult {
  const conninfo = parseConninfo(text);
  return conninfo.kind === "fault" ? conninfo : serverList(conninfo.parameters);
}

/** The settings of a cluster that libpq's parameters stand for. */
export function serverList(parameters: Parameters): ServerListResult {
  try {
    const settings = [
      { path: ["hosts"], value: hostsOf(parameters) },
      ...Object.entries(CHOICES).flatMap(([keyword, path]) => choiceOf(parameters, keyword, path)),
      ...timeoutOf(parameters),
      ...rootCertificateOf(parameters),
    ];
    return { kind: "ok", list: { settings } };
  } catch (error) {
    if (error instanceof Unusable) return { kind: "fault", message: error.message };
    throw error;
  }
}

function hostsOf(parameters: Parameters): { host: string; port: number }[] {
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

function choiceOf(parameters: Parameters, keyword: string, path: Path): ServerList["settings"] {
  const value = parameters.get(keyword);
  if (value === undefined) return [];
  const options = choices(shapesAt(["clusters", 0, ...path]));
  if (!options.includes(value))
    throw new Unusable(`has an unknown value of ${keyword}; ${advice(value, options)}`);
  // As libpq: `require` with a root certificate verifies against it ("SSL Support", backwards compatibility).
  const verifies = keyword === "sslmode" && value === "require" && parameters.has("sslrootcert");
  return [{ path, value: verifies ? "verify-ca" : value }];
}

function timeoutOf(parameters: Parameters): ServerList["settings"] {
  const seconds = parameters.get("connect_timeout");
  if (seconds === undefined) return [];
  if (!/^[1-9]\d{0,5}$/.test(seconds))
    throw new Unusable("has a connect_timeout that is no number of seconds above zero; correct it");
  return [{ path: ["connectTimeout"], value: `${seconds}s` }];
}

function rootCertificateOf(parameters: Parameters): ServerList["settings"] {
  const file = parameters.get("sslrootcert");
  // `system` is libpq's word for the system's certificates, which are the default here.
  return file === undefined || file === "system" ? [] : [{ path: ["tls", "caFile"], value: file }];
}
