/**
 * Where operators read and change policy. Nobody gives more than they hold; what a file says cannot be changed here; and
 * who changes an object changes the one that they saw.
 */

import type { Clock } from "../base/clock.ts";
import { doneBy } from "../base/deed.ts";
import { type Announce, type Notice, noticeOf } from "../base/notice.ts";
import type { AccessOffer } from "../grants/offer.ts";
import { canI, type Reason, whoCan } from "../policy/rbac/answers.ts";
import type { User } from "../policy/rbac/attributes.ts";
import type { Permission } from "../policy/rbac/escalation.ts";
import { mayWriteBinding, mayWriteRole } from "../policy/rbac/escalation.ts";
import type { AnyRole, Binding, RoleBinding } from "../policy/rbac/objects.ts";
import { POSTERN_GROUP, placeKey, RBAC_GROUP, RBAC_VERSION } from "../policy/rbac/objects.ts";
import { refused } from "./denied.ts";
import { ADMINISTRATOR } from "./naming.ts";
import type { KindFacts } from "./object-kinds.ts";
import type { Act, Operator } from "./operator.ts";
import type { PolicyInForce } from "./policy-in-force.ts";
import { mustBeRecorded, type Recorded } from "./recording.ts";
import type { SharedPolicy } from "./shared-policy.ts";
import type { Entry, WrittenObject } from "./written-object.ts";
import { keyOf, readObject, spaceOf } from "./written-object.ts";

const ADMINISTRATOR_MAY = "the administrator may do everything";
/** What the administrator may not: they operate Postern, and log in nowhere. */
const LOGIN_VERBS: ReadonlySet<string> = new Set(["connect", "assume", "replicate"]);

/** Whether somebody may do something. */
export interface Possible {
  /** What it rests on. */
  readonly reasons: readonly Reason[];
  /** Why not. */
  readonly denial: string | undefined;
}

const EVERYTHING: Possible = {
  reasons: [{ rule: ADMINISTRATOR_MAY, until: undefined, grantId: undefined }],
  denial: undefined,
};

/** What names an object; `namespace` is empty for kinds without one. */
export interface ObjectKey {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** Where objects are kept, and notices in the same transaction. Rejects with a coded error when what is there is not what was expected. */
export interface ObjectTable {
  /** @param expected the state that is replaced; "absent" where there must be none */
  put(
    key: ObjectKey,
    written: Entry["written"],
    expected: number | "absent",
    notices: readonly Notice[],
  ): Promise<void>;
  /** Returns whether it was there, as it was expected; only then the notices are written. */
  delete(key: ObjectKey, expected: number, notices: readonly Notice[]): Promise<boolean>;
}

interface DeskParts {
  readonly policy: PolicyInForce;
  /** None where there is no store: then policy can be read only. */
  readonly stored: { readonly table: ObjectTable; readonly shared: SharedPolicy } | undefined;
  readonly clock: Clock;
  readonly announce: Announce;
  readonly recorded: Recorded;
}

/** An object as it is shown. */
export interface Shown {
  readonly source: "file" | "store";
  readonly object: Readonly<Record<string, unknown>>;
}

export class PolicyDesk {
  readonly #parts: DeskParts;

  constructor(parts: DeskParts) {
    this.#parts = parts;
  }

  /** Objects of a kind, in the order of their names. @param namespace undefined: of all of them */
  list({ kind }: KindFacts, namespace: string | undefined): readonly Shown[] {
    return this.#policy
      .entries()
      .filter(
        ({ object }) => object.kind === kind && (namespace === undefined || spaceOf(object) === namespace),
      )
      .map(shown);
  }

