import type { Secret } from "../base/secret.ts";
import type { Trace } from "../base/trace.ts";
import type { IdentityErrorCode } from "./errors.ts";
import type { Identity, Proof, ProvedIdentity } from "./identity.ts";

/** What came of verifying a credential. `detail` is for the log and `explain`: the exact check, never a secret. */
export type Verified =
  | { readonly kind: "identity"; readonly identity: ProvedIdentity }
  | { readonly kind: "refused"; readonly code: IdentityErrorCode; readonly detail: string };

/** Proves identities against the configured issuers. */
export interface Verifier {
  /**
   * Verifies a compact JWS (RFC 7515 §7.1) or a personal access token. Resolves at once unless keys have to be fetched
   * or the store has to be asked. Never throws for anything that a client can send.
   * @param issuers names of the issuers that may be used; all when undefined
   * @param address where the credential is shown; one that is bound to networks is refused where this is not known
   */
  verify(
    token: Secret,
    issuers: readonly string[] | undefined,
    trace: Trace,
    address?: string,
  ): Promise<Verified>;
  /** Whether the key behind a proof is still trusted. Does not fetch. */
  trusts(proof: Proof): boolean;
  /**
   * What is known now of who was proved, where that may change while their sessions run: whose personal token it is.
   * Undefined where a credential says it for all its life.
   */
  bearerNow?(proof: Proof): Pick<Identity, "username" | "groups"> | undefined;
  /** Calls `listener` when the set of trusted keys has changed. Returns a function that ends the subscription. */
  onKeysChanged(listener: () => void): () => void;
  /**
   * Loads keys that come from files and URLs. Resolves when each source was tried once, to what is wrong with those that
   * are new with this configuration and have no key; never rejects.
   */
  start(): Promise<readonly string[]>;
  /** Whether every issuer has at least one usable key now. */
  ready(): boolean;
  /** Stops background fetches and file watching. */
  close(): void;
}
