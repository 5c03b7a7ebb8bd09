import type { Parameters } from "./conninfo.ts";
import { parseConninfo } from "./conninfo.ts";
import type { Path } from "./errors.ts";
import { hostsOf, Unusable } from "./host-list.ts";
import { choices, shapesAt } from "./shape.ts";
import { advice } from "./suggest.ts";

/** Settings of a cluster that a connection string named, as the file would write them. */
export interface ServerList {
  readonly settings: readonly { readonly path: Path; readonly value: unknown }[];
}

export type ServerListResult =
  | { readonly kind: "ok"; readonly list: ServerList }
  | { readonly kind: "fault"; readonly message: string };

/** libpq's keyword → the setting of a cluster. */
const CHOICES: Readonly<Record<string, Path>> = {
  target_session_attrs: ["targetSessionAttrs"],
  load_balance_hosts: ["loadBalanceHosts"],
  sslmode: ["tls", "mode"],
  sslnegotiation: ["tls", "negotiation"],
  channel_binding: ["tls", "channelBinding"],
};

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
