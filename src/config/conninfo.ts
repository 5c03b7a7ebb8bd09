import { advice } from "./suggest.ts";

/** What a connection string says, by libpq's keywords; `host` and `port` are still lists in one text. */
export type Parameters = ReadonlyMap<string, string>;

export type ConninfoResult =
  | { readonly kind: "ok"; readonly parameters: Parameters }
  | { readonly kind: "fault"; readonly message: string };

/** A connection string lists a few servers; anything longer is a mistake, and parsing it costs time. */
const MAX_LENGTH = 4096;

const fault = (message: string): ConninfoResult => ({ kind: "fault", message });

/** Keywords (PostgreSQL docs, "Parameter Key Words") that say where the servers are and how to reach them. */
export const SERVER_KEYWORDS = [
  "host",
  "port",
  "target_session_attrs",
  "load_balance_hosts",
  "connect_timeout",
  "sslmode",
  "sslrootcert",
  "sslnegotiation",
  "channel_binding",
] as const;

/** Keywords that make sense to libpq and not here, each with what to do. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  user: "remove it: the client names the role",
  password: "remove it: passwords belong under login",
  passfile: "remove it: passwords belong under login",
  dbname: "remove it: the client names the database",
  sslcert: "remove it: certificates belong under login",
  sslkey: "remove it: certificates belong under login",
  application_name: "remove it: the client names itself",
  options: "remove it: the client gives its own options",
  hostaddr: "write the address as the host",
};

/** Which keywords a connection string may have. */
export interface Vocabulary {
  readonly keywords: readonly string[];
  /** Keywords that have no place here, each with what to do. */
  readonly elsewhere: Readonly<Record<string, string>>;
  /** Whether user, password and database belong here; they are `user`, `password` and `dbname` then. */
  readonly login: boolean;
}

const SERVERS: Vocabulary = { keywords: SERVER_KEYWORDS, elsewhere: ELSEWHERE, login: false };

/**
 * Reads a connection string as libpq writes them (PostgreSQL docs, "Connection Strings"): a `postgres://` URI with
 * several hosts, or `host=a,b port=5432`. Messages never repeat the text, which may hold a password by mistake.
 */
export function parseConninfo(text: string, vocabulary: Vocabulary = SERVERS): ConninfoResult {
  if (text.length > MAX_LENGTH)
    return fault(`is longer than ${MAX_LENGTH} characters; list the servers under hosts`);
  if (/^postgres(?:ql)?:\/\//.test(text)) return parseUri(text.slice(text.indexOf("://") + 3), vocabulary);
  if (/^\s*[a-z_]+\s*=/.test(text)) return parsePairs(text, vocabulary);
  return fault("is no connection string; write postgres://host:5432/ or host=a,b port=5432");
}

const BAD_ESCAPE = "has a % that begins no escape; write %25 for the sign itself";

function parseUri(rest: string, vocabulary: Vocabulary): ConninfoResult {
  const mark = rest.indexOf("?");
  const [place, query] = mark < 0 ? [rest, ""] : [rest.slice(0, mark), rest.slice(mark + 1)];
  const found = new Map<string, string>();
  const servers = vocabulary.login ? takeLogin(place, found) : withoutLogin(place);
  if (typeof servers !== "string") return servers;
  if (servers !== "") {
    const specs = servers.split(",").map(splitPort);
    found.set("host", specs.map(({ host }) => host).join(","));
    if (specs.some(({ port }) => port !== "")) found.set("port", specs.map(({ port }) => port).join(","));
  }
  for (const pair of query === "" ? [] : query.split("&")) {
    const equals = pair.indexOf("=");
    if (equals < 1) return fault("has a parameter without a value; write name=value");
    const problem = add(found, pair.slice(0, equals), decoded(pair.slice(equals + 1)), vocabulary);
    if (problem !== undefined) return fault(problem);
  }
  const host = decoded(found.get("host") ?? "");
  if (host === undefined) return fault(BAD_ESCAPE);
  if (found.has("host")) found.set("host", host);
  return { kind: "ok", parameters: found };
}

/** The servers of `host1:port,host2/`. */
function withoutLogin(place: string): string | ConninfoResult {
  // A slash in a password would move the end of the host part, so `@` is refused wherever it is.
  if (place.includes("@"))
    return fault(
      "has a user or a password; remove both: the client names the role, passwords belong under login",
    );
  const [servers = "", database = ""] = splitAtFirst(place, "/");
  return database === ""
    ? servers
    : fault("names a database; end it after the slash: the client names the database");
}

/** The servers of `user:password@host1:port,host2/database`; the rest goes into `found`. */
function takeLogin(place: string, found: Map<string, string>): string | ConninfoResult {
  const [authority = "", database] = splitAtFirst(place, "/");
  // As libpq: the first `@` ends the login, so that one in a password must be escaped.
  const at = authority.indexOf("@");
  const [user = "", password] = splitAtFirst(at < 0 ? "" : authority.slice(0, at), ":");
  for (const [keyword, value] of Object.entries({ user, password, dbname: database })) {
    if (value === undefined || value === "") continue;
    const text = decoded(value);
    if (text === undefined) return fault(BAD_ESCAPE);
    found.set(keyword, text);
  }
  return authority.slice(at + 1);
}

function splitAtFirst(text: string, separator: string): readonly string[] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + separator.length)];
}

/** `host:port`, `[::1]:port`; brackets keep the colons of an IPv6 address apart. */
function splitPort(spec: string): { readonly host: string; readonly port: string } {
  const match = /^(\[[^\]]*\]|[^:]*)(?::(.*))?$/.exec(spec);
  return { host: match?.[1] ?? spec, port: match?.[2] ?? "" };
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** One `keyword = value`; a value in single quotes may hold blanks, `\\` and `\'`. */
const PAIR = /\s*([a-z_]+)\s*=\s*(?:'((?:[^'\\]|\\.)*)'|((?:[^\s'\\]|\\.)*))(?=\s|$)/y;

function parsePairs(text: string, vocabulary: Vocabulary): ConninfoResult {
  const found = new Map<string, string>();
  const trimmed = text.trimEnd();
  PAIR.lastIndex = 0;
  while (PAIR.lastIndex < trimmed.length) {
    const match = PAIR.exec(trimmed);
    if (match === null) return fault("is no list of keyword=value pairs; write host=a,b port=5432");
    const value = (match[2] ?? match[3] ?? "").replaceAll(/\\(.)/g, "$1");
    const problem = add(found, match[1] ?? "", value, vocabulary);
    if (problem !== undefined) return fault(problem);
  }
  return { kind: "ok", parameters: found };
}

function add(
  found: Map<string, string>,
  keyword: string,
  value: string | undefined,
  { keywords, elsewhere }: Vocabulary,
): string | undefined {
  if (Object.hasOwn(elsewhere, keyword)) return `has ${keyword}; ${elsewhere[keyword]}`;
  if (!keywords.includes(keyword))
    return /^[a-z_]{1,40}$/.test(keyword)
      ? `has ${keyword}, which is not used here; ${advice(keyword, keywords)}`
      : `has a parameter that is not used here; it can be ${keywords.join(", ")}`;
  if (value === undefined)
    return `has a % in ${keyword} that begins no escape; write %25 for the sign itself`;
  if (found.has(keyword)) return `gives ${keyword} twice; keep one`;
  found.set(keyword, value);
  return undefined;
}
