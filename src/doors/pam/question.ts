/**
 * What PAM asks over the socket, and what it is answered. One question a connection, in fields that end with NUL, which
 * no environment variable and no password of PAM's can hold:
 *
 *     postern-pam/1 NUL  name=value NUL …  NUL          →   allow LF
 *                                                           deny <code> <id> <sentence> LF
 *
 * It can be written by any program that can write to a socket, and is read without guessing where a value ends.
 */
import { parseRhost } from "../../base/address.ts";
import { MAX_TOKEN_BYTES } from "../../base/credential-kind.ts";
import type { DatabaseName, RoleName } from "../../base/ids.ts";
import { parseDatabaseName, parseRoleName } from "../../base/ids.ts";
import { Secret } from "../../base/secret.ts";

/** The longest token, and names and an address. */
export const MAX_QUESTION_BYTES = MAX_TOKEN_BYTES + 2 * 1024;
const MAGIC = "postern-pam/1";
/** The names of the fields that are known; a question with another one means something that would be left out. */
const FIELDS = ["type", "role", "rhost", "process", "cluster", "database", "credential"] as const;
type Field = (typeof FIELDS)[number];

interface Asked {
  readonly role: RoleName;
  /** The client of the PostgreSQL server: an address, a name where `pam_use_hostname` is set, or empty when it is local. */
  readonly address: string;
  /** The server process that PAM runs in: what joins the two questions about one login. */
  readonly process: number;
  readonly cluster: string | undefined;
  readonly database: DatabaseName | undefined;
}

export type Question =
  /** `pam_authenticate`: is it who it says? */
  | (Asked & { readonly type: "auth"; readonly credential: Secret })
  /** `pam_acct_mgmt`: may it now? PAM shows no credential here. */
  | (Asked & { readonly type: "account" });

/** Whether a question has come in whole. */
export function isWhole(bytes: Buffer): boolean {
  return bytes.length >= 2 && bytes[bytes.length - 1] === 0 && bytes[bytes.length - 2] === 0;
}

/** Reads a whole question, or says what is wrong with it; never quotes it. */
export function readQuestion(bytes: Buffer): Question | { readonly fault: string } {
  const text = bytes.toString("utf8");
  if (!Buffer.from(text).equals(bytes)) return { fault: "not UTF-8" };
  const [magic, ...lines] = text.slice(0, -2).split("\0");
  if (magic !== MAGIC) return { fault: `not ${MAGIC}` };
  const fields = new Map<string, string>();
  for (const line of lines) {
    const at = line.indexOf("=");
    const name = line.slice(0, Math.max(0, at));
    if (!(FIELDS as readonly string[]).includes(name)) return { fault: "a field that is not known" };
    if (fields.has(name)) return { fault: `${name} twice` };
    fields.set(name, line.slice(at + 1));
  }
  return questionOf((name) => fields.get(name) ?? "");
}

function questionOf(field: (name: Field) => string): Question | { readonly fault: string } {
  const role = parseRoleName(field("role"));
  if (role === undefined) return { fault: "no role that PostgreSQL could hold" };
  const address = parseRhost(field("rhost"));
  if (address === undefined) return { fault: "no usable rhost" };
  if (!/^[1-9]\d{0,9}$/.test(field("process"))) return { fault: "no process" };
  const database = field("database") === "" ? undefined : parseDatabaseName(field("database"));
  if (field("database") !== "" && database === undefined) return { fault: "no database that could be" };
  const cluster = field("cluster") === "" ? undefined : field("cluster");
  const asked = { role, address, process: Number(field("process")), cluster, database };
  switch (field("type")) {
    case "auth":
      return { ...asked, type: "auth", credential: new Secret(field("credential")) };
    case "account":
      return { ...asked, type: "account" };
    default:
      return { fault: "a type that is neither auth nor account" };
  }
}
