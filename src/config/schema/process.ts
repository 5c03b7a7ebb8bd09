/** What the process itself does: where it listens, what clients may take, what it tells. */
import { z } from "zod";
import { serverTls, unixSocket } from "./listening.ts";
import { duration, port, secretSource, size, tcpKeepAlive } from "./values.ts";

export const postgresDoor = z.strictObject({
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

export const limits = z
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
    cachedTokens: z
      .int()
      .min(0)
      .max(1_000_000)
      .default(10_000)
      .describe("Verified tokens that are remembered until they end; 0 verifies each one every time."),
    tcpKeepAlive: tcpKeepAlive.describe(
      "A client that is silent is asked for a sign of life (TCP keepalive) after this long; one that vanished is given up soon after.",
    ),
    expiryWarnings: z
      .array(duration)
      .max(10)
      .prefault(["5m", "1m"])
      .describe(
        "When a client of the wire door is warned, by a NOTICE, before its session ends by itself; none: never.",
      ),
    drainTimeout: duration.prefault("30s").describe("How long SIGTERM waits for sessions to end."),
  })
  .prefault({});

export const admin = z.strictObject({
  host: z.string().default("127.0.0.1").describe("Address to listen on; empty for all interfaces."),
  port: port.default(9187).describe("Port to listen on; 0 picks a free one."),
  unixSocket: unixSocket.optional().describe("Listen on a Unix socket instead of `host` and `port`."),
  tls: serverTls
    .optional()
    .describe("Certificate and key; both files are watched and reloaded. Without it plain HTTP is served."),
  token: secretSource
    .optional()
    .describe(
      "A token of at least 16 characters that /metrics, /schema_cache and /config then ask for (`Authorization: Bearer …`).",
    ),
});

export const log = z
  .strictObject({
    level: z
      .enum(["trace", "debug", "info", "warn", "error", "silent"])
      .default("info")
      .describe("The least important lines that are written."),
    format: z.enum(["json", "text"]).default("json").describe("JSON for machines, text for people."),
  })
  .prefault({});
