import type { AccessOffer, CurrentOffer } from "../grants/offer.ts";
import type { OfferName } from "../grants/request.ts";
import type { PolicyObject, TimedBinding } from "../policy/rbac/objects.ts";
import { objectKey, RBAC_GROUP } from "../policy/rbac/objects.ts";
import { Policy } from "../policy/rbac/policy.ts";
import type { SharedPolicy, StoredPolicy } from "./shared-policy.ts";
import type { Entry, WrittenObject } from "./written-object.ts";
import { isOffer, keyOf } from "./written-object.ts";

/** The grants of the moment. */
export interface RunningGrants {
  /** Another value after each change of what is granted. */
  readonly open: unknown;
  active(): { readonly usable: readonly TimedBinding[]; readonly upholding: readonly TimedBinding[] };
}

/** What follows from one state of the store, and stays until there is another. */
interface Standing {
  readonly stored: StoredPolicy;
  /** By their keys; a file's before the store's. */
  readonly entries: ReadonlyMap<string, Entry>;
  readonly policy: Policy;
  readonly offers: ReadonlyMap<string, CurrentOffer>;
}

/** Policy with the grants of the moment. */
interface Granted {
  readonly standing: Standing;
  readonly open: unknown;
  readonly usable: Policy;
  readonly upholding: Policy;
}

const NONE: StoredPolicy = { revision: "", entries: [] };

/** The policy of one configuration: what its files say, what the store holds besides, and what is granted for a while. */
export class PolicyInForce {
  readonly #files: Standing;
  readonly #shared: SharedPolicy | undefined;
  readonly #grants: RunningGrants | undefined;
  #standing: Standing;
  #granted: Granted | undefined;

  constructor(files: readonly Entry[], shared?: SharedPolicy, grants?: RunningGrants) {
    this.#files = standingOf(files, NONE);
    this.#standing = this.#files;
    this.#shared = shared;
    this.#grants = grants;
  }

  /** Whether nothing is missing of what may be relied on: there is no store, or it answers. */
  get isWhole(): boolean {
    return this.#shared === undefined || this.#shared.isFresh();
  }

  /** What lets in now. Without a store that answers, the files alone: rights only add up, so that is less. */
  get sure(): Policy {
    return this.isWhole ? this.#withGrants().usable : this.#files.policy;
  }

  /** What lets go on what runs: everything that was known last, grants that are used up included. */
  get upholding(): Policy {
    return this.#withGrants().upholding;
  }

  /** Forgets what grants came to: what is offered, and who is called what, was of another configuration until now. */
  renewGrants(): void {
    this.#granted = undefined;
  }

  /** Every object and offer, in the order of their keys. */
  entries(): readonly Entry[] {
    return [...this.#current().entries.values()];
  }

  /** @param key as `keyOf` has it */
  entry(key: string): Entry | undefined {
    return this.#current().entries.get(key);
  }

  offers(): readonly CurrentOffer[] {
    return [...this.#current().offers.values()];
  }

  offer({ namespace, name }: OfferName): CurrentOffer | undefined {
    return this.#current().offers.get(`${namespace}/${name}`);
  }

  #current(): Standing {
    const stored = this.#shared?.stored ?? NONE;
    if (stored !== this.#standing.stored)
      this.#standing = standingOf([...this.#files.entries.values()], stored, this.#standing);
    return this.#standing;
  }

  #withGrants(): Granted {
    const standing = this.#current();
    const open = this.#grants?.open;
    if (this.#granted?.standing !== standing || this.#granted.open !== open) {
      const { usable, upholding } = this.#grants?.active() ?? { usable: [], upholding: [] };
      this.#granted = {
        standing,
        open,
        usable: standing.policy.with({ putGrants: usable }),
        upholding: standing.policy.with({ putGrants: upholding }),
      };
    }
    return this.#granted;
  }
}

/**
 * Of two objects with one key the file's counts: whoever can write the store must not be able to replace it.
 * @param before of the same files: what did not change since is not worked out again
 */
function standingOf(files: readonly Entry[], stored: StoredPolicy, before?: Standing): Standing {
  const named = [...stored.entries, ...files].map((entry) => [keyOf(entry.object), entry] as const);
  const entries = new Map([...new Map(named)].sort(([a], [b]) => (a < b ? -1 : 1)));
  const policy = policyOf(entries, before);
  const offers = [...entries.values()]
    .map(({ object }) => object)
    .filter(isOffer)
    .map((offer) => [placeOf(offer), currentOf(offer, policy)] as const);
  return { stored, entries, policy, offers: new Map(offers) };
}

function policyOf(entries: ReadonlyMap<string, Entry>, before: Standing | undefined): Policy {
  const changed = [...entries].filter(([key, entry]) => before?.entries.get(key) !== entry);
  const put = changed.map(([, { object }]) => object).filter(isPolicyObject);
  if (before === undefined) return Policy.of(put);
  const gone = [...before.entries].filter(([key]) => !entries.has(key)).map(([, { object }]) => object);
  return before.policy.with({ put, remove: gone.filter(isPolicyObject).map(objectKey) });
}

function isPolicyObject(object: WrittenObject): object is PolicyObject {
  return !isOffer(object);
}

function placeOf({ metadata }: AccessOffer): string {
  return `${metadata.namespace}/${metadata.name}`;
}

function currentOf(offer: AccessOffer, policy: Policy): CurrentOffer {
  const role = { apiGroup: RBAC_GROUP, ...offer.spec.role } as const;
  const rules = policy.rulesOf(role, offer.metadata.namespace)?.rules.map(({ rule }) => rule);
  return { offer, rules };
}
