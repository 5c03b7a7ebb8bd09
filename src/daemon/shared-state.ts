/**
 * What this node shares with others through the store: policy, grants and personal tokens, kept at hand and kept current.
 * It lives as long as the process; each configuration is laid over it.
 */
import { GrantRights } from "../access/grant-rights.ts";
import type { Naming } from "../access/naming.ts";
import type { PolicyInForce } from "../access/policy-in-force.ts";
import type { StoredPolicy } from "../access/shared-policy.ts";
import { SharedPolicy } from "../access/shared-policy.ts";
import type { Entry } from "../access/written-object.ts";
import { readObject } from "../access/written-object.ts";
import type { Keeper } from "../audit/ledger/outbox.ts";
import { Outbox } from "../audit/ledger/outbox.ts";
import type { Clock } from "../base/clock.ts";
import { messageOf } from "../base/error.ts";
import type { Observe } from "../base/event.ts";
import type { Notice } from "../base/notice.ts";
import { WEBHOOK_EVENTS } from "../config/schema/webhooks.ts";
import type { Config, StoreConfig, WebhookConfig } from "../config/schema.ts";
import { Grants } from "../grants/grants.ts";
import { hookOf, Webhooks } from "../grants/webhooks.ts";
import { RememberedTokens } from "../identity/personal-tokens/remembered.ts";
import { DisabledUsers } from "../identity/users/disabled.ts";
import { Sightings } from "../identity/users/sightings.ts";
import { webhookPost } from "../outbound/webhook.ts";
import type { Sessions } from "../sessions/registry.ts";
import { SharedSessions } from "../sessions/shared.ts";
import { StoredAccessRequests } from "../store/access-requests.ts";
import { watchChanges } from "../store/changes.ts";
import { type Receiver, StoredDeliveries, writeDeliveries } from "../store/deliveries.ts";
import { StoreError } from "../store/errors.ts";
import { StoredOutbox, type WriteNotices, writeNotices } from "../store/outbox.ts";
import { StoredPersonalTokens } from "../store/personal-tokens.ts";
import type { StoredObject } from "../store/policy-objects.ts";
import { StoredPolicyObjects } from "../store/policy-objects.ts";
import { revisionOf } from "../store/revisions.ts";
import { StoredSessions } from "../store/sessions.ts";
import type { Store } from "../store/store.ts";
import { createStore } from "../store/store.ts";
import { StoredUsers } from "../store/users.ts";
import { newNode } from "./node.ts";
import { prepareStore } from "./store.ts";

/** What of a configuration the shared state has to know, as it is in force now. */
export interface InForce {
  readonly policy: PolicyInForce;
  readonly naming: Naming;
  readonly config: Pick<Config, "webhooks" | "clusters">;
}

interface SharedParts {
  readonly clock: Clock;
  readonly observe: Observe;
  /** Those of this process, to be shown to the others. */
  readonly sessions: Sessions;
  /** The ledger in which changes are recorded; none without one. */
  readonly keeper: Keeper | undefined;
}

/** A store that was away at the start is tried again after this long. */
const PREPARE_MS = 5000;
/**
 * How often every session is asked about without any change: one that was decided on just before a change, and entered
 * just after, would live on otherwise.
 */
const RECHECK_MS = 30_000;
/** How often it is looked for grants whose time is over: their ends belong in the ledger even when nobody used them. */
const SWEEP_MS = 5000;

export class SharedState {
  readonly store: Store;
  readonly policy: SharedPolicy;
  readonly grants: Grants;
  readonly tokens: RememberedTokens;
  readonly personalTokens: StoredPersonalTokens;
  readonly userTable: StoredUsers;
  readonly users: { readonly disabled: DisabledUsers; readonly sightings: Sightings };
  readonly sessions: SharedSessions;
  readonly #outbox: Outbox | undefined;
  readonly #webhooks: Webhooks;
  /** Ends what is on its way to a webhook. */
  readonly #stopped = new AbortController();
  readonly #objects: StoredPolicyObjects;
  /** What each object says; one that did not change is not read again. */
  readonly #entries = new WeakMap<StoredObject, readonly Entry[]>();
  readonly #config: StoreConfig;
  readonly #parts: SharedParts;
  readonly #changed = new Set<() => void>();
  readonly #listeners = new Set<() => void>();
  #inForce: InForce | undefined;
  #callOffPrepare: () => void = () => {};
  #callOffSweep: () => void = () => {};
  #callOffRecheck: () => void = () => {};
  #stopWatching: () => void = () => {};
  #closed = false;

