/**
 * Who operates Postern: an identity, and what policy lets it do. Only access can make one, and what changes or shows
 * Postern's own state takes nothing else, so that a route that forgets to ask does not compile.
 */
import type { Peer } from "../base/event.ts";
import type { SessionId } from "../base/ids.ts";
import type { Identity } from "../identity/identity.ts";
import type { User } from "../policy/rbac/attributes.ts";

/** What somebody wants to do with a resource, in the words of Kubernetes RBAC. */
export interface Act {
  readonly verb: string;
  /** Postern's own by default. */
  readonly apiGroup?: string | undefined;
  readonly resource: string;
  readonly subresource?: string | undefined;
  /** None where there is none yet, or all are meant: `create`, `list`. */
  readonly name?: string | undefined;
  /** None: in no namespace, or in all of them. */
  readonly namespace?: string | undefined;
}

interface OperatorFields {
  readonly identity: Identity;
  /** The names under which policy knows the identity. */
  readonly user: User;
  readonly peer: Peer;
  /** The request's id: the correlation id of everything that it brings about. */
  readonly id: SessionId;
}

type May = (act: Act) => boolean;

let seal: (fields: OperatorFields, may: May) => Operator;

export class Operator implements OperatorFields {
  readonly #sealed = true;
  readonly #may: May;
  readonly identity: Identity;
  readonly user: User;
  readonly peer: Peer;
  readonly id: SessionId;

  private constructor({ identity, user, peer, id }: OperatorFields, may: May) {
    this.identity = identity;
    this.user = user;
    this.peer = peer;
    this.id = id;
    this.#may = may;
    Object.freeze(this);
  }

  /** Whether policy lets it do this now. */
  may(act: Act): boolean {
    return this.#may(act);
  }

  /** Whether `value` was really made here. */
  static is(value: unknown): value is Operator {
    return typeof value === "object" && value !== null && #sealed in value && value.#sealed;
  }

  static {
    seal = (fields, may) => new Operator(fields, may);
  }
}

/** Makes an Operator. Only modules of src/access may import this (held by test/unit/boundaries.test.ts). */
export function sealOperator(fields: OperatorFields, may: May): Operator {
  return seal(fields, may);
}
