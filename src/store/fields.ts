import type { z } from "zod";

/** A column or a member that may be NULL; it is undefined here, and never left out. */
export function optional<T extends z.ZodType>(schema: T) {
  return schema.nullable().transform((value): z.output<T> | undefined => value ?? undefined);
}
