import type { IssuerConfig } from "./schema.ts";

/**
 * The first half of the key of an issuer's identities, which are `<issuer>:<sub>`: its `iss`, or its name when none is
 * configured.
 */
export function issuerIdentifier({ issuer, name }: Pick<IssuerConfig, "issuer" | "name">): string {
  return issuer ?? name;
}
