import { createHash } from "node:crypto";
import { isLoopback } from "../../base/address.ts";
import type { Secret } from "../../base/secret.ts";
import { equalInConstantTime } from "../../base/secret.ts";

/**
 * Who may use a route. `public`: whoever can reach the listener. `operator`: with `admin.token` set, its bearer;
 * without it, whoever can reach the listener, which is bound to loopback unless configured otherwise.
 */
export type Permission = "public" | "operator";

/** Whether a request with this Authorization header has the permission. */
export function permits(
  permission: Permission,
  authorization: string | undefined,
  token: Secret | undefined,
): boolean {
  switch (permission) {
    case "public":
      return true;
    case "operator":
      return token === undefined || bears(authorization, token);
    default:
      return permission satisfies never;
  }
}

/**
 * Whether a request to a public route may see names too: the token's bearer, and without a token who asks from this
 * machine (a Unix socket has no address). A probe from elsewhere needs the status alone.
 */
export function seesNames(
  authorization: string | undefined,
  token: Secret | undefined,
  address: string,
): boolean {
  return token === undefined ? address === "" || isLoopback(address) : bears(authorization, token);
}

/** RFC 6750 §2.1. Digests are compared, so that neither the content nor the length of the token shows in the time. */
function bears(authorization: string | undefined, token: Secret): boolean {
  const presented = /^bearer +([\w.~+/-]+=*)$/i.exec(authorization ?? "")?.[1];
  return presented !== undefined && equalInConstantTime(digest(presented), digest(token.reveal()));
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
