/** What planning one request has at hand at every level. */
import type { Catalog, QualifiedName } from "../catalog/types.ts";
import type { Aliases } from "./aliases.ts";
import type { LegacyName } from "./branch.ts";
import type { RowType } from "./row-type.ts";
import type { EmbedPlan, Output } from "./types.ts";

export interface ReadSettings {
  readonly aggregatesEnabled: boolean;
  /** `db-max-rows`; null: no limit. */
  readonly maxRows: number | null;
  readonly legacyTargetNames: boolean;
}

export interface Context {
  readonly catalog: Catalog;
  readonly settings: ReadSettings;
  /** The schema of the request; what is embedded is in it too. */
  readonly schema: string;
  /** Functions that write the values of a domain. */
  readonly formatters: ReadonlyMap<string, QualifiedName>;
  readonly aliases: Aliases;
  /** Filled while planning. */
  readonly legacyNames: LegacyName[];
}

/** An embed whose parent is being planned: filters make it inner, and orders ask it for more. */
export interface Draft extends EmbedPlan {
  inner: boolean;
  readonly helpers: Output[];
  /** What filters and orders call it. */
  readonly name: string;
  /** The target as written. */
  readonly relation: string;
  readonly aliased: boolean;
  readonly rowType: RowType;
  /** What the parent outputs in place of it. */
  readonly shown: readonly Output[];
}
