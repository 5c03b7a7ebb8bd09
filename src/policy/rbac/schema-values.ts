/** The kinds of value that policy objects hold. */
import { z } from "zod";

/** The longest text anywhere in a policy object: names, verbs, paths, e-mail addresses all fit by far. */
const MAX_TEXT = 1024;
/** The most values of a list in a rule or selector. */
const MAX_VALUES = 1000;

/** A text that says something. Never cut, never trimmed: it is compared to the byte. */
export const text = z
  .string()
  .min(1)
  .max(MAX_TEXT)
  .refine((value) => !value.includes("\0") && !/\p{Surrogate}/u.test(value), "holds NUL or half a character");

/** A list that may be left out or null, as `kubectl` writes lists that are empty. */
export function list<T extends z.ZodType>(item: T, max = MAX_VALUES) {
  return z
    .array(item)
    .max(max)
    .nullish()
    .transform((values) => values ?? []);
}
