/**
 * The one schema of `postern.yaml`. From it come the types, the validation, docs/configuration.md, the JSON Schema
 * and the names of the environment overlay. This room reads and checks configuration; it opens no socket and decides
 * nothing.
 */
import { z } from "zod";
import { parseClusterName, parseRoleName } from "../base/ids.ts";
import { Secret } from "../base/secret.ts";
import { ClaimPath } from "./claim-path.ts";
import { parseDuration, parseSize } from "./units.ts";

/** `500ms`, `30s`, `5m`, `8h`, `1d` → milliseconds. */
const durationOrZero = z
  .string()
  .regex(
    /^\d{1,9}(ms|s|m|h|d)$/,
    "is not a duration; write a whole number and a unit: 500ms, 30s, 5m, 8h or 1d",
  )
  .refine((text) => parseDuration(text) !== undefined, "is longer than a hundred years; write a shorter one")
  .transform((text) => parseDuration(text) ?? 0)
  .meta({ title: "duration" });

const duration = durationOrZero
  .refine((ms) => ms > 0, "is no time at all; write a duration above zero")
  .meta({ title: "duration" });

/** `512B`, `64kB`, `1MB` → bytes. */
const size = z
  .string()
  .regex(/^\d{1,9}(B|kB|MB)$/, "is not a size; write a whole number and a unit: 512B, 64kB or 1MB")
  .transform((text) => parseSize(text) ?? 0)
  .meta({ title: "size" });

const port = z.int().min(0).max(65535);
/** A file or directory. The loader makes it absolute and looks whether it is there. */
const filePath = z.string().min(1).meta({ format: "path" });
/** A file whose content is a secret. */
const secretPath = z.string().min(1).meta({ format: "secret-path" });

/** A role name that PostgreSQL can hold unchanged. */
const roleName = z
  .string()
  .refine(
    (text) => parseRoleName(text) !== undefined,
    "cannot be a role name; PostgreSQL allows 1 to 63 bytes without NUL",
  )
  .meta({ title: "role" });

/** Text, or a file that the loader reads before the schema sees it: what comes out is always the secret itself. */
const secretSource = z
  .union([
    z
      .string()
      .min(1)
      .transform((text) => new Secret(text))
      .describe("The secret itself; a dollar sign with `{NAME}` takes it from the environment."),
    z
      .strictObject({
        file: secretPath.describe("A file that holds the secret; one trailing newline is dropped."),
      })
      .transform((_, context): never => {
        context.issues.push({
          code: "custom",
          message: "was not read; load files with loadConfig",
          path: ["file"],
          input: "",
        });
        return z.NEVER;
      }),
  ])
  .meta({ secret: true })
  .describe("A secret: text, or `{file: path}`.");

/** A JSON Path (RFC 9535) into the claims. */
const claimPath = z
  .string()
  .transform((text, context) => {
    const path = ClaimPath.parse(text);
    if (path instanceof ClaimPath) return path;
    context.issues.push({ code: "custom", message: path.fault, input: text });
    return z.NEVER;
  })
  .meta({ title: "JSON Path" });

const algorithm = z.enum([
  "EdDSA",
  "ES256",
  "ES384",
  "ES512",
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "HS256",
]);

const jwk = z.looseObject({ kty: z.string() }).meta({ title: "JWK" });

const keys = z
  .strictObject({
    pem: z.array(z.string()).optional().describe("Public keys in PEM (SPKI), several at once for rotation."),
    pemFiles: z.array(filePath).optional().describe("Files that hold public keys in PEM."),
    jwks: z
      .strictObject({ keys: z.array(jwk).describe("The keys (RFC 7517 §4); public ones only.") })
      .optional()
      .describe("A JWK Set written here (RFC 7517)."),
    jwksFile: filePath.optional().describe("A file that holds a JWK Set; watched."),
    jwksUrl: z
      .url({ protocol: /^https?$/ })
      .optional()
      .describe("Where the JWK Set is fetched."),
    discovery: z.boolean().optional().describe("Find the JWK Set through OIDC discovery at `issuer`."),
    secret: secretSource
      .optional()
      .describe("A shared secret of at least 32 bytes; permits HS256 and nothing else."),
  })
  .describe("Where the issuer's keys come from; at least one source.");

