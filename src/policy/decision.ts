/**
 * The one evaluator: identity and wish in, permit or denial out. Pure and synchronous; it reads no clock, file,
 * socket or store.
 */
import type { DoorName, Peer } from "../base/event.ts";
import type { DatabaseName, RoleName } from "../base/ids.ts";
import type { ClusterConfig } from "../config/schema.ts";
import type { PolicyErrorCode } from "./errors.ts";

/** What a client asks for. Unverified until a decision permits it. */
export type Wish = NamedWish | RestWish;

/** A door whose clients say which role they want. */
interface NamedWish extends AnyWish {
  readonly door: Exclude<DoorName, "rest">;
  readonly role: RoleName;
}

/** HTTP clients name no role: policy takes the first that the token names, or the anonymous one. */
interface RestWish extends AnyWish {
  readonly door: "rest";
  readonly role: RoleName | undefined;
}

interface AnyWish {
  /**
   * The cluster itself, not its name, so that the check and the use are about the same thing. None when the client
   * named one that does not exist: it is told so only after it proved who it is, in the words of a forbidden one.
   */
  readonly cluster: ClusterConfig | undefined;
  readonly database: DatabaseName;
  readonly peer: Peer;
  /** The address of who asks for the client, and says where it is: nobody else need believe that. */
  readonly asker?: string | undefined;
  /** Whether a replication connection is asked for. */
  readonly replication: boolean;
}

/** A wish whose cluster exists. */
export type PlacedWish = Wish & { readonly cluster: ClusterConfig };

/** What policy needs to know of an identity. */
export interface Bearer {
  /** The `iss` claim, or the issuer's configured name when tokens carry none. */
  readonly issuer: string;
  readonly subject: string;
  readonly username: string;
  readonly groups: readonly string[];
  readonly claims: { readonly [claim: string]: unknown };
  /** What it was proved with, by the issuer's name in the configuration; none when nothing was proved. */
  readonly proof: { readonly issuer: string } | "none";
  /** The only roles that the credential is good for; all that policy gives when there is no list. */
  readonly onlyRoles?: readonly string[] | undefined;
}

export type Decision =
  | {
      readonly kind: "permit";
      readonly role: RoleName;
      /** When the right ends by itself, milliseconds since the epoch; undefined: with the identity. */
      readonly until: number | undefined;
      /** The rule that said yes, for the ledger and `explain`. */
      readonly rule: string;
      /** Whether the role may be used although it is a superuser, replicates or bypasses row security. */
      readonly privileged: boolean;
      /** Ids of the grants that this rests on: when one of them ends, so does the right. */
      readonly grants: readonly string[];
    }
  | { readonly kind: "deny"; readonly code: PolicyErrorCode; readonly detail: string };

export type Permit = Extract<Decision, { readonly kind: "permit" }>;
