import { type Identity, NO_PROOF, sealIdentity } from "./identity.ts";

/**
 * Who bears the administrator's token of the configuration. No issuer can be configured with an empty name, so that no
 * token can prove this identity.
 */
export const administrator: Identity = sealIdentity({
  issuer: "",
  subject: "administrator",
  username: "administrator",
  groups: [],
  claims: Object.freeze({}),
  expiresAt: undefined,
  takenUntil: undefined,
  proof: NO_PROOF,
});
