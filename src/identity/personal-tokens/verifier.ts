/** Proves who bears a personal access token. The identity is its owner's; the token can only take away from it. */
import type { Clock } from "../../base/clock.ts";
import { liesIn } from "../../base/networks.ts";
import type { Secret } from "../../base/secret.ts";
import type { Trace } from "../../base/trace.ts";
import { issuerIdentifier } from "../../config/issuer-identifier.ts";
import type { IssuerConfig } from "../../config/schema.ts";
import { type Proof, type ProvedIdentity, sealIdentity } from "../identity.ts";
import { accept, type Refusable, refuse, shown } from "../jws.ts";
import { traced } from "../prove.ts";
import type { PersonalTokenRecord } from "./port.ts";
import type { RememberedTokens } from "./remembered.ts";
import { matchesHash, parsePersonalToken } from "./token.ts";

/** What `proof.algorithm` is of an identity that a personal token proved; no signature algorithm has this name. */
export const PERSONAL_TOKEN_PROOF = "pst";

/** Compared with when there is no such token, so that the answer to a made-up one takes as long. */
const NOBODYS_HASH = Buffer.alloc(32);
/** A personal token makes no claims: a role that its owner wrote into it must never look like one that an issuer signed. */
const NO_CLAIMS = Object.freeze({});

export interface PersonalTokenVerifierParts {
  readonly clock: Clock;
  readonly tokens: RememberedTokens;
  /** The key of the hashes. */
  readonly key: Secret;
  /** How long the owner's groups count after their issuer said them, milliseconds. */
  readonly groupsMaxAge: number;
  readonly issuers: readonly Pick<IssuerConfig, "name" | "issuer">[];
}

export class PersonalTokenVerifier {
  readonly #parts: PersonalTokenVerifierParts;

  constructor(parts: PersonalTokenVerifierParts) {
    this.#parts = parts;
  }

  /**
   * Runs every check, in the order in which `explain` shows them. What a token is is told only to who holds it: all that
   * comes before its secret is proved is one refusal.
   * @param address where the token is shown; a token with an address rule is refused where there is none
   */
  async verify(
    token: Secret,
    issuers: readonly string[] | undefined,
    trace: Trace,
    address: string | undefined,
  ): Promise<Refusable<ProvedIdentity>> {
    const { tokens } = this.#parts;
    const record = await this.#recognise(token, trace);
    if (!record.ok) return record;
    const now = this.#parts.clock.now();
    const usable = traced("token", checkUsable(record.value, now), trace, (end) => `valid until ${end}`);
    if (!usable.ok) return usable;
    const placed = traced("address", checkAddress(record.value, address), trace, (saw) => saw);
    if (!placed.ok) return placed;
    const issuer = traced("issuer", this.#issuerOf(record.value, issuers), trace, (name) => name);
    if (!issuer.ok) return issuer;
    tokens.used(record.value.id, address ?? "");
    const groups = this.#groupsOf(record.value);
    if (groups !== record.value.groups)
      trace({
        check: "groups",
        passed: true,
        saw: "its owner's groups were said too long ago, and do not count",
      });
    return accept(identityOf({ ...record.value, groups }, issuer.value));
  }

  /** Whether sessions may go on that rest on a token: it stands, and its owner's issuer is still configured. */
  trusts({ issuer, keyThumbprint: id }: Proof): boolean {
    const { tokens, issuers } = this.#parts;
    const record = tokens.ownerOf(id);
    return (
      record !== undefined &&
      tokens.stands(id) &&
      issuers.some((config) => config.name === issuer && issuerIdentifier(config) === record.issuer)
    );
  }

  /** What a token's owner is called now, and their groups. */
  bearerNow({ keyThumbprint: id }: Proof): Pick<PersonalTokenRecord, "username" | "groups"> | undefined {
    const record = this.#parts.tokens.ownerOf(id);
    return record && { username: record.username, groups: this.#groupsOf(record) };
  }

  /** Groups that nobody has confirmed for long are none: a token would be a member for ever. */
  #groupsOf({ groups, groupsSeenAt }: PersonalTokenRecord): readonly string[] {
    const { clock, groupsMaxAge } = this.#parts;
    const age = clock.now() - (groupsSeenAt ?? Number.NEGATIVE_INFINITY);
    return groups.length === 0 || age < groupsMaxAge ? groups : [];
  }

  onChange(listener: () => void): () => void {
    return this.#parts.tokens.onChange(listener);
  }

  async #recognise(token: Secret, trace: Trace): Promise<Refusable<PersonalTokenRecord>> {
    const { tokens, key } = this.#parts;
    const parsed = traced("format", shapeOf(token), trace, (id) => `personal token ${id}`);
    if (!parsed.ok) return parsed;
    let record: PersonalTokenRecord | undefined;
    try {
      record = await tokens.get(parsed.value);
    } catch {
      return traced(
        "secret",
        refuse("identity/keys-unavailable", "the store does not answer"),
        trace,
        () => "",
      );
    }
    const matches = matchesHash(token, key, record?.hash ?? NOBODYS_HASH);
    const known: Refusable<PersonalTokenRecord> =
      record !== undefined && matches
        ? accept(record)
        : refuse("identity/personal-token", record === undefined ? "no token has this id" : "a wrong secret");
    return traced("secret", known, trace, ({ username, name }) => `${shown(name)} of ${shown(username)}`);
  }

