/** `personalTokens`: tokens that people make for themselves. */
import { z } from "zod";
import { duration, secretSource } from "./values.ts";

/** What HMAC-SHA-256 can make use of. */
const MIN_KEY_BYTES = 32;

export const personalTokens = z.strictObject({
  key: secretSource
    .refine(
      (secret) => Buffer.byteLength(secret.reveal()) >= MIN_KEY_BYTES,
      `is shorter than ${MIN_KEY_BYTES} bytes; make one with "openssl rand -base64 48"`,
    )
    .describe(
      "The key of the hashes that the store has in place of tokens. With another key, all tokens are void.",
    ),
  maxLifetime: duration.prefault("90d").describe("The longest that a token may be valid."),
  groupsMaxAge: duration
    .prefault("30d")
    .describe(
      "How long the groups of a token's owner count after their issuer last said them, at a login with a signed token.",
    ),
});
