/** `store`: the PostgreSQL database that holds Postern's own state. */
import { z } from "zod";
import type { Secret } from "../../base/secret.ts";
import { parseStoreUrl } from "../store-url.ts";
import { duration, filePath, secretSource } from "./values.ts";

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

const written = z.strictObject({
  url: secretSource.describe(
    "`postgres://user:password@host:5432/database`; the password may be given apart. TLS is set below.",
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
export const store = written.transform(({ url, password, ...rest }, context) => {
  const parsed = parseStoreUrl(url.reveal());
  const fault = (path: string, message: string) => {
    context.issues.push({ code: "custom", message, path: [path], input: "" });
    return z.NEVER;
  };
  if (parsed.kind === "fault") return fault("url", parsed.message);
  const { password: inUrl, ...server } = parsed.server;
  if (inUrl !== undefined && password !== undefined)
    return fault("password", "is in the URL too; keep one of them");
  const secret: Secret | undefined = password ?? inUrl;
  return { ...rest, ...server, ...(secret && { password: secret }) };
});