  /** The configured issuer that speaks for the owner: without it, nobody says any more that there is such a person. */
  #issuerOf({ issuer }: PersonalTokenRecord, permitted: readonly string[] | undefined): Refusable<string> {
    const speaking = this.#parts.issuers.filter((config) => issuerIdentifier(config) === issuer);
    const chosen = speaking.find(({ name }) => permitted === undefined || permitted.includes(name));
    if (chosen !== undefined) return accept(chosen.name);
    return refuse(
      "identity/issuer",
      speaking.length > 0
        ? `the owner is of ${shown(issuer)}; the cluster does not trust that issuer`
        : `the owner is of ${shown(issuer)}, which no configured issuer is`,
    );
  }
}

function shapeOf(token: Secret): Refusable<string> {
  const parsed = parsePersonalToken(token.reveal());
  return "fault" in parsed ? refuse("identity/malformed", parsed.fault) : accept(parsed.id);
}

function checkUsable(record: PersonalTokenRecord, now: number): Refusable<string> {
  const { revokedAt, ownerDisabledAt, expiresAt } = record;
  if (revokedAt !== undefined) return refuse("identity/revoked", `revoked at ${isoTime(revokedAt)}`);
  if (ownerDisabledAt !== undefined)
    return refuse("identity/owner-disabled", `its owner was disabled at ${isoTime(ownerDisabledAt)}`);
  if (now >= expiresAt) return refuse("identity/expired", `expired at ${isoTime(expiresAt)}`);
  return accept(isoTime(expiresAt));
}

function checkAddress({ cidrs }: PersonalTokenRecord, address: string | undefined): Refusable<string> {
  if (cidrs === undefined) return accept("from anywhere");
  if (address === undefined)
    return refuse("identity/address", "it is bound to networks, and there is no address");
  if (!liesIn(address, cidrs)) return refuse("identity/address", `${address} is not in ${cidrs.join(", ")}`);
  return accept(`${address} is in ${cidrs.join(", ")}`);
}

function identityOf(record: PersonalTokenRecord, issuerName: string): ProvedIdentity {
  const { id, issuer, subject, username, groups, roles, expiresAt } = record;
  return sealIdentity({
    issuer,
    subject,
    username,
    groups,
    claims: NO_CLAIMS,
    expiresAt,
    takenUntil: expiresAt,
    onlyRoles: roles,
    proof: { issuer: issuerName, keyThumbprint: id, algorithm: PERSONAL_TOKEN_PROOF },
  });
}

function isoTime(at: number): string {
  return new Date(at).toISOString();
}
