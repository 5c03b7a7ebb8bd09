import { WireError } from "./errors.ts";

/** What a client may choose about its login, beside its credential. */
export interface Asked {
  readonly user: string;
  /** As PostgreSQL does: the user's name when it is not given. */
  readonly database: string;
  readonly replication: boolean;
  /** How the client wants to authenticate, from `options=-c postern.auth=…`. */
  readonly authentication: "password" | "oauthbearer" | undefined;
  /** What goes to the server as it is; `replication` only has an effect when the admission permits it. */
  readonly forward: ReadonlyMap<string, string>;
}

/** Settings that change who one is: the boundary is the login role (PostgreSQL docs, "SET ROLE"). */
const IDENTITY_SETTINGS = new Set(["role", "session_authorization", "is_superuser"]);
/** Our own settings: `postern.auth` is read here, the others only Postern may set. */
const OWN_PREFIX = "postern.";
const OWN_AUTH = "postern.auth";
/** What a stranger may make us log of a name: more than any setting's has. */
const MAX_SHOWN = 64;

/**
 * Reads the startup parameters and refuses those that would change who the client is, whatever way they are written.
 * @throws WireError wire/no-user, wire/parameter
 */
export function readParameters(parameters: ReadonlyMap<string, string>): Asked {
  const user = parameters.get("user") ?? "";
  if (user === "") throw new WireError("wire/no-user", "the startup packet names no user");
  const forward = new Map<string, string>();
  let authentication: Asked["authentication"];
  for (const [name, value] of parameters) {
    if (name === "user" || name === "database") continue;
    if (name === "options") {
      const options = readOptions(value);
      authentication = options.authentication;
      if (options.rest !== "") forward.set(name, options.rest);
    } else {
      refuseIdentitySetting(name);
      forward.set(name, value);
    }
  }
  const replication = readReplication(parameters.get("replication"));
  return { user, database: parameters.get("database") || user, replication, authentication, forward };
}

function refuseIdentitySetting(name: string): void {
  // Setting names are matched without case, and `-` stands for `_` in options ("Setting Parameters").
  const canonical = name.toLowerCase().replaceAll("-", "_");
  if (IDENTITY_SETTINGS.has(canonical) || canonical.startsWith(OWN_PREFIX)) {
    throw new WireError(
      "wire/parameter",
      `the startup parameter ${JSON.stringify(name.slice(0, MAX_SHOWN))} is refused`,
    );
  }
}

/** `replication` is a boolean, or `database` for logical replication ("Streaming Replication Protocol"). */
function readReplication(value: string | undefined): boolean {
  if (value === undefined) return false;
  const text = value.toLowerCase();
  if (["false", "off", "no", "0", "f", "n", ""].includes(text)) return false;
  return true;
}

/**
 * `options` holds command-line switches. Those that set a parameter (`-c name=value`, `--name=value`) are looked at
 * one by one; any other switch is refused, since what it sets would go unseen.
 */
function readOptions(text: string): { authentication: Asked["authentication"]; rest: string } {
  const rest: string[] = [];
  let authentication: Asked["authentication"];
  for (const setting of settingsOf(splitOptions(text))) {
    const [name, value] = splitOnce(setting, "=");
    if (name.toLowerCase() === OWN_AUTH) {
      authentication = readAuthentication(value);
    } else {
      refuseIdentitySetting(name);
      rest.push("-c", escapeOption(setting));
    }
  }
  return { authentication, rest: rest.join(" ") };
}

/** The `name=value` parts of the switches, with `-c name=value`, `-cname=value` and `--name=value` read alike. */
function settingsOf(words: readonly string[]): string[] {
  const settings: string[] = [];
  const left = words.values();
  for (const word of left) {
    const setting = word === "-c" ? left.next().value : /^-[c-]/.test(word) ? word.slice(2) : undefined;
    if (setting === undefined || !/^[^=]+=/.test(setting)) {
      throw new WireError("wire/parameter", "options may hold only -c name=value and --name=value");
    }
    settings.push(setting);
  }
  return settings;
}

function readAuthentication(value: string): "password" | "oauthbearer" {
  if (value === "password" || value === "oauthbearer") return value;
  throw new WireError("wire/parameter", `${OWN_AUTH} must be password or oauthbearer`);
}

/** Splits as the server does: ASCII white space parts words, a backslash takes the next character as it is. */
function splitOptions(text: string): string[] {
  const words = text.match(/(?:\\[\s\S]|[^\\ \t\n\v\f\r])+\\?|\\$/g) ?? [];
  return words.map((word) => word.replace(/\\([\s\S]?)/g, "$1"));
}

function escapeOption(text: string): string {
  return text.replace(/[\\ \t\n\v\f\r]/g, "\\$&");
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + separator.length)];
}
