import type { ClusterName, DatabaseName, RoleName, SubjectId } from "../../src/base/ids.ts";
import { newSessionId } from "../../src/base/ids.ts";
import type { SessionFacts } from "../../src/sessions/registry.ts";

/** What is known of a session of Ada's. */
export function sessionFacts(more: Partial<SessionFacts> = {}): SessionFacts {
  return {
    id: newSessionId(),
    door: "postgres",
    peer: { address: "127.0.0.1", port: 1, tls: true },
    subject: "issuer:ada" as SubjectId,
    username: "ada",
    cluster: "main" as ClusterName,
    database: "shop" as DatabaseName,
    role: "analyst" as RoleName,
    rule: "token:$.sub",
    proof: { issuer: "issuer", keyThumbprint: "k1", algorithm: "EdDSA" },
    basis: {
      bearer: {
        issuer: "issuer",
        subject: "ada",
        username: "ada",
        groups: [],
        claims: { sub: "ada" },
        proof: { issuer: "issuer" },
      },
      asked: "analyst" as RoleName,
      replication: false,
      privileged: false,
    },
    until: undefined,
    ...more,
  };
}
