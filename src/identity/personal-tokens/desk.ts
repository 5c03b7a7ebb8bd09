/**
 * Makes, lists and revokes personal access tokens. The door asks policy whether somebody may do that at all; here is what
 * holds for everybody. A token's text leaves this file once, towards whoever asked for it.
 */

import type { Clock } from "../../base/clock.ts";
import { doneBy } from "../../base/deed.ts";
import { type ErrorSpec, messageOf } from "../../base/error.ts";
import type { Event } from "../../base/event.ts";
import { parseRoleName, subjectId } from "../../base/ids.ts";
import { isLine } from "../../base/line.ts";
import { parseNetwork } from "../../base/networks.ts";
import { type Announce, type Notice, noticeOf } from "../../base/notice.ts";
import type { Secret } from "../../base/secret.ts";
import { spanText } from "../../base/span.ts";
import type { Identity } from "../identity.ts";
import type { TokenErrorCode } from "./errors.ts";
import { tokenErrors } from "./errors.ts";
import type { PersonalTokenRecord, PersonalTokenTable } from "./port.ts";
import { hashPersonalToken, newPersonalToken } from "./token.ts";
import { PERSONAL_TOKEN_PROOF } from "./verifier.ts";

/** What somebody wants of a token. */
export interface TokenWish {
  readonly name: string;
  /** Milliseconds from now. */
  readonly lifetime: number;
  readonly roles: readonly string[] | undefined;
  readonly cidrs: readonly string[] | undefined;
}

/** A token as it is listed: without its hash. */
export type ListedToken = Omit<PersonalTokenRecord, "hash">;

export interface TokenRefused {
  readonly kind: "refused";
  readonly code: TokenErrorCode;
  readonly spec: ErrorSpec;
  readonly detail: string;
}

export type TokenCreated = {
  readonly kind: "created";
  /** Shown once, and kept nowhere. */
  readonly token: Secret;
  readonly listed: ListedToken;
};

interface DeskParts {
  readonly table: PersonalTokenTable;
  /** The key of the hashes. */
  readonly key: Secret;
  readonly clock: Clock;
  readonly announce: Announce;
  /** The longest life of a token, milliseconds. */
  readonly maxLifetime?: number;
}

/** Long enough for a machine that is looked after once a year, and no token for ever. */
const DEFAULT_MAX_LIFETIME_MS = 366 * 86_400_000;
/** Below that it has ended before it is pasted. */
const MIN_LIFETIME_MS = 60_000;
/** Live tokens of one person. */
const MAX_TOKENS = 50;
const MAX_NAME = 128;
const MAX_ROLES = 100;
const MAX_NETWORKS = 100;

export class TokenDesk {
  readonly #parts: DeskParts;

  constructor(parts: DeskParts) {
    this.#parts = parts;
  }

