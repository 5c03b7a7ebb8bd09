import type { HeaderField } from "../errors.ts";
import type { Preferences } from "../request/types.ts";

/** Which preferences mean something to an action; the others were not applied, so they are not said to be. */
interface Meaning {
  readonly return: boolean;
  readonly resolution: boolean;
  readonly missing: boolean;
  readonly maxAffected: boolean;
}

export type PreferringAction = "read" | "insert" | "upsert" | "update" | "delete" | "call";

const MEANINGS: Readonly<Record<PreferringAction, Meaning>> = {
  read: { return: false, resolution: false, missing: false, maxAffected: false },
  insert: { return: true, resolution: true, missing: true, maxAffected: false },
  upsert: { return: true, resolution: false, missing: false, maxAffected: false },
  update: { return: true, resolution: false, missing: true, maxAffected: true },
  delete: { return: true, resolution: false, missing: false, maxAffected: true },
  call: { return: false, resolution: false, missing: false, maxAffected: true },
};

/**
 * The Preference-Applied field (RFC 7240 §3), or none.
 * @param conflicts of an insert: whether there is something that rows can conflict on
 */
export function preferenceApplied(
  action: PreferringAction,
  preferences: Preferences,
  conflicts = true,
): readonly HeaderField[] {
  const means = MEANINGS[action];
  const { resolution, missing, count, tx, handling, timezone, maxAffected } = preferences;
  const applied: string[] = [];
  const say = (name: string, value: string | number | undefined) => {
    if (value !== undefined) applied.push(`${name}=${value}`);
  };
  if (means.resolution && conflicts) say("resolution", resolution);
  if (means.missing) say("missing", missing);
  if (means.return) say("return", preferences.return);
  say("count", count);
  say("tx", tx);
  say("handling", handling);
  say("timezone", timezone);
  if (means.maxAffected && handling === "strict") say("max-affected", maxAffected);
  return applied.length === 0 ? NONE : [["Preference-Applied", applied.join(", ")]];
}

const NONE: readonly HeaderField[] = [];
