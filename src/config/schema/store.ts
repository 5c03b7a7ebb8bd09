/** `store`: the PostgreSQL database that holds Postern's own state. */
import { z } from "zod";
import { serverSocket } from "../../base/address.ts";
import type { Secret } from "../../base/secret.ts";
import type { StoreServer } from "../store-url.ts";
import { parseStoreUrl } from "../store-url.ts";
import { duration, filePath, newFilePath, secretSource } from "./values.ts";

const storeTls = z
  .strictObject({
    mode: z
      .enum(["disable", "require", "verify-ca", "verify-full"])
      .default("verify-full")
      .describe(
        "As libpq's sslmode. The store decides who gets in: anything less than `verify-full` trusts the network.",
      ),
    caFile: filePath
      .optional()
      .describe(
        "CA certificates (PEM) that the server's certificate must come from; the system's by default.",
      ),
  })
  .prefault({});

/** Lower case and unquoted, so that it reads the same in every tool; `pg_` is PostgreSQL's own. */
const schemaName = z
  .string()
  .regex(
    /^(?!pg_)[a-z_][a-z0-9_]{0,62}$/,
    "is no schema's name here; write lower-case letters, digits and `_`, at most 63, not beginning with pg_",
  );

const embedded = z.strictObject({
  directory: newFilePath.describe(
    "Where it keeps its data and its socket; made when it is not there. On a local disk, and for nothing else.",
  ),
});

const written = z.strictObject({
  url: secretSource
    .optional()
    .describe(
      "`postgres://user:password@host:5432/database`; the password may be given apart. TLS is set below. Several hosts (`a:5432,b:5432`): the one that takes writes.",
    ),
  embedded: embedded
    .optional()
    .describe(
      "In the place of `url`, for a single node: a PostgreSQL that Postern brings, starts and ends. Only Postern's user gets in, by a Unix socket.",
    ),
  password: secretSource.optional().describe("The password, when `url` has none."),
  schema: schemaName.default("postern").describe("The schema that holds the tables."),
  poolSize: z
    .int()
    .min(1)
    .max(100)
    .default(8)
    .describe("Connections of one process, beside the one that listens."),
  connectTimeout: duration
    .prefault("5s")
    .describe("For one connection: TCP, TLS and login together; also for waiting until one is free."),
  statementTimeout: duration.prefault("5s").describe("For one statement."),
  migrate: z
    .boolean()
    .default(true)
    .describe("Bring the tables up to date at start; `false` leaves it to `postern migrate`."),
  tls: storeTls.describe("TLS to the store."),
});

/** The URL is read once, here; what comes out has its parts. */
export const store = written.transform(({ url, password, embedded, ...rest }, context) => {
  const fault = (path: readonly string[], message: string) => {
    context.issues.push({ code: "custom", message, path: [...path], input: "" });
    return z.NEVER;
  };
  if (embedded !== undefined) {
    const wrong = embeddedFault({ url, password, tls: rest.tls, ...embedded });
    if (wrong !== undefined) return fault(...wrong);
    const place: Place = inDirectory(embedded.directory);
    return { ...rest, ...place };
  }
  if (url === undefined)
    return fault(["url"], "is missing; name a database, or a directory with store.embedded");
  const parsed = parseStoreUrl(url.reveal());
  if (parsed.kind === "fault") return fault(["url"], parsed.message);
  const { password: inUrl, ...server } = parsed.server;
  if (inUrl !== undefined && password !== undefined)
    return fault(["password"], "is in the URL too; keep one of them");
  const secret: Secret | undefined = password ?? inUrl;
  const place: Place = { ...server, ...(secret && { password: secret }), tls: rest.tls };
  return { ...rest, ...place };
});

/** Where the store is, and how it is connected to. */
interface Place extends StoreServer {
  readonly tls: z.output<typeof storeTls>;
  /** The directory of the PostgreSQL that is Postern's own. */
  readonly embedded?: { readonly directory: string };
}

/** A Unix socket's path is kept in 108 bytes, with a NUL at its end (unix(7)). */
const MAX_SOCKET_PATH = 107;
const PORT = 5432;

interface Embedded {
  readonly directory: string;
  readonly url: unknown;
  readonly password: unknown;
  readonly tls: z.output<typeof storeTls>;
}

/** What cannot be, beside or within `embedded`, and where it is written. */
function embeddedFault({ directory, url, password, tls }: Embedded): [readonly string[], string] | undefined {
  if (url !== undefined) return [["url"], "and store.embedded name two stores; keep one of them"];
  if (password !== undefined)
    return [["password"], "is of no use to store.embedded, which has none; remove it"];
  if (tls.mode !== "verify-full" || tls.caFile !== undefined)
    return [["tls"], "is of no use to store.embedded, which is not on the network; remove it"];
  if (Buffer.byteLength(serverSocket(directory, PORT)) > MAX_SOCKET_PATH)
    return [["embedded", "directory"], "is too long for a socket in it; choose a path of at most 93 bytes"];
  return undefined;
}

/** How the PostgreSQL in a directory is connected to. */
function inDirectory(directory: string): Place {
  const hosts = [{ host: directory, port: PORT }];
  return { hosts, user: "postern", database: "postern", tls: { mode: "disable" }, embedded: { directory } };
}
