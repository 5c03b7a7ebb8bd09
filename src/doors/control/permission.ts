import { isIP } from "node:net";
import { isLoopback } from "../../base/address.ts";
import type { Secret } from "../../base/secret.ts";
import { sameSecret } from "../../base/secret.ts";

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

/**
 * Whether a request from this machine may come from a page of somebody else's in a browser here, whose name was made to
 * lead to this machine (DNS rebinding): then the Host header (RFC 9110 §7.2) has a name that no local program would use.
 */
export function mayBeRebound(host: string | undefined, address: string): boolean {
  const name = (host ?? "").replace(/:\d*$/, "").toLowerCase();
  const isOurs = name === "" || name === "localhost" || isIP(name.replace(/^\[(.*)\]$/, "$1")) !== 0;
  return isLoopback(address) && !isOurs;
}

/** The token of an Authorization header (RFC 6750 §2.1). */
export function bearerOf(authorization: string | undefined): string | undefined {
  return /^bearer +([\w.~+/-]+=*)$/i.exec(authorization ?? "")?.[1];
}

function bears(authorization: string | undefined, token: Secret): boolean {
  const presented = bearerOf(authorization);
  return presented !== undefined && sameSecret(presented, token);
}
