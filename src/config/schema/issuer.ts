/** `issuers[]`: who signs tokens. */
import { z } from "zod";
import { KEY_PAIR_ALGORITHMS, SECRET_ALGORITHMS } from "../algorithms.ts";
import { claimPath, duration, durationOrZero, filePath, secretPath, secretSource } from "./values.ts";

export const algorithm = z.enum([...KEY_PAIR_ALGORITHMS, ...SECRET_ALGORITHMS]);

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
      .describe(
        "A shared secret of at least 32 bytes; permits HS256, or else what `algorithms` names of HS256, HS384 (48 bytes) and HS512 (64).",
      ),
    secretEncoding: z
      .enum(["text", "base64"])
      .default("text")
      .describe("Whether `secret` is the secret itself or its bytes in base64 or base64url."),
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
    .describe(
      "The exact `iss` that tokens carry. Without it, whatever its keys signed is taken, unless another issuer has its `iss`.",
    ),
  audience: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe("Accepted `aud` values; a token must carry one of them."),
  requireAudience: z
    .boolean()
    .default(true)
    .describe("With `audience`: refuse tokens without any `aud` too, and not only those for somebody else."),
  requireSubject: z
    .boolean()
    .default(true)
    .describe("Refuse tokens without `sub`; otherwise their bearers cannot be told apart."),
  algorithms: z
    .array(algorithm)
    .min(1)
    .optional()
    .describe("Narrows the algorithms that the keys permit; says what a shared secret permits."),
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
  usernamePrefix: z
    .string()
    .max(256)
    .default("")
    .describe(
      "Put before usernames that policy sees, as `--oidc-username-prefix` of Kubernetes does: `corp:`.",
    ),
  groupsPrefix: z
    .string()
    .max(256)
    .default("")
    .describe(
      "Put before groups that policy sees, so that a group of this issuer is not one of the same name of another.",
    ),
  kubernetes: z
    .boolean()
    .default(false)
    .describe(
      "The issuer is a Kubernetes cluster: its `system:serviceaccount:…` subjects are service accounts to policy, with their groups. Of other issuers no name or group that begins with `system:` counts.",
    ),
});
