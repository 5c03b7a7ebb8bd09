/** The kinds of value that settings have: what people write, and what becomes of it. */
import { z } from "zod";
import { parseDatabaseName, parseRoleName } from "../../base/ids.ts";
import { Secret } from "../../base/secret.ts";
import { ClaimPath } from "../claim-path.ts";
import { parseDuration, parseSize } from "../units.ts";

/** `500ms`, `30s`, `5m`, `8h`, `1d` → milliseconds. */
export const durationOrZero = z
  .string()
  .regex(
    /^\d{1,9}(ms|s|m|h|d)$/,
    "is not a duration; write a whole number and a unit: 500ms, 30s, 5m, 8h or 1d",
  )
  .refine((text) => parseDuration(text) !== undefined, "is longer than a hundred years; write a shorter one")
  .transform((text) => parseDuration(text) ?? 0)
  .meta({ title: "duration" });

export const duration = durationOrZero
  .refine((ms) => ms > 0, "is no time at all; write a duration above zero")
  .meta({ title: "duration" });

/** Linux keeps whole seconds in 15 bits (tcp(7), TCP_KEEPIDLE). */
const MAX_KEEP_ALIVE_MS = 32_767_000;

/** When a silent TCP connection is asked for a sign of life. */
export const tcpKeepAlive = duration
  .refine(
    (ms) => ms >= 1000 && ms <= MAX_KEEP_ALIVE_MS,
    "is no time for TCP keepalive; write one from 1s to 9h",
  )
  .prefault("60s");

/** `512B`, `64kB`, `1MB` → bytes. */
export const size = z
  .string()
  .regex(/^\d{1,9}(B|kB|MB)$/, "is not a size; write a whole number and a unit: 512B, 64kB or 1MB")
  .transform((text) => parseSize(text) ?? 0)
  .meta({ title: "size" });

export const port = z.int().min(0).max(65535);
/** A file or directory. The loader makes it absolute and looks whether it is there. */
export const filePath = z.string().min(1).meta({ format: "path" });
/** A file that Postern makes, in a directory that is there. */
export const newFilePath = z.string().min(1).meta({ format: "new-path" });
/** A file whose content is a secret. */
export const secretPath = z.string().min(1).meta({ format: "secret-path" });

/** A role name that PostgreSQL can hold unchanged. */
export const roleName = z
  .string()
  .refine(
    (text) => parseRoleName(text) !== undefined,
    "cannot be a role name; PostgreSQL allows 1 to 63 bytes without NUL",
  )
  .meta({ title: "role" });

/** A database's name that PostgreSQL can hold unchanged. */
export const databaseName = z
  .string()
  .refine(
    (text) => parseDatabaseName(text) !== undefined,
    "cannot be a database's name; PostgreSQL allows 1 to 63 bytes without NUL",
  )
  .meta({ title: "database" });

/** Text, or a file that the loader reads before the schema sees it: what comes out is always the secret itself. */
function secret(text: z.ZodString) {
  return z
    .union([
      text
        .transform((value) => new Secret(value))
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
}

export const secretSource = secret(z.string().min(1));

/** A text that may be a secret and may be empty. */
export const secretText = secret(z.string());

/** A JSON Path (RFC 9535) into the claims. */
export const claimPath = z
  .string()
  .transform((text, context) => {
    const path = ClaimPath.parse(text);
    if (path instanceof ClaimPath) return path;
    context.issues.push({ code: "custom", message: path.fault, input: text });
    return z.NEVER;
  })
  .meta({ title: "JSON Path" });
