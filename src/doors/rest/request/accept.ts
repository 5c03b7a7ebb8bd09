/** The `Accept` header (RFC 9110 §12.5.1): the media types that a client takes, what it likes best first. */
import { MAX_HEADER_ITEMS } from "./limits.ts";
import { parseMediaType, splitQuoted } from "./media-type.ts";
import type { MediaType } from "./types.ts";

const ANYTHING: readonly MediaType[] = [{ kind: "any" }];
const WEIGHT = /^\s*q\s*=\s*(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\s*$/i;

interface Weighted {
  readonly type: string;
  readonly weight: number;
  /** Parameters make a type more particular, stars less. */
  readonly particular: number;
}

export function parseAccept(header: string | undefined): readonly MediaType[] {
  if (header === undefined || header === "") return ANYTHING;
  if (!header.includes(",") && !header.includes(";")) return [parseMediaType(header.trim())];
  return splitQuoted(header, ",")
    .slice(0, MAX_HEADER_ITEMS)
    .map(readWeighted)
    .filter(({ type, weight }) => weight > 0 && type !== "")
    .sort((a, b) => b.weight - a.weight || b.particular - a.particular)
    .map(({ type }) => parseMediaType(type));
}

function readWeighted(text: string): Weighted {
  const parts = splitQuoted(text, ";");
  const at = parts.findIndex((part, index) => index > 0 && /^\s*q\s*=/i.test(part));
  // What follows the weight is no part of the type.
  const kept = at < 0 ? parts : parts.slice(0, at);
  const weight = at < 0 ? 1 : Number(WEIGHT.exec(parts[at] ?? "")?.[1] ?? 0);
  const type = kept.join(";").trim();
  return { type, weight, particular: kept.length - 1 - (type.match(/\*/g)?.length ?? 0) };
}
