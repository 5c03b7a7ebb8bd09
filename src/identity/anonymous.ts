import { type Identity, NO_PROOF, sealIdentity } from "./identity.ts";

/**
 * Who comes without a credential. No issuer can be configured with an empty name, so that no token can prove this
 * identity, and no grant to somebody can be meant for it.
 */
export const anonymous: Identity = sealIdentity({
  issuer: "",
  subject: "anonymous",
  username: "anonymous",
  groups: [],
  claims: Object.freeze({}),
  expiresAt: undefined,
  takenUntil: undefined,
  proof: NO_PROOF,
});
