/** `doors.rest`: the HTTP door, which speaks PostgREST's API. */
import { z } from "zod";
import { serverTls, unixSocket } from "./listening.ts";
import { databaseName, duration, port, roleName, secretText, size } from "./values.ts";

/** `name` or `schema.name` as PostgreSQL could hold them; a dot in a name is not told apart. */
const functionName = z
  .string()
  .regex(
    /^[^.\0]{1,63}(?:\.[^.\0]{1,63})?$/,
    "is not a function's name; write it with its schema, such as api.check_request",
  )
  .meta({ title: "function" });

const schemaName = z
  .string()
  .regex(/^[^\0]{1,63}$/, "cannot be a schema's name; PostgreSQL allows 1 to 63 bytes without NUL");

/** The name of a PostgreSQL setting ("Setting Parameters"); an extension's has a prefix and a dot. */
const settingName = z
  .string()
  .regex(
    /^[A-Za-z_][\w$]*(?:\.[A-Za-z_][\w$]*)*$/,
    "is not the name of a setting; write letters, digits, `_` and dots",
  );

/** RFC 9110 §5.6.2: a token. */
const headerName = z
  .string()
  .regex(/^[\w!#$%&'*+.^`|~-]{1,64}$/, "is not the name of a header; write one such as X-Request-Id");

const pool = z
  .strictObject({
    size: z.int().min(1).max(10_000).default(10).describe("Connections that may be open at once."),
    acquisitionTimeout: duration
      .prefault("10s")
      .describe("How long a request waits for a connection before it is answered 504."),
    maxIdleTime: duration.prefault("30s").describe("Close a connection that was not used for this long."),
    maxLifetime: duration.prefault("30m").describe("Close a connection that is this old."),
    automaticRecovery: z
      .boolean()
      .default(true)
      .describe("Connect again after the database was lost; when off, Postern drains and ends."),
  })
  .prefault({});

const openapi = z
  .strictObject({
    mode: z
      .enum(["follow-privileges", "ignore-privileges", "disabled"])
      .default("follow-privileges")
      .describe(
        "What the description of the API at its root shows: what the role may use, everything, nothing.",
      ),
    securityActive: z.boolean().default(false).describe("Say in it that requests carry a token."),
    serverProxyUri: z
      .url({ protocol: /^https?$/ })
      .optional()
      .describe("The URL under which clients reach the API, when a proxy stands in front."),
  })
  .prefault({});

/** The time and memory that a request may take before it reaches PostgreSQL. */
const requests = z
  .strictObject({
    maxBody: size.prefault("64MB").describe("The largest body of a request."),
    bodiesInMemory: size
      .optional()
      .describe(
        "Bytes of bodies above 64 kB that are held at the same time, over all connections; an eighth of the memory by default, and 64MB at least. More wait up to ten seconds, and are answered 503 then.",
      ),
    answersInMemory: size
      .optional()
      .describe(
        "The same of answers; more wait in PostgreSQL. Clients that keep others waiting must read 1 MB a second.",
      ),
    maxHeaders: size.prefault("64kB").describe("The largest header section, the token included."),
    maxUrl: size.prefault("32kB").describe("The longest path and query."),
    headersTimeout: duration
      .prefault("10s")
      .describe("From the first byte of a request to the end of its headers."),
    bodyTimeout: duration.prefault("60s").describe("From the end of the headers to the end of the body."),
    keepAliveTimeout: duration
      .prefault("65s")
      .describe("Close a connection on which no request came for this long."),
    connections: z.int().min(1).default(10_000).describe("Connections in total."),
  })
  .prefault({});

export const restDoor = z.strictObject({
  host: z.string().default("127.0.0.1").describe("Address to listen on; empty for all interfaces."),
  port: port.default(3000).describe("Port to listen on; 0 picks a free one."),
  unixSocket: unixSocket.optional().describe("Listen on a Unix socket instead of `host` and `port`."),
  reusePort: z
    .boolean()
    .default(false)
    .describe("Let other processes listen on the same port (SO_REUSEPORT), one of which replaces this one."),
  workers: z
    .int()
    .min(1)
    .max(64)
    .default(1)
    .describe("Processes that share the ports of all doors; the largest number of any door counts."),
  tls: serverTls
    .optional()
    .describe("Certificate and key; both files are watched and reloaded. Without it plain HTTP is served."),
  cluster: z.string().optional().describe("The cluster behind the API; the only one by default."),
  database: databaseName.describe("The database behind the API."),
  authenticator: roleName.describe(
    "The role that the pool logs in as, by the cluster's `login`; it must be able to become the roles of requests.",
  ),
  schemas: z
    .array(schemaName)
    .min(1)
    .default(["public"])
    .describe("Schemas that the API shows; the first is the one of requests that name none."),
  extraSearchPath: z
    .array(schemaName)
    .default(["public"])
    .describe("Schemas added to the search_path of every request, without being shown."),
  maxRows: z.int().min(0).optional().describe("The most rows that an answer has; unlimited by default."),
  pool: pool.describe("Connections to PostgreSQL, shared by all requests."),
  preRequest: functionName.optional().describe("A function to call in each transaction before the request."),
  preparedStatements: z
    .boolean()
    .default(true)
    .describe("Prepare statements; off only behind a pooler that cannot keep them."),
  txEnd: z
    .enum(["commit", "commit-allow-override", "rollback", "rollback-allow-override"])
    .default("commit")
    .describe("How transactions end, and whether `Prefer: tx=` may ask for the other."),
  rootSpec: functionName.optional().describe("A function that answers requests for the API's root."),
  planEnabled: z
    .boolean()
    .default(false)
    .describe("Show execution plans to who asks for `application/vnd.pgrst.plan`."),
  aggregatesEnabled: z.boolean().default(false).describe("Allow aggregate functions in `select`."),
  hoistedTxSettings: z
    .array(settingName)
    .default(["statement_timeout", "plan_filter.statement_cost_limit", "default_transaction_isolation"])
    .describe("Settings of a function that are applied to its whole transaction."),
  appSettings: z
    .record(settingName, secretText)
    .default({})
    .describe("Handed to every transaction as `app.settings.<name>`."),
  channel: z
    .string()
    .regex(/^[^\0]{1,63}$/, "is not a channel's name; PostgreSQL allows 1 to 63 bytes")
    .default("pgrst")
    .describe("Where `NOTIFY` asks for a reload of the schema cache or the configuration."),
  channelEnabled: z.boolean().default(true).describe("Listen on `channel`."),
  inDatabaseConfig: z
    .boolean()
    .default(false)
    .describe("Lay settings of the authenticator that begin with `pgrst.` over these."),
  preConfig: functionName
    .optional()
    .describe("A function that sets `pgrst.` settings, called before they are read."),
  openapi: openapi.describe("The description of the API at its root."),
  allowedOrigins: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe("Origins whose pages may use the API (CORS); all by default, never with cookies."),
  traceHeader: headerName.optional().describe("A request header that is sent back in the answer."),
  serverTiming: z.boolean().default(false).describe("Tell in `Server-Timing` how long the steps took."),
  clientErrorVerbosity: z
    .enum(["verbose", "minimal"])
    .default("verbose")
    .describe("Whether errors have details and a hint, or a code and a message only."),
  logQuery: z.boolean().default(false).describe("Write the SQL of each request to the log."),
  legacyTargetNames: z
    .boolean()
    .default(true)
    .describe("Let filters and orders name an embedded table although it has an alias."),
  requests: requests.describe("Bounds on one request and on connections."),
});
