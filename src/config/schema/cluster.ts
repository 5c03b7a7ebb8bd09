/** `clusters[]`: the PostgreSQL services behind Postern. */
import { z } from "zod";
import { parseClusterName } from "../../base/ids.ts";
import { clusterAudit } from "./audit.ts";
import { decision } from "./decide.ts";
import { duration, filePath, port, roleName, secretPath, secretSource, tcpKeepAlive } from "./values.ts";

const host = z.strictObject({
  host: z.string().min(1).describe("Name or address, without brackets; no Unix socket."),
  port: port.min(1).default(5432).describe("The server's port."),
});

export const login = z.discriminatedUnion("method", [
  z.strictObject({
    method: z.literal("shared-password").describe("All roles have one password."),
    password: secretSource.describe("One password that every role has."),
  }),
  z.strictObject({
    method: z
      .literal("role-password")
      .describe("Each role has its own password, from one or more of these sources."),
    passwords: z.record(roleName, secretSource).optional().describe("Role → password."),
    directory: filePath
      .optional()
      .describe("A directory with one file a role, as Kubernetes mounts a Secret."),
    environmentPrefix: z
      .string()
      .optional()
      .describe(
        "Passwords are in `<prefix><ROLE>`: the role in upper case, and each byte that is no lower-case letter, digit or `_` as `x` and two digits (`other-app`: `OTHERx2dAPP`).",
      ),
  }),
  z.strictObject({
    method: z
      .literal("certificate")
      .describe("No password exists: a client certificate is minted for each role."),
    caCertFile: filePath.describe("The CA certificate that PostgreSQL trusts (`ssl_ca_file`)."),
    caKeyFile: secretPath.describe(
      "The CA's private key; a short-lived certificate with CN = role is minted for each role.",
    ),
    lifetime: duration.prefault("1h").describe("How long a minted certificate is valid."),
  }),
  z.strictObject({
    method: z
      .literal("trust")
      .describe("The server asks for nothing; it must be reachable by Postern alone."),
  }),
]);

const upstreamTls = z
  .strictObject({
    mode: z
      .enum(["disable", "prefer", "require", "verify-ca", "verify-full"])
      .default("verify-full")
      .describe(
        "As libpq's sslmode: whether TLS is used, and whether the server's certificate and name are verified.",
      ),
    caFile: filePath
      .optional()
      .describe(
        "CA certificates (PEM) that the server's certificate must come from; the system's by default.",
      ),
    negotiation: z.enum(["postgres", "direct"]).default("postgres").describe("As libpq's sslnegotiation."),
    channelBinding: z
      .enum(["disable", "prefer", "require"])
      .default("prefer")
      .describe("As libpq's channel_binding."),
  })
  .prefault({});

const cluster = z.strictObject({
  name: z
    .string()
    .refine(
      (text) => parseClusterName(text) !== undefined,
      "is not a cluster name; write lower-case letters, digits and `-`, at most 63",
    )
    .describe("A short name for logs, metrics and `defaultCluster`."),
  namespace: z.string().min(1).default("default").describe("The namespace that policy is written against."),
  uri: z
    .string()
    .optional()
    .describe(
      "`postgres://host1:port,host2/?target_session_attrs=…` as libpq writes it, instead of `hosts` and the settings it names; no user or password.",
    ),
  hosts: z.array(host).min(1).optional().describe("The PostgreSQL servers, tried in order."),
  targetSessionAttrs: z
    .enum(["any", "read-write", "read-only", "primary", "standby", "prefer-standby"])
    .default("any")
    .describe("As libpq's target_session_attrs."),
  loadBalanceHosts: z
    .enum(["disable", "random"])
    .default("disable")
    .describe("As libpq's load_balance_hosts."),
  connectTimeout: duration.prefault("10s").describe("For one host: TCP, TLS and login together."),
  tcpKeepAlive: tcpKeepAlive.describe(
    "A server that is silent is asked for a sign of life (TCP keepalive) after this long; one that vanished is given up soon after.",
  ),
  tls: upstreamTls.describe("TLS to the servers."),
  login: login.describe("How Postern logs in as the role."),
  decide: decision.prefault({ mode: "token" }).describe("Who may be which role."),
  serverNames: z.array(z.string()).optional().describe("TLS server names (SNI) that lead to this cluster."),
  replicationRoles: z.array(roleName).default([]).describe("Roles that may open replication connections."),
  privilegedRoles: z
    .union([z.literal("any"), z.array(roleName)])
    .default([])
    .describe(
      "Roles that may be used although they are superusers, may replicate, bypass row security or begin with `pg_`.",
    ),
  onExpiry: z.enum(["end", "keep"]).default("end").describe("Whether a session ends when its token expires."),
  maxSession: duration.optional().describe("The longest that a session may last."),
  idleTimeout: duration.optional().describe("End a session after this long without a query or an answer."),
  warmSpares: z
    .int()
    .min(0)
    .max(64)
    .default(0)
    .describe("Fresh, never used connections kept ready for each recently used role and database."),
  audit: clusterAudit,
  reportClient: z
    .enum(["off", "application_name", "parameter"])
    .default("off")
    .describe(
      "Tell the server who the client is: appended to application_name, or in the `postern.client` setting.",
    ),
});

/** The loader has put what `uri` stands for in its place, so that only `hosts` is left. */
export const clusterSchema = cluster.transform(({ uri: _, hosts, ...rest }, context) => {
  if (hosts !== undefined) return { ...rest, hosts };
  context.issues.push({
    code: "custom",
    message: "is missing; list the servers here",
    path: ["hosts"],
    input: hosts,
  });
  return z.NEVER;
});