  constructor(config: StoreConfig, parts: SharedParts) {
    const { clock, observe, keeper } = parts;
    this.#config = config;
    this.#parts = parts;
    this.store = createStore(config, parts);
    this.#objects = new StoredPolicyObjects(this.store);
    this.#outbox = keeper && new Outbox({ queue: new StoredOutbox(this.store), keeper, clock });
    this.personalTokens = new StoredPersonalTokens(this.store, this.write);
    this.userTable = new StoredUsers(this.store, this.write);
    this.users = {
      disabled: new DisabledUsers(this.userTable),
      sightings: new Sightings(this.userTable, clock),
    };
    this.sessions = new SharedSessions({
      sessions: parts.sessions,
      board: new StoredSessions(this.store),
      node: newNode(),
      clock,
    });
    this.tokens = new RememberedTokens(this.personalTokens, clock);
    this.#webhooks = new Webhooks({
      queue: new StoredDeliveries(this.store),
      clock,
      observe,
      post: webhookPost(clock, this.#stopped.signal),
    });
    const rights = new GrantRights(
      () => this.#now(),
      clock,
      this.users.disabled,
      () => this.policy.refresh().then(() => this.policy.isFresh()),
    );
    this.grants = new Grants({
      table: new StoredAccessRequests(this.store, this.write),
      offers: rights,
      rights,
      clock,
      report: (transition) => {
        this.announce(transition.notices);
        this.#webhooks.wake();
      },
    });
    this.policy = new SharedPolicy({
      keeper: {
        read: (known) => this.#read(known),
        onChange: (listener) => {
          this.#changed.add(listener);
          return () => this.#changed.delete(listener);
        },
      },
      clock,
      observe,
    });
  }

  /**
   * Brings the store's tables up to date and reads what it holds. A store that is away is asked again; until it answers,
   * what rests on it is refused.
   * @throws StoreError when the store is there, and is none that this program can work with
   */
  async start(inForce: InForce): Promise<void> {
    this.layUnder(inForce);
    await this.#prepare();
    const watching = watchChanges(this.store, this.#parts.clock, ({ kind, id }) => this.#take(kind, id));
    this.#stopWatching = () => watching.stop();
    this.policy.onChange(() => this.#tell());
    this.grants.onChange(() => this.#tell());
    this.tokens.onChange(() => this.#tell());
    this.users.disabled.onChange(() => this.#usersChanged());
    await this.policy.start();
    this.sessions.start();
    this.#outbox?.start();
    this.#webhooks.start();
    this.#sweepLater();
    this.#recheckLater();
  }

  /** Writes what a change has to be recorded as, in the transaction of the change. */
  readonly write: WriteNotices = async (tx, notices) => {
    const { keeper } = this.#parts;
    if (keeper !== undefined) await writeNotices(tx, notices, keeper.chain);
    await writeDeliveries(tx, notices, this.#now().config.webhooks.map(receiverOf));
  };

  /** Tells of changes that are committed: the ledger, the log and the metrics. */
  readonly announce = (notices: readonly Notice[]): void => {
    this.#outbox?.record(notices); // first: what it has the ledger is not offered again
    for (const { event } of notices) this.#parts.observe(event);
  };

  /** Waits for the records of all changes so far, where a cluster requires the ledger. Returns why they are not there. */
  readonly recorded = async (): Promise<string | undefined> => {
    const required = this.#now().config.clusters.some(({ audit }) => audit === "required");
    return required ? this.#outbox?.settled() : undefined;
  };

  /** Lays another configuration over what is shared. */
  layUnder(inForce: InForce): void {
    this.#inForce = inForce;
    inForce.policy.renewGrants();
    this.#webhooks.configure(inForce.config.webhooks);
  }

  /** Calls `listener` when a right may have gone. Returns a function that ends the subscription. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    this.#closed = true;
    const delivered = this.#webhooks.close();
    this.#stopped.abort();
    this.#callOffPrepare();
    this.#callOffSweep();
    this.#callOffRecheck();
    this.#stopWatching();
    this.policy.close();
    await this.sessions.close();
    await this.#outbox?.close();
    await delivered;
    await this.store.close();
  }

  #now(): InForce {
    if (this.#inForce === undefined) throw new TypeError("the shared state was not started");
    return this.#inForce;
  }

  async #prepare(): Promise<void> {
    try {
      await prepareStore(this.store, this.#config);
    } catch (error) {
      if (!(error instanceof StoreError) || error.code !== "store/unavailable") throw error;
      this.#parts.observe({ event: "policy.failed.v1", detail: messageOf(error) });
      this.#callOffPrepare = this.#parts.clock.after(PREPARE_MS, () => void this.#prepareLater());
    }
  }

  async #prepareLater(): Promise<void> {
    if (this.#closed) return;
    try {
      await this.#prepare();
      await this.policy.refresh();
    } catch (error) {
      this.#parts.observe({ event: "policy.failed.v1", detail: messageOf(error) });
    }
  }

  #take(kind: string, id: string | undefined): void {
    switch (kind) {
      case "policy":
      case "grant":
        for (const listener of this.#changed) listener();
        return;
      case "token":
        void this.tokens.refresh(id);
        return;
      case "user":
        void this.tokens.refresh();
        for (const listener of this.#changed) listener();
        return;
      case "session":
        this.sessions.hear();
        return;
      default:
    }
  }

  async #read(known: string): Promise<StoredPolicy | "unchanged"> {
    await this.users.disabled.refresh();
    if (!(await this.grants.refresh())) throw new Error("the store does not tell which grants there are");
    const revision = await revisionOf(this.store, "policy");
    if (revision === known) return "unchanged";
    const objects = await this.#objects.list();
    return { revision, entries: objects.flatMap((object) => this.#entriesOf(object)) };
  }

  #entriesOf(object: StoredObject): readonly Entry[] {
    const entries = this.#entries.get(object) ?? this.#entry(object);
    this.#entries.set(object, entries);
    return entries;
  }

  /** One that cannot be understood gives nobody a right; a newer Postern may have written it. */
  #entry({ kind, namespace, name, object, resourceVersion }: StoredObject): Entry[] {
    const read = readObject(object);
    if (read.kind === "object") return [{ object: read.object, written: object, resourceVersion }];
    const faults = read.faults.map(({ path, message }) => `${path}: ${message}`).join("; ");
    this.#parts.observe({
      event: "policy.failed.v1",
      detail: `${kind}/${namespace}/${name} of the store is left out: ${faults}`,
    });
    return [];
  }

  /** Whoever is disabled has no grant: what was made of those that there are is made anew. */
  #usersChanged(): void {
    this.#inForce?.policy.renewGrants();
    this.#tell();
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener();
  }

  #sweepLater(): void {
    if (this.#closed) return;
    this.#callOffSweep = this.#parts.clock.after(SWEEP_MS, () => {
      void this.grants.sweep().finally(() => this.#sweepLater());
    });
  }

  #recheckLater(): void {
    if (this.#closed) return;
    this.#callOffRecheck = this.#parts.clock.after(RECHECK_MS, () => {
      // When groups were said last changes without any news: it is asked for before they are taken for too old.
      void this.tokens.refresh().finally(() => {
        this.#tell();
        this.#recheckLater();
      });
    });
  }
}

/** A hook as messages are written for it. */
function receiverOf(hook: WebhookConfig): Receiver {
  return { hook: hookOf(hook), origin: new URL(hook.url).origin, events: hook.events ?? WEBHOOK_EVENTS };
}