const fetching = z
  .strictObject({
    caFile: filePath
      .optional()
      .describe("CA certificates (PEM) trusted for the key URL instead of the system's."),
    bearerFile: secretPath
      .optional()
      .describe("A file with a token sent as `Authorization: Bearer` (a pod's own token)."),
    refusePrivateNetworks: z
      .boolean()
      .default(false)
      .describe("Refuse key URLs that resolve to private, loopback or link-local addresses."),
    maxStale: duration.prefault("24h").describe("How long keys are still used when the URL stops answering."),
  })
  .prefault({});

export const issuerSchema = z.strictObject({
  name: z
    .string()
    .regex(
      /^[a-z0-9][a-z0-9-]{0,62}$/,
      "is not an issuer's name; write lower-case letters, digits and `-`, at most 63",
    )
    .describe("A short name for logs, metrics and `decide.issuers`."),
  issuer: z
    .string()
    .min(1)
    .optional()
    .describe("The exact `iss` that tokens carry. Without it, tokens without `iss` are taken."),
  audience: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe("Accepted `aud` values; a token must carry one of them."),
  algorithms: z.array(algorithm).min(1).optional().describe("Narrows the algorithms that the keys permit."),
  keys,
  fetch: fetching.describe("How the key URL is fetched."),
  leeway: durationOrZero
    .prefault("30s")
    .describe("Clock difference allowed for `nbf` and `iat` (never for `exp`)."),
  maxTokenAge: duration
    .optional()
    .describe("Refuse tokens whose `iat` is older than this; makes `iat` required."),
  requiredType: z
    .string()
    .optional()
    .describe("The `typ` header that tokens must have, for example `at+jwt` (RFC 9068)."),
  usernameClaim: claimPath
    .prefault("$.sub")
    .describe("RFC 9535 JSON Path of the claim that names the person in logs."),
  groupsClaim: claimPath.optional().describe("RFC 9535 JSON Path of the claim that lists the groups."),
  trustUsernames: z
    .boolean()
    .default(false)
    .describe("Let policy name users by `usernameClaim` alone instead of `<issuer>:<sub>`."),
});

const tokenDecision = z.strictObject({
  mode: z.literal("token").describe("The signed claim names the role; no store is needed."),
  issuers: z
    .array(z.string())
    .min(1)
    .optional()
    .describe("Names of the issuers this cluster trusts; all by default."),
  roleClaim: claimPath
    .prefault("$.sub")
    .describe("RFC 9535 JSON Path of the claim that names the database role; a list means any of them."),
  roleMapping: z
    .record(z.string(), z.array(roleName))
    .optional()
    .describe("Claim value → database roles. With it, a value that is not listed gives nothing."),
  databases: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe("Databases that may be opened; all by default."),
});

const host = z.strictObject({
  host: z.string().min(1).describe("Name or address, without brackets; no Unix socket."),
  port: port.min(1).default(5432).describe("The server's port."),
});

