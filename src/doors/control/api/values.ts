/** Pieces that several routes' schemas have. */
import { z } from "zod";
import { parseDatabaseName, parseRoleName } from "../../../base/ids.ts";
import { parseDuration } from "../../../config/units.ts";

/** RFC 1123 label, as everywhere in Kubernetes. */
export const namespace = z
  .string()
  .regex(
    /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/,
    "is not a namespace; write lower-case letters, digits and `-`",
  )
  .describe("The namespace.");

/** What fits a segment of a path. */
export const objectName = z
  .string()
  .min(1)
  .max(253)
  .regex(/^(?!\.{1,2}$)[^/%]+$/, "cannot be a name")
  .describe("The object's name.");

export const id = z
  .string()
  .regex(/^[A-Za-z0-9]{1,64}$/, "is no id")
  .describe("The id.");

/** Text that `parse` makes something of, or else `message`. */
export function parsed<T>(parse: (text: string) => T | undefined, message: string) {
  return z.string().transform((text, context): T => {
    const value = parse(text);
    if (value !== undefined) return value;
    context.issues.push({ code: "custom", message, input: text });
    return z.NEVER;
  });
}

/** Milliseconds inside, `30m` outside. */
export const duration = parsed(
  parseDuration,
  "is no duration; write a whole number and a unit: 30m, 8h",
).describe("A whole number and a unit: `30m`, `8h`.");

export const roleName = parsed(parseRoleName, "cannot be a role; write 1 to 63 bytes without NUL");
export const databaseName = parsed(
  parseDatabaseName,
  "cannot be a database; write 1 to 63 bytes without NUL",
);

/** One line that people write: shown to others, and kept. */
export const note = z.string().min(1).max(1000);

/** Milliseconds since the epoch inside, RFC 3339 outside. */
export const instant = z
  .number()
  .transform((ms) => new Date(ms).toISOString())
  .meta({ type: "string", format: "date-time" });

/** `true` or `false` in a query. */
export const flag = z
  .enum(["true", "false"])
  .default("false")
  .transform((text) => text === "true");
