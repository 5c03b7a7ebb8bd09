/** The proof that access permitted something. Doors carry it; whoever opens a connection takes nothing else. */
import type { DatabaseName, RoleName } from "../base/ids.ts";
import type { ClusterConfig } from "../config/schema.ts";
import type { Identity } from "../identity/identity.ts";
import type { Permit, PlacedWish } from "../policy/decision.ts";
import type { Session } from "../sessions/registry.ts";

interface AdmissionFields {
  readonly identity: Identity;
  readonly permit: Permit;
  readonly wish: PlacedWish;
  readonly session: Session;
}

let seal: (fields: AdmissionFields) => Admission;

/** The sealed proof that a wish was permitted: the only thing that opens a connection. */
export class Admission {
  readonly #sealed = true;
  readonly identity: Identity;
  readonly cluster: ClusterConfig;
  readonly database: DatabaseName;
  readonly role: RoleName;
  readonly replication: boolean;
  /** Whether the role may be used although it is a superuser, replicates or bypasses row security. */
  readonly privileged: boolean;
  readonly session: Session;

  private constructor({ identity, permit, wish, session }: AdmissionFields) {
    this.identity = identity;
    this.cluster = wish.cluster;
    this.database = wish.database;
    this.role = permit.role;
    this.replication = wish.replication;
    this.privileged = permit.privileged;
    this.session = session;
    Object.freeze(this);
  }

  /** Whether `value` was really made here. */
  static is(value: unknown): value is Admission {
    return typeof value === "object" && value !== null && #sealed in value && value.#sealed;
  }

  static {
    seal = (fields) => new Admission(fields);
  }
}

/** Makes an Admission. Only admit.ts may import this (held by test/unit/access/sealed.test.ts). */
export function sealAdmission(fields: AdmissionFields): Admission {
  return seal(fields);
}
