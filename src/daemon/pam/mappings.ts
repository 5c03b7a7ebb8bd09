import { readFileSync, statSync } from "node:fs";
import { parse } from "yaml";
import { messageOf } from "../../base/error.ts";
import { parseRoleName } from "../../base/ids.ts";

/** Some thousand people. */
const MAX_BYTES = 1024 * 1024;

export type Mappings =
  | { readonly roles: Readonly<Record<string, readonly string[]>> }
  | { readonly fault: string };

/**
 * Reads who may be which role: `ada@example.com: [analyst, reader]`, by `email` or `sub`; a single role may stand by
 * itself, and all of it may stand under `mappings:` or `users:`.
 */
export function readMappings(file: string): Mappings {
  try {
    if (statSync(file).size > MAX_BYTES) return { fault: `${file} is larger than ${MAX_BYTES} bytes` };
    return mappingsIn(file, parse(readFileSync(file, "utf8")));
  } catch (error) {
    return { fault: `${file} cannot be used: ${messageOf(error).split("\n")[0] ?? ""}` };
  }
}

function mappingsIn(file: string, document: unknown): Mappings {
  const fault = (what: string): Mappings => ({
    fault: `${file}: ${what}; write "ada@example.com: [analyst]"`,
  });
  if (!isMap(document)) return fault("no map of people to roles");
  const roles: Record<string, readonly string[]> = Object.create(null);
  for (const [who, value] of Object.entries(document)) {
    const list: unknown = typeof value === "string" ? [value] : value;
    if (
      !Array.isArray(list) ||
      !list.every((role) => typeof role === "string" && parseRoleName(role) !== undefined)
    )
      return fault(`"${who.slice(0, 64)}" has no list of roles`);
    roles[who] = list as string[]; // each was just looked at
  }
  return { roles };
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
