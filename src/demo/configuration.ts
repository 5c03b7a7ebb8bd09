/** The demo's configuration: a file like everybody's, there to be read and changed. */
import { relative } from "node:path";
import { stringify } from "yaml";
import type { EmbeddedPostgres } from "../embedded/embedded-postgres.ts";
import type { DemoFiles, DemoOptions } from "./demo.ts";
import { policyCluster } from "./just-in-time.ts";
import { ANONYMOUS_ROLE, AUTHENTICATOR, STORE } from "./sample.ts";

export const ISSUER = "https://demo.postern.example";
export const AUDIENCE = "postern-demo";

export function configText(
  options: Pick<DemoOptions, "directory" | "port" | "restPort" | "adminPort">,
  files: DemoFiles,
  server: Pick<EmbeddedPostgres, "host" | "port">,
): string {
  const inDirectory = (file: string) => relative(options.directory, file);
  const tls = { certFile: inDirectory(files.certificate), keyFile: inDirectory(files.key) };
  const password = { file: inDirectory(files.password) };
  const behind = {
    hosts: [{ host: server.host, port: server.port }],
    tls: { mode: "disable" },
    login: { method: "shared-password", password },
  };
  return stringify({
    doors: {
      postgres: { port: options.port, tls, defaultCluster: "demo" },
      rest: {
        port: options.restPort,
        tls,
        cluster: "demo",
        database: "shop",
        authenticator: AUTHENTICATOR,
      },
    },
    admin: { port: options.adminPort },
    issuers: [
      {
        name: "demo",
        issuer: ISSUER,
        audience: [AUDIENCE],
        keys: { pemFiles: [inDirectory(files.issuerPublicKey)] },
        groupsClaim: "$.groups",
      },
    ],
    clusters: [
      {
        name: "demo",
        ...behind,
        decide: { mode: "token", roleClaim: "$.roles", anonymousRole: ANONYMOUS_ROLE },
      },
      policyCluster(behind),
    ],
    policy: { files: [inDirectory(files.policy)] },
    store: {
      url: `postgres://${STORE}@${server.host}:${server.port}/${STORE}`,
      password,
      tls: { mode: "disable" },
    },
    personalTokens: { key: { file: inDirectory(files.tokenKey) } },
    audit: {
      sink: { kind: "file", path: inDirectory(files.ledger) },
      signingKey: inDirectory(files.ledgerKey),
    },
    log: { level: "warn", format: "text" },
  });
}
