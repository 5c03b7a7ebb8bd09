import { Secret } from "../base/secret.ts";
import type { Parameters, Vocabulary } from "./conninfo.ts";
import { parseConninfo } from "./conninfo.ts";
import { hostsOf, Unusable } from "./host-list.ts";

/** Where the store is and who logs in. */
export interface StoreServer {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
  readonly password?: Secret;
}

export type StoreUrlResult =
  | { readonly kind: "ok"; readonly server: StoreServer }
  | { readonly kind: "fault"; readonly message: string };

const VOCABULARY: Vocabulary = {
  keywords: ["host", "port", "user", "password", "dbname"],
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
  const [place, ...more] = hostsOf(parameters);
  if (place === undefined || more.length > 0)
    return fault("names several hosts; name the one address that leads to the primary");
  const user = parameters.get("user");
  if (user === undefined) return fault("names no user; write it in front of the host");
  const password = parameters.get("password");
  return {
    kind: "ok",
    server: {
      ...place,
      user,
      database: parameters.get("dbname") ?? user,
      ...(password !== undefined && { password: new Secret(password) }),
    },
  };
}
