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

/** PAM_MAX_RESP_SIZE: pam_exec cuts a credential after so many bytes and says nothing. */
const PAM_MAX_RESP_SIZE = 512;

/** The credential, or what is wrong with it. pam_exec ends it with NUL. */
export async function readCredential(fd: number): Promise<string | { readonly fault: string }> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of createReadStream("", { fd })) {
    chunks.push(chunk as Buffer); // no encoding was set
    length += (chunk as Buffer).length;
    if (length > 2 * PAM_MAX_RESP_SIZE) break;
  }
  const bytes = Buffer.concat(chunks);
  const end = bytes.indexOf(0);
  const credential = end < 0 ? bytes : bytes.subarray(0, end);
  if (credential.length >= PAM_MAX_RESP_SIZE - 1)
    return {
      fault: `the credential is longer than the ${PAM_MAX_RESP_SIZE - 2} bytes that pam_exec.so passes on`,
    };
  return credential.toString("utf8");
}
