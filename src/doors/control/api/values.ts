/** Pieces that several routes' schemas have. */
import { z } from "zod";
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

/** Milliseconds inside, `30m` outside. */
export const duration = z
  .string()
  .transform((text, context) => {
    const ms = parseDuration(text);
    if (ms !== undefined) return ms;
    context.issues.push({
      code: "custom",
      message: "is no duration; write a whole number and a unit: 30m, 8h",
      input: text,
    });
    return z.NEVER;
  })
  .describe("A whole number and a unit: `30m`, `8h`.");

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