  /** Makes a token for whoever asks. It can do no more than they, and the less that they wish for. */
  async create(owner: Identity, wish: TokenWish): Promise<TokenCreated | TokenRefused> {
    const fault = ownerFault(owner) ?? wishFault(wish, this.#parts.maxLifetime ?? DEFAULT_MAX_LIFETIME_MS);
    if (fault !== undefined) return fault;
    return guarded(() => this.#make(owner, wish));
  }

  /**
   * The tokens of somebody, or of everybody, newest first.
   * @param all whether policy lets them see all
   */
  async list(
    owner: Pick<Identity, "issuer" | "subject">,
    all = false,
  ): Promise<{ readonly kind: "listed"; readonly tokens: readonly ListedToken[] } | TokenRefused> {
    return guarded(async () => {
      const records = await this.#parts.table.list(all ? undefined : owner);
      return { kind: "listed", tokens: records.map(listed) };
    });
  }

  /**
   * Revokes a token, for good and at every door at once.
   * @param all whether policy lets them revoke tokens of others; what they may not looks like what is not there
   */
  async revoke(
    actor: Pick<Identity, "issuer" | "subject" | "username">,
    id: string,
    all = false,
  ): Promise<{ readonly kind: "revoked"; readonly listed: ListedToken } | TokenRefused> {
    const { table } = this.#parts;
    return guarded(async () => {
      const [found] = await table.find([id]);
      const own = found?.issuer === actor.issuer && found.subject === actor.subject;
      if (found === undefined || !(own || all)) return refuse("tokens/not-found", id);
      const record = await this.#telling((tell) =>
        table.revoke(id, ({ issuer, subject, name }) =>
          tell({
            event: "token.revoked.v1",
            ...doneBy(actor),
            id,
            subject: subjectId(issuer, subject),
            name,
          }),
        ),
      );
      if (record === undefined) return refuse("tokens/not-found", id);
      return { kind: "revoked", listed: listed(record) };
    });
  }

  async #make(
    owner: Identity,
    { name, lifetime, roles, cidrs }: TokenWish,
  ): Promise<TokenCreated | TokenRefused> {
    const { table, key } = this.#parts;
    const { id, token } = newPersonalToken();
    const { issuer, subject, username, groups } = owner;
    const hash = hashPersonalToken(token, key);
    const record = { id, name, hash, issuer, subject, username, groups, roles, cidrs, lifetime };
    const inserted = await this.#telling((tell) =>
      table.insert(record, MAX_TOKENS, ({ expiresAt: until }) =>
        tell({
          event: "token.created.v1",
          ...doneBy(owner),
          id,
          subject: owner.id,
          name,
          until,
        }),
      ),
    );
    if (inserted.kind === "name-taken") return refuse("tokens/name-taken", name);
    if (inserted.kind === "too-many") return refuse("tokens/too-many", `${MAX_TOKENS} are live`);
    return { kind: "created", token, listed: listed(inserted.record) };
  }

  /** Does what may be told of; once it is committed, what was written of it is announced. */
  async #telling<T>(work: (tell: (event: Event) => readonly Notice[]) => Promise<T>): Promise<T> {
    const { clock, announce } = this.#parts;
    let notices: readonly Notice[] = [];
    const result = await work((event) => {
      notices = [noticeOf(event, clock.now())]; // the transaction may have been run again
      return notices;
    });
    announce(notices);
    return result;
  }
}

/** A stolen token must not be able to outlive itself. */
function ownerFault({ proof }: Identity): TokenRefused | undefined {
  if (proof === "none") return refuse("tokens/by-token", "nobody is logged in");
  return proof.algorithm === PERSONAL_TOKEN_PROOF
    ? refuse("tokens/by-token", `logged in with token ${proof.keyThumbprint}`)
    : undefined;
}

function wishFault({ name, lifetime, roles, cidrs }: TokenWish, most: number): TokenRefused | undefined {
  if (!isLine(name, MAX_NAME)) return refuse("tokens/name", `${name.length} characters`);
  if (!Number.isInteger(lifetime) || lifetime < MIN_LIFETIME_MS || lifetime > most)
    return refuse(
      "tokens/lifetime",
      `${spanText(lifetime)}; ${spanText(MIN_LIFETIME_MS)} to ${spanText(most)} are allowed`,
    );
  if (roles !== undefined && !isList(roles, MAX_ROLES, (role) => parseRoleName(role) !== undefined))
    return refuse("tokens/roles", `not 1 to ${MAX_ROLES} role names`);
  if (cidrs !== undefined && !isList(cidrs, MAX_NETWORKS, (one) => parseNetwork(one) !== undefined))
    return refuse("tokens/networks", `not 1 to ${MAX_NETWORKS} networks such as 10.0.0.0/8`);
  return undefined;
}

/** A list that is empty would mean nothing, where people expect that it means everything. */
function isList(values: readonly string[], most: number, isOne: (value: string) => boolean): boolean {
  return values.length > 0 && values.length <= most && values.every(isOne);
}

function listed({ hash: _, ...rest }: PersonalTokenRecord): ListedToken {
  return rest;
}

async function guarded<T>(work: () => Promise<T | TokenRefused>): Promise<T | TokenRefused> {
  try {
    return await work();
  } catch (error) {
    return refuse("tokens/unavailable", messageOf(error));
  }
}

function refuse(code: TokenErrorCode, detail: string): TokenRefused {
  return { kind: "refused", code, spec: tokenErrors[code], detail };
}
