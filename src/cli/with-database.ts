import { messageOf } from "../base/error.ts";
import { faultText } from "../config/errors.ts";
import type { LoadResult } from "../config/load.ts";
import { accepted, withWarnings } from "./configuration.ts";
import { Failure } from "./failure.ts";
import { tell } from "./terminal.ts";

/** What a command that opens doors hands to the daemon. */
interface Reading {
  /** What to begin with. */
  readonly loaded: Extract<LoadResult, { kind: "ok" }>;
  /** Reads everything again. Rejects when the database cannot be asked. */
  readonly load: () => LoadResult | Promise<LoadResult>;
  /** Whether `loaded` has all that there is to it. */
  readonly complete: boolean;
}

/**
 * Reads a configuration, and what the database says of the REST door where it is to be asked. A database that is not
 * there yet is asked again once the doors are open; the REST door says 503 until then.
 */
export async function readWithDatabase(read: () => LoadResult): Promise<Reading> {
  const alone = accepted(withWarnings(read()));
  let told = textOf(alone);
  const load = async () => {
    const result = await askedOf(read());
    // A reload may find that nothing has changed; nobody wants to be warned of it again.
    if (textOf(result) !== told) withWarnings(result);
    told = textOf(result);
    return result;
  };
  try {
    return { loaded: accepted(await askedOf(alone)), load, complete: true };
  } catch (error) {
    if (error instanceof Failure) throw error;
    tell(`warning: the database could not be asked for its settings and is asked again: ${messageOf(error)}`);
    return { loaded: alone, load, complete: false };
  }
}

function textOf(result: LoadResult): string {
  return result.kind === "ok" ? result.warnings.map(faultText).join("\n") : "";
}

/** @throws Error when the database could not be asked */
async function askedOf(result: LoadResult): Promise<LoadResult> {
  if (result.kind === "faults" || result.config.doors.rest?.inDatabaseConfig !== true) return result;
  const { askForSettings } = await import("../daemon/rest-database.ts");
  return result.withDatabase(await askForSettings(result.config));
}