const login = z.discriminatedUnion("method", [
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
      .describe("Passwords are in `<prefix><ROLE>`, the role in upper case with `_` for other characters."),
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
  tls: upstreamTls.describe("TLS to the servers."),
  login: login.describe("How Postern logs in as the role."),
  decide: z
    .discriminatedUnion("mode", [tokenDecision])
    .prefault({ mode: "token" })
    .describe("Who may be which role."),
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
  idleTimeout: duration.optional().describe("End a session after this long without a byte from the client."),
  warmSpares: z
    .int()
    .min(0)
    .max(64)
    .default(0)
    .describe("Fresh, never used connections kept ready for each recently used role and database."),
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

const serverTls = z.strictObject({
  certFile: filePath.describe("Certificate chain (PEM)."),
  keyFile: secretPath.describe("Private key (PEM)."),
  minVersion: z
    .enum(["TLSv1.2", "TLSv1.3"])
    .default("TLSv1.2")
    .describe("The oldest TLS that clients may use."),
});

const postgresDoor = z.strictObject({
  host: z.string().default("127.0.0.1").describe("Address to listen on; empty for all interfaces."),
  port: port.default(6432).describe("Port to listen on; 0 picks a free one."),
  tls: serverTls
    .optional()
    .describe(
      "Certificate and key; both files are watched and reloaded. Without it only plain text from loopback is served.",
    ),
  plainText: z
    .enum(["loopback", "never", "always"])
    .default("loopback")
    .describe("From where connections without TLS are accepted."),
  authentication: z
    .enum(["password", "oauthbearer"])
    .default("password")
    .describe(
      "What is asked of clients that don't say: the token as a cleartext password, or SASL OAUTHBEARER (RFC 7628).",
    ),
  oauth: z
    .strictObject({
      openidConfiguration: z
        .url()
        .describe("The issuer's discovery document, `https://…/.well-known/openid-configuration`."),
      scope: z.string().optional().describe("The scope that clients ask for."),
    })
    .optional()
    .describe("What OAUTHBEARER tells clients about where to get a token."),
  defaultCluster: z
    .string()
    .optional()
    .describe("Where clients go that name no cluster; the only one by default."),
  workers: z.int().min(1).max(64).default(1).describe("Processes that share the port."),
});

const limits = z
  .strictObject({
    handshakeTimeout: duration
      .prefault("15s")
      .describe("From the accepted connection to the end of the login."),
    startupPacket: size.prefault("10000B").describe("The largest startup packet (PostgreSQL: 10,000 bytes)."),
    passwordMessage: size.prefault("64kB").describe("The largest password message, that is, token."),
    connections: z.int().min(1).default(10_000).describe("Connections in total."),
    connectionsPerIdentity: z.int().min(1).default(1000).describe("Sessions of one identity."),
    unauthenticatedPerAddress: z
      .int()
      .min(1)
      .default(256)
      .describe("Connections of one address that have not logged in yet."),
    unauthenticated: z
      .int()
      .min(1)
      .default(1024)
      .describe("Connections that have not logged in yet, in total."),
    failedLoginsPerAddress: z
      .int()
      .min(0)
      .default(60)
      .describe("Failed logins of one address within a minute before it must wait; 0 switches this off."),
    drainTimeout: duration.prefault("30s").describe("How long SIGTERM waits for sessions to end."),
  })
  .prefault({});

const admin = z.strictObject({
  host: z.string().default("127.0.0.1").describe("Address to listen on; empty for all interfaces."),
  port: port.default(9187).describe("Port to listen on; 0 picks a free one."),
});

const log = z
  .strictObject({
    level: z
      .enum(["trace", "debug", "info", "warn", "error", "silent"])
      .default("info")
      .describe("The least important lines that are written."),
    format: z.enum(["json", "text"]).default("json").describe("JSON for machines, text for people."),
  })
  .prefault({});

export const configSchema = z.strictObject({
  doors: z
    .strictObject({ postgres: postgresDoor.optional().describe("The wire door.") })
    .prefault({})
    .describe("The ways in."),
  issuers: z.array(issuerSchema).min(1).describe("Who signs tokens."),
  clusters: z.array(clusterSchema).min(1).describe("The PostgreSQL services behind Postern."),
  limits: limits.describe("Bounds on what clients may take."),
  admin: admin.optional().describe("The HTTP listener for /livez, /readyz and /metrics."),
  log: log.describe("What is logged, to standard error."),
});

/** Frozen all the way down; secrets and paths keep their own types. */
type Frozen<T> = T extends Secret | ClaimPath
  ? T
  : T extends object
    ? { readonly [K in keyof T]: Frozen<T[K]> }
    : T;

/** The whole configuration, validated, with every default filled in. */
export type Config = Frozen<z.output<typeof configSchema>>;
export type IssuerConfig = Frozen<z.output<typeof issuerSchema>>;
export type ClusterConfig = Frozen<z.output<typeof clusterSchema>>;
export type PostgresDoorConfig = Frozen<z.output<typeof postgresDoor>>;
export type LimitsConfig = Frozen<z.output<typeof limits>>;
export type LoginConfig = Frozen<z.output<typeof login>>;
export type AdminConfig = Frozen<z.output<typeof admin>>;
export type LogConfig = Frozen<z.output<typeof log>>;
export type Algorithm = z.output<typeof algorithm>;