  /** @throws Refused when there is none */
  get(facts: KindFacts, namespace: string | undefined, name: string): Shown {
    return shown(this.#find(facts, namespace, name));
  }

  /** @throws Refused when it is there already, is none, or gives more than its writer holds */
  async create(
    operator: Operator,
    facts: KindFacts,
    namespace: string | undefined,
    value: unknown,
  ): Promise<Shown> {
    const { object, written } = read(value, facts, namespace);
    const key = keyOf(object);
    if (this.#policy.entry(key) !== undefined) throw refused("access/object-exists", key);
    return this.#write(operator, object, written, undefined);
  }

  /**
   * Replaces an object. Where the new one says a `metadata.resourceVersion`, it must be the one that is there.
   * @throws Refused when there is none, it is a file's, or gives more than its writer holds
   */
  async replace(
    operator: Operator,
    facts: KindFacts,
    namespace: string | undefined,
    name: string,
    value: unknown,
  ): Promise<Shown> {
    const { object, written } = read(value, facts, namespace);
    if (object.metadata.name !== name)
      throw refused("access/object-invalid", `metadata.name: is not "${name}"; write the name of the path`);
    const before = this.#find(facts, namespace, name);
    const version = "resourceVersion" in object.metadata ? object.metadata.resourceVersion : undefined;
    if (version !== undefined && version !== String(before.resourceVersion))
      throw refused("access/object-conflict", keyOf(object));
    return this.#write(operator, object, written, before);
  }

  /** @throws Refused when there is none, or it is a file's */
  async delete(
    operator: Operator,
    facts: KindFacts,
    namespace: string | undefined,
    name: string,
  ): Promise<void> {
    const { table, shared } = this.#store();
    const before = this.#find(facts, namespace, name);
    const notices = [this.#notice(operator, "delete", before.object)];
    const gone = await table.delete(placeOf(before.object), versionOf(before), notices);
    if (!gone) throw refused("access/object-conflict", keyOf(before.object));
    this.#parts.announce(notices);
    await shared.refresh();
    await mustBeRecorded(this.#parts.recorded);
  }

  /** Whether somebody may do something, and by which rules. */
  canI(user: User, act: Act, address: string | undefined): Possible {
    const { apiGroup = POSTERN_GROUP, ...asked } = act;
    const { clock } = this.#parts;
    if (user === ADMINISTRATOR && !LOGIN_VERBS.has(act.verb)) return EVERYTHING;
    const about = { user, apiGroup, ...asked, peer: address };
    const { decision, reasons } = canI(this.#policy.sure, about, clock.now());
    return { reasons, denial: decision.kind === "allow" ? undefined : decision.reason };
  }

  /** Everybody who may do something. */
  whoCan(act: Act) {
    const { apiGroup = POSTERN_GROUP, ...asked } = act;
    return whoCan(this.#policy.sure, { apiGroup, ...asked }, this.#parts.clock.now());
  }

  get #policy(): PolicyInForce {
    return this.#parts.policy;
  }

  async #write(
    operator: Operator,
    object: WrittenObject,
    written: Entry["written"],
    before: Entry | undefined,
  ): Promise<Shown> {
    const { table, shared } = this.#store();
    const expected = before === undefined ? "absent" : versionOf(before);
    const permission = this.#mayWrite(operator.user, object, before?.object);
    if (permission.kind === "may-not") throw refused(permission.code, permission.detail);
    const notices = [this.#notice(operator, before === undefined ? "create" : "update", object)];
    await table.put(placeOf(object), written, expected, notices);
    this.#parts.announce(notices);
    await shared.refresh();
    await mustBeRecorded(this.#parts.recorded);
    return shown(this.#policy.entry(keyOf(object)) ?? { object, written, resourceVersion: undefined });
  }

  #mayWrite(user: User, object: WrittenObject, before: WrittenObject | undefined): Permission {
    if (user === ADMINISTRATOR) return { kind: "may", because: ADMINISTRATOR_MAY };
    const policy = this.#policy.sure;
    const now = this.#parts.clock.now();
    switch (object.kind) {
      case "Role":
      case "ClusterRole":
        return mayWriteRole(policy, user, { role: object, before: before as AnyRole | undefined }, now);
      case "RoleBinding":
      case "ClusterRoleBinding":
        return mayWriteBinding(
          policy,
          user,
          { binding: object, before: before as Binding | undefined, until: undefined },
          now,
        );
      case "AccessOffer":
        // What is offered can be had: to whoever writes an offer it is a binding of its role.
        return mayWriteBinding(
          policy,
          user,
          { binding: bindingOf(object), before: undefined, until: undefined },
          now,
        );
      default:
        return object satisfies never;
    }
  }

  #find({ kind }: KindFacts, namespace: string | undefined, name: string): Entry {
    const key = placeKey(kind, namespace, name);
    const entry = this.#policy.entry(key);
    if (entry === undefined) throw refused("access/object-not-found", key);
    return entry;
  }

  #store(): NonNullable<DeskParts["stored"]> {
    const { stored } = this.#parts;
    if (stored === undefined) throw refused("access/no-store", "policy is in files, and there is no store");
    return stored;
  }

  #notice({ identity }: Operator, verb: "create" | "update" | "delete", object: WrittenObject): Notice {
    const place = { kind: object.kind, namespace: spaceOf(object), name: object.metadata.name };
    const event = {
      event: "policy.changed.v1",
      ...doneBy(identity),
      verb,
      ...place,
      source: "store",
    } as const;
    return noticeOf(event, this.#parts.clock.now());
  }
}

function read(value: unknown, { kind }: KindFacts, namespace: string | undefined) {
  const result = readObject(value);
  if (result.kind === "faults")
    throw refused(
      "access/object-invalid",
      result.faults.map(({ path, message }) => `${path}: ${message}`).join("; "),
    );
  const { object } = result;
  if (object.kind !== kind)
    throw refused("access/object-invalid", `kind: is ${object.kind}; this is the place of ${kind}`);
  if (spaceOf(object) !== namespace)
    throw refused("access/object-invalid", "metadata.namespace: is not the one of the path");
  return { object, written: value as Entry["written"] }; // what was understood as an object is one
}

/** @throws Refused when it is a file's */
function versionOf({ object, resourceVersion }: Entry): number {
  if (resourceVersion === undefined) throw refused("access/object-in-file", keyOf(object));
  return resourceVersion;
}

function shown({ written, resourceVersion }: Entry): Shown {
  if (resourceVersion === undefined) return { source: "file", object: written };
  const metadata = { ...(written["metadata"] as object), resourceVersion: String(resourceVersion) };
  return { source: "store", object: { ...written, metadata } };
}

function placeOf(object: WrittenObject): ObjectKey {
  return { kind: object.kind, namespace: spaceOf(object) ?? "", name: object.metadata.name };
}

function bindingOf({ metadata, spec }: AccessOffer): RoleBinding {
  return {
    apiVersion: RBAC_VERSION,
    kind: "RoleBinding",
    metadata: { ...metadata, name: `offer-${metadata.name}` },
    subjects: spec.requesters,
    roleRef: { apiGroup: RBAC_GROUP, ...spec.role },
  };
}
