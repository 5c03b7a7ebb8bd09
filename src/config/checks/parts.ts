import type { Findings } from "../prepare.ts";
import type {
  AdminConfig,
  AuditConfig,
  ClusterConfig,
  IssuerConfig,
  PamDoorConfig,
  PersonalTokensConfig,
  PostgresDoorConfig,
  RestDoorConfig,
  StoreConfig,
  WebhookConfig,
} from "../schema.ts";
import { advice } from "../suggest.ts";

/** An entry of a list that the schema accepted, and its place in the list. */
export interface Placed<T> {
  readonly index: number;
  readonly config: T;
}

/**
 * The parts of a configuration that the schema accepted one by one: a fault in one entry does not hide what is wrong
 * between the others. Names are of all entries, so that a reference to a faulty one is not called unknown.
 */
export interface Parts {
  readonly issuers: readonly Placed<IssuerConfig>[];
  readonly issuerNames: readonly (string | undefined)[];
  readonly clusters: readonly Placed<ClusterConfig>[];
  readonly clusterNames: readonly (string | undefined)[];
  readonly door: PostgresDoorConfig | undefined;
  readonly restDoor: RestDoorConfig | undefined;
  readonly pamDoor: PamDoorConfig | undefined;
  readonly admin: AdminConfig | undefined;
  /** `faulty`: it is there, and was refused. */
  readonly audit: AuditConfig | "faulty" | undefined;
  readonly store: StoreConfig | undefined;
  readonly personalTokens: PersonalTokensConfig | undefined;
  readonly webhooks: readonly WebhookConfig[];
}

/** Reports each name that came before in its list. */
export function checkUnique(list: string, names: readonly (string | undefined)[], findings: Findings): void {
  names.forEach((name, index) => {
    if (name !== undefined && names.indexOf(name) < index)
      findings.fault([list, index, "name"], `"${name}" is used twice; choose another name`);
  });
}

/** What to say of a reference to something that does not exist. */
export function unknown(what: string, name: string, known: readonly (string | undefined)[]): string {
  const names = known.filter((one) => one !== undefined);
  return `there is no ${what} "${name}"; ${advice(name, names)}`;
}

/** Calls `repeated` for every entry whose key came before. */
export function eachRepeated<T>(
  entries: readonly T[],
  key: (entry: T) => string | undefined,
  repeated: (entry: T, key: string) => void,
): void {
  const seen = new Set<string>();
  for (const entry of entries) {
    const found = key(entry);
    if (found === undefined) continue;
    if (seen.has(found)) repeated(entry, found);
    seen.add(found);
  }
}
