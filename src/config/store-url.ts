import { Secret } from "../base/secret.ts";
import type { Parameters, Vocabulary } from "./conninfo.ts";
import { parseConninfo } from "./conninfo.ts";
import { hostsOf, Unusable } from "./host-list.ts";

/** Where the store is and who logs in. */
export interface StoreServer {
  /** One, or those of which one takes writes. */
  readonly hosts: readonly { readonly host: string; readonly port: number }[];
  readonly user: string;
  readonly database: string;
  readonly password?: Secret;
}

export type StoreUrlResult =
  | { readonly kind: "ok"; readonly server: StoreServer }
  | { readonly kind: "fault"; readonly message: string };

const VOCABULARY: Vocabulary = {
  keywords: ["host", "port", "user", "password", "dbname", "target_session_attrs"],
  elsewhere: {
    sslmode: "set store.tls.mode",
    sslrootcert: "set store.tls.caFile",
    connect_timeout: "set store.connectTimeout",
    options: "remove it: Postern sets its own",
    application_name: "remove it: Postern names itself",
  },
  login: true,
};

/** Reads `store.url`. Messages never repeat it. */
export function parseStoreUrl(url: string): StoreUrlResult {
  const conninfo = parseConninfo(url, VOCABULARY);
  if (conninfo.kind === "fault") return conninfo;
  try {
    return serverOf(conninfo.parameters);
  } catch (error) {
    if (error instanceof Unusable) return { kind: "fault", message: error.message };
    throw error;
  }
}

function serverOf(parameters: Parameters): StoreUrlResult {
  const fault = (message: string): StoreUrlResult => ({ kind: "fault", message });
  const hosts = hostsOf(parameters);
  const kind = parameters.get("target_session_attrs") ?? "read-write";
  if (kind !== "read-write" && kind !== "primary")
    return fault("has another target_session_attrs than read-write; remove it: Postern writes to its store");
  const user = parameters.get("user");
  if (user === undefined) return fault("names no user; write it in front of the host");
  const password = parameters.get("password");
  return {
    kind: "ok",
    server: {
      hosts,
      user,
      database: parameters.get("dbname") ?? user,
      ...(password !== undefined && { password: new Secret(password) }),
    },
  };
}
