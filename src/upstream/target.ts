import type { RoleName } from "../base/ids.ts";
import type { ClusterConfig } from "../config/schema.ts";
import type { Address } from "../wire/wire.ts";
import type { HostPort } from "./addresses.ts";
import type { ClientCertificates } from "./client-certificate.ts";
import type { TlsContexts } from "./tls-context.ts";
import type { TlsSessions } from "./tls-sessions.ts";
import type { Target } from "./transport.ts";

interface TargetParts {
  readonly certificates: ClientCertificates;
  readonly contexts: TlsContexts;
  readonly sessions: TlsSessions;
}

/** Where a server is, and who wants to go there. */
export interface Place {
  readonly host: HostPort;
  readonly address: Address;
  readonly role: RoleName;
}

/** How to talk to the server at a place, with a client certificate that is good now where the login takes one. */
export async function targetAt(
  { host: { host }, address, role }: Place,
  { login, tls, tcpKeepAlive: keepAlive, name }: ClusterConfig,
  { certificates, contexts, sessions }: TargetParts,
): Promise<Target> {
  const certificate = login.method === "certificate" ? await certificates.get(login, role) : undefined;
  const owner = JSON.stringify([name, certificate === undefined ? null : role]);
  return {
    address,
    host,
    tls,
    keepAlive,
    sessions,
    sessionKey: JSON.stringify([owner, host, address, tls]),
    context: () => contexts.get(owner, tls, certificate),
  };
}
