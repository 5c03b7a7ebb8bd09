/** Reads JWK Sets (RFC 7517 §5) that others publish. */
import type { VerificationKey } from "./key.ts";
import { importJwk } from "./key-import.ts";

/** Issuers publish a handful of keys; more are a mistake or an attempt to make verification slow. */
const MAX_KEYS = 64;

/** The usable keys of a set, and what is wrong with the others. */
export interface KeySet {
  readonly keys: readonly VerificationKey[];
  readonly faults: readonly string[];
}

/**
 * Imports the keys of a set. Members that cannot be used are left out, as RFC 7517 §5 asks; those that are wrong (and
 * not just meant for something else) are reported. A set without a single usable key has a fault that says so.
 */
export function importJwks(set: unknown): KeySet {
  const members = membersOf(set);
  if (members === undefined) return { keys: [], faults: ["not a JWK Set: there is no list `keys`"] };
  if (members.length > MAX_KEYS)
    return { keys: [], faults: [`${members.length} keys; at most ${MAX_KEYS} are taken`] };
  const keys: VerificationKey[] = [];
  const faults: string[] = [];
  for (const [index, member] of members.entries()) {
    const imported = importJwk(member);
    if (!("fault" in imported)) keys.push(imported);
    else if (imported.ignored !== true) faults.push(`key ${index} is ${imported.fault}`);
  }
  if (keys.length === 0) faults.push("no usable key");
  return { keys, faults };
}

function membersOf(set: unknown): readonly unknown[] | undefined {
  if (typeof set !== "object" || set === null || !("keys" in set)) return undefined;
  return Array.isArray(set.keys) ? set.keys : undefined;
}
