import type { Vocabulary } from "../../conninfo.ts";
import { parseConninfo, SERVER_KEYWORDS } from "../../conninfo.ts";
import type { Env } from "../../overlay.ts";
import type { ServerList } from "../../server-list.ts";
import { serverList } from "../../server-list.ts";

/** What `db-uri` and libpq's variables say. */
export interface Connection {
  readonly servers: ServerList["settings"];
  readonly user: string;
  readonly password: string | undefined;
  readonly database: string;
  /** Keywords that change nothing here. */
  readonly ignored: readonly string[];
}

export type ConnectionResult =
  | { readonly kind: "ok"; readonly connection: Connection }
  | { readonly kind: "fault"; readonly message: string };

/** Keywords that may be there and make no difference: the pool sees to it in its own way. */
const IGNORED = [
  "application_name",
  "fallback_application_name",
  "client_encoding",
  "gssencmode",
  "gssdelegation",
  "keepalives",
  "keepalives_idle",
  "keepalives_interval",
  "keepalives_count",
  "krbsrvname",
  "sslcompression",
  "sslsni",
  "tcp_user_timeout",
] as const;

/** Keywords whose loss would change what is checked or done, each with what to do. */
const REFUSED: Readonly<Record<string, string>> = {
  hostaddr: "write the address as the host",
  options: "set them with ALTER ROLE",
  passfile: "write the password into the connection string, or set PGPASSWORD",
  replication: "remove it: the REST door needs ordinary connections",
  require_auth: "remove it, and use sslmode=verify-full",
  requirepeer: "remove it: Postern uses no Unix sockets",
  service: "write what the service stands for",
  sslcert: "use login.method: certificate in postern.yaml",
  sslcrl: "remove it: certificates are not looked up in revocation lists",
  sslcrldir: "remove it: certificates are not looked up in revocation lists",
  sslkey: "use login.method: certificate in postern.yaml",
  sslpassword: "use login.method: certificate in postern.yaml",
};

const VOCABULARY: Vocabulary = {
  keywords: [...SERVER_KEYWORDS, "user", "password", "dbname", ...IGNORED],
  elsewhere: REFUSED,
  login: true,
};

/** libpq's variables (PostgreSQL docs, "Environment Variables"): each stands in for a keyword that is not given. */
const VARIABLES: Readonly<Record<string, string>> = {
  PGHOST: "host",
  PGPORT: "port",
  PGDATABASE: "dbname",
  PGUSER: "user",
  PGPASSWORD: "password",
  PGSSLMODE: "sslmode",
  PGSSLROOTCERT: "sslrootcert",
  PGSSLNEGOTIATION: "sslnegotiation",
  PGCHANNELBINDING: "channel_binding",
  PGCONNECT_TIMEOUT: "connect_timeout",
  PGTARGETSESSIONATTRS: "target_session_attrs",
  PGLOADBALANCEHOSTS: "load_balance_hosts",
};

/** What libpq does without being told, where Postern would do something else. */
const DEFAULTS: Readonly<Record<string, string>> = { host: "localhost", sslmode: "prefer" };

/** Reads a connection string as libpq does, what it leaves out from libpq's variables. */
export function parseConnection(text: string, env: Env): ConnectionResult {
  const given = parseConninfo(text, VOCABULARY);
  if (given.kind === "fault") return given;
  const all = new Map(Object.entries(DEFAULTS));
  for (const [variable, keyword] of Object.entries(VARIABLES)) {
    const value = env[variable];
    if (value !== undefined && value !== "") all.set(keyword, value);
  }
  for (const [keyword, value] of given.parameters) all.set(keyword, value);
  // `allow` begins in clear text and `prefer` with TLS; both end up with what the server offers.
  if (all.get("sslmode") === "allow") all.set("sslmode", "prefer");
  const user = all.get("user");
  if (user === undefined)
    return { kind: "fault", message: "names no user; write it in front of the host, or set PGUSER" };
  const servers = serverList(all);
  if (servers.kind === "fault") return servers;
  const ignored = [...all.keys()].filter((keyword) => IGNORED.some((one) => one === keyword));
  const database = all.get("dbname") ?? user;
  const password = all.get("password");
  return { kind: "ok", connection: { servers: servers.list.settings, user, password, database, ignored } };
}
