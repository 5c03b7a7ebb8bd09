/** The arguments of `postern pam`, written as PAM modules take them: `name=value`. */
import { isLoopback } from "../../config/checks/loopback.ts";

export interface PamOptions {
  /** The PAM door of a running Postern, and what it is asked about. */
  readonly socket: string | undefined;
  readonly cluster: string | undefined;
  readonly database: string | undefined;
  /** An API that decides about signed and personal access tokens. */
  readonly apiUrl: string | undefined;
  /** Keys of signed tokens, by URL or file, and who may be which role. */
  readonly jwks: string | undefined;
  readonly mappings: string | undefined;
  readonly issuer: string | undefined;
  readonly audience: string | undefined;
  /** CA certificates for `apiUrl` and `jwks`. */
  readonly caFile: string | undefined;
  /** Where passwords are checked: the line of pg_hba.conf for this database asks for SCRAM. */
  readonly passwords: { readonly host: string; readonly port: number; readonly database: string } | undefined;
  /** Where a login is noted until its account is asked about. */
  readonly state: string;
}

const NAMES = [
  "socket",
  "cluster",
  "database",
  "apiUrl",
  "jwks",
  "mappings",
  "issuer",
  "audience",
  "caFile",
  "passwords",
  "state",
] as const;
type Name = (typeof NAMES)[number];

/** Debian's and PGDG's directory for sockets: it is PostgreSQL's own and empty after a start of the machine. */
const STATE_DIRECTORY = "/run/postgresql";

/** Reads the arguments, or says what is wrong with them; what to do. */
export function parsePamOptions(args: readonly string[]): PamOptions | { readonly fault: string } {
  const given = new Map<Name, string>();
  for (const arg of args) {
    const at = arg.indexOf("=");
    const name = NAMES.find((one) => one === arg.slice(0, Math.max(0, at)));
    // The argument is not repeated: it may be a secret at the wrong place.
    if (name === undefined)
      return { fault: `an argument is none of ${NAMES.map((one) => `${one}=`).join(", ")}` };
    if (given.has(name)) return { fault: `${name}= is there twice` };
    given.set(name, arg.slice(at + 1));
  }
  const passwords = placeOf(given.get("passwords"));
  if (typeof passwords === "string") return { fault: passwords };
  const value = (name: Name) => given.get(name);
  const fault = faultIn(value);
  if (fault !== undefined) return { fault };
  return {
    socket: value("socket"),
    cluster: value("cluster"),
    database: value("database"),
    apiUrl: value("apiUrl"),
    jwks: value("jwks"),
    mappings: value("mappings"),
    issuer: value("issuer"),
    audience: value("audience"),
    caFile: value("caFile"),
    passwords,
    state: value("state") ?? STATE_DIRECTORY,
  };
}

/** What of the arguments does not go together. */
function faultIn(value: (name: Name) => string | undefined): string | undefined {
  const has = (name: Name) => value(name) !== undefined;
  const ways = (["socket", "apiUrl", "jwks"] as const).filter(has);
  if (ways.length > 1) return `${ways.join("= and ")}= exclude each other; keep one`;
  const relative = (["socket", "jwks", "mappings", "caFile", "state"] as const).find(
    (name) => has(name) && !/^(?:\/|https?:\/\/)/.test(value(name) ?? ""),
  );
  if (relative !== undefined) return `${relative}= must be a whole path; PAM runs in the server's directory`;
  if (ways.length === 0 && !has("passwords"))
    return "nobody is asked; give socket=, apiUrl=, jwks= or passwords=";
  if (has("jwks") !== has("mappings"))
    return "jwks= and mappings= go together: whose keys, and who may be which role";
  const foreign = (["cluster", "database"] as const).find((name) => has(name) && !has("socket"));
  if (foreign !== undefined) return `${foreign}= is for socket= only`;
  const claim = (["issuer", "audience"] as const).find((name) => has(name) && !has("jwks"));
  return claim === undefined ? undefined : `${claim}= is for jwks= only`;
}

/** `127.0.0.1:5432/database`. Passwords are checked without TLS, so on this machine only. */
function placeOf(text: string | undefined): PamOptions["passwords"] | string {
  if (text === undefined) return undefined;
  const [, host = "", port = "", database = ""] =
    /^(\[[0-9a-f:]+\]|[0-9.]+):(\d{1,5})\/(.{1,63})$/i.exec(text) ?? [];
  const bare = host.replace(/^\[|\]$/g, "");
  if (!isLoopback(bare) || Number(port) > 65_535)
    return "passwords= must be an address of this machine, a port and a database: 127.0.0.1:5432/postern_pam";
  return { host: bare, port: Number(port), database };
}
