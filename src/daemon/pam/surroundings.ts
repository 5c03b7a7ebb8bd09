/** What pam_exec tells the program it runs: items of PAM in the environment, the credential on standard input. */
import { createReadStream } from "node:fs";
import { parseRhost } from "../../base/address.ts";
import type { RoleName } from "../../base/ids.ts";
import { parseRoleName } from "../../base/ids.ts";

export interface Surroundings {
  readonly type: "auth" | "account";
  readonly role: RoleName;
  /** Empty for a client on the server's own Unix-domain socket. */
  readonly address: string;
  /** The server process that PAM runs in. */
  readonly process: number;
}

type Env = Readonly<Record<string, string | undefined>>;

/** Reads the environment, or says what is wrong with it. `"ignore"`: PAM asks something that is not ours to answer. */
export function readSurroundings(
  env: Env,
  parent: number,
): Surroundings | "ignore" | { readonly fault: string } {
  const { PAM_TYPE: type, PAM_USER: user = "", PAM_RHOST: rhost = "" } = env;
  if (type === "open_session" || type === "close_session") return "ignore";
  if (type !== "auth" && type !== "account")
    return { fault: "PAM_TYPE is neither auth nor account; this is run by pam_exec.so" };
  const role = parseRoleName(user);
  if (role === undefined) return { fault: "PAM_USER is no role that PostgreSQL could hold" };
  const address = parseRhost(rhost);
  if (address === undefined) return { fault: "PAM_RHOST is no address" };
  return { type, role, address, process: parent };
}

/**
 * Where pam_exec cuts a credential and says nothing: PAM_MAX_RESP_SIZE of Linux-PAM, its NUL among the bytes. It is 512;
 * who builds Linux-PAM may have doubled it.
 */
const PAM_MAX_RESP_SIZES: readonly number[] = [512, 1024, 2048, 4096];
/** More than any pam_exec passes on. */
const MAX_CREDENTIAL_BYTES = 8192;

/** The credential, or what is wrong with it. pam_exec ends it with NUL. */
export async function readCredential(fd: number): Promise<string | { readonly fault: string }> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of createReadStream("", { fd })) {
    chunks.push(chunk as Buffer); // no encoding was set
    length += (chunk as Buffer).length;
    if (length > MAX_CREDENTIAL_BYTES) break;
  }
  const bytes = Buffer.concat(chunks);
  const end = bytes.indexOf(0);
  const credential = end < 0 ? bytes : bytes.subarray(0, end);
  if (credential.length > MAX_CREDENTIAL_BYTES)
    return { fault: `the credential is longer than ${MAX_CREDENTIAL_BYTES} bytes` };
  if (PAM_MAX_RESP_SIZES.includes(credential.length + 1))
    return {
      fault: `pam_exec.so has cut the credential after ${credential.length} bytes; take the module pam_postern.so, or a personal access token`,
    };
  return withoutNewline(credential.toString("utf8"));
}

/** A token that was read from a file, or piped in by who tries this out, ends as lines do; no credential does. */
function withoutNewline(text: string): string {
  return text.endsWith("\n") ? text.slice(0, -1) : text;
}
