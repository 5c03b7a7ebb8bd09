/** The query string, or a form, as a list of names and values. */
import { badQuery } from "../refusals.ts";
import { decode } from "./decode.ts";
import { MAX_PARAMETERS } from "./limits.ts";
import type { Parameter } from "./types.ts";

const NONE: readonly Parameter[] = [];

/** @param text what follows the question mark, as sent, or a form (application/x-www-form-urlencoded) */
export function splitParameters(text: string): readonly Parameter[] {
  if (text === "") return NONE;
  const parameters: Parameter[] = [];
  for (let from = 0; from <= text.length; ) {
    const ampersand = text.indexOf("&", from);
    const to = ampersand < 0 ? text.length : ampersand;
    if (to > from) parameters.push(splitParameter(text.slice(from, to)));
    if (parameters.length > MAX_PARAMETERS)
      throw badQuery(`More than ${MAX_PARAMETERS} parameters in the query string`);
    from = to + 1;
  }
  return parameters;
}

function splitParameter(text: string): Parameter {
  const equals = text.indexOf("=");
  if (equals < 0) return { name: decodePart(text), value: undefined };
  return { name: decodePart(text.slice(0, equals)), value: decodePart(text.slice(equals + 1)) };
}

function decodePart(text: string): string {
  const decoded = decode(text, "query");
  if (decoded === undefined) throw badQuery("The query string is not valid UTF-8, or has a NUL character");
  return decoded;
}
