import { z } from "zod";
import { databaseName, duration, durationOrZero, filePath, roleName } from "./values.ts";

/** A login waits for the answer, and gives up itself after `limits.handshakeTimeout`. */
const MAX_TIMEOUT_MS = 30_000;
/** For this long a right that the API took away is still given to who had it just before. */
const MAX_CACHE_MS = 60_000;

export const remoteDecision = z.strictObject({
  mode: z
    .literal("remote")
    .describe("An HTTP API is asked, with the client's own credential, which role it may be and until when."),
  url: z
    .url({ protocol: /^https?$/ })
    .describe("Where `{role, rhost}` is sent by POST, with the credential as `Authorization: Bearer`."),
  issuer: z
    .string()
    .min(1)
    .max(256)
    .optional()
    .describe(
      "The name under which the API's users are known, before their id; the URL's origin by default.",
    ),
  timeout: duration
    .refine((ms) => ms <= MAX_TIMEOUT_MS, "is longer than a login waits; write at most 30s")
    .prefault("3s")
    .describe("How long an answer may take; none in time is a denial."),
  cache: durationOrZero
    .refine((ms) => ms <= MAX_CACHE_MS, "keeps rights that were taken away for too long; write at most 60s")
    .prefault("5s")
    .describe("How long a permission is given again without asking; never past its end. `0s`: always ask."),
  caFile: filePath.optional().describe("CA certificates (PEM) trusted for the URL instead of the system's."),
  refusePrivateNetworks: z
    .boolean()
    .default(false)
    .describe("Refuse a URL that resolves to private, loopback or link-local addresses."),
  restRole: roleName.optional().describe("REST only: the role that requests ask for which name none."),
  databases: z
    .array(databaseName)
    .min(1)
    .optional()
    .describe("Databases that may be opened; all by default."),
});
