import type { Clock } from "../../src/base/clock.ts";
import { Secret } from "../../src/base/secret.ts";
import { noTrace, type Trace } from "../../src/base/trace.ts";
import type {
  PersonalTokenRecord,
  PersonalTokens,
  PersonalTokenTable,
} from "../../src/identity/personal-tokens/port.ts";
import { RememberedTokens } from "../../src/identity/personal-tokens/remembered.ts";
import { hashPersonalToken, newPersonalToken } from "../../src/identity/personal-tokens/token.ts";
import { createVerifier } from "../../src/identity/token-verifier.ts";
import type { Verified, Verifier } from "../../src/identity/verifier.ts";
import { VirtualClock } from "./clock.ts";
import { issuerConfig, keyPair } from "./issuer.ts";

/** How long groups count that nobody has confirmed. */
export const GROUPS_MAX_AGE_MS = 1_800_000;

/** Tokens that are there, that can be taken away, and a store that can be out of reach. */
export class TokenShelf implements PersonalTokens {
  readonly records = new Map<string, PersonalTokenRecord>();
  readonly uses: { readonly id: string; readonly address: string }[] = [];
  finds = 0;
  reachable = true;

  async find(ids: readonly string[]): Promise<readonly PersonalTokenRecord[]> {
    this.finds += 1;
    if (!this.reachable) throw new Error("the store is out of reach");
    return ids.flatMap((id) => this.records.get(id) ?? []);
  }

  async used(id: string, address: string): Promise<void> {
    if (!this.reachable) throw new Error("the store is out of reach");
    this.uses.push({ id, address });
  }

  /** The whole table, for who makes tokens, on this clock. */
  table(clock: Clock): PersonalTokenTable {
    const all = () => {
      if (!this.reachable) throw new Error("the store is out of reach");
      return [...this.records.values()];
    };
    return {
      find: (ids) => this.find(ids),
      used: (id, address) => this.used(id, address),
      insert: async ({ lifetime, ...token }, limit, tell) => {
        const live = all().filter(
          (one) =>
            one.issuer === token.issuer && one.subject === token.subject && one.revokedAt === undefined,
        );
        if (live.some(({ name }) => name === token.name)) return { kind: "name-taken" };
        if (live.length >= limit) return { kind: "too-many" };
        const [createdAt, none] = [clock.now(), undefined];
        const times = { createdAt, expiresAt: createdAt + lifetime, revokedAt: none };
        const record = {
          ...token,
          ...times,
          groupsSeenAt: createdAt,
          ownerDisabledAt: none,
          lastUsedAt: none,
          lastUsedFrom: none,
        };
        this.records.set(token.id, record);
        tell(record);
        return { kind: "inserted", record };
      },
      list: async (owner) =>
        all().filter(
          ({ issuer, subject }) =>
            owner === undefined || (issuer === owner.issuer && subject === owner.subject),
        ),
      revoke: async (id, tell) => {
        const record = all().find((one) => one.id === id);
        if (record?.revokedAt === undefined && record !== undefined) tell(record);
        if (record !== undefined) this.change(id, { revokedAt: record.revokedAt ?? clock.now() });
        return this.records.get(id);
      },
    };
  }

  change(id: string, change: Partial<PersonalTokenRecord>): void {
    const record = this.records.get(id);
    if (record !== undefined) this.records.set(id, { ...record, ...change });
  }
}

/** A verifier of signed and personal tokens on a clock that is turned by hand. */
export class PersonalProving {
  readonly clock = new VirtualClock();
  readonly shelf = new TokenShelf();
  readonly tokens = new RememberedTokens(this.shelf, this.clock);
  readonly key = new Secret("0123456789abcdef0123456789abcdef");
  readonly verifier: Verifier = this.verifierFor(["corp"]);

  /** The verifier of a configuration with these issuers. */
  verifierFor(names: readonly string[]): Verifier {
    const issuers = names.map((name) =>
      issuerConfig({
        name,
        issuer: `https://${name}.test`,
        keys: { pem: [keyPair().publicPem] },
        groupsClaim: "$.groups",
      }),
    );
    const personalTokens = { tokens: this.tokens, key: this.key, groupsMaxAge: GROUPS_MAX_AGE_MS };
    return createVerifier(issuers, { clock: this.clock, observe: () => {}, personalTokens });
  }

  /** Makes a token of ann's, whose owner is of issuer `corp`, that ends in an hour. */
  token(differences: Partial<PersonalTokenRecord> = {}): { readonly id: string; readonly text: string } {
    const { id, token } = newPersonalToken();
    this.shelf.records.set(id, {
      id,
      name: "laptop",
      hash: hashPersonalToken(token, this.key),
      issuer: "https://corp.test",
      subject: "ann",
      username: "ann@corp.test",
      groups: ["oncall"],
      roles: undefined,
      cidrs: undefined,
      createdAt: this.clock.now(),
      expiresAt: this.clock.now() + 3_600_000,
      revokedAt: undefined,
      groupsSeenAt: this.clock.now(),
      ownerDisabledAt: undefined,
      lastUsedAt: undefined,
      lastUsedFrom: undefined,
      ...differences,
    });
    return { id, text: token.reveal() };
  }

  verify(
    text: string,
    address: string | undefined = "192.0.2.1",
    issuers?: readonly string[],
    trace: Trace = noTrace,
  ): Promise<Verified> {
    return this.verifier.verify(new Secret(text), issuers, trace, address);
  }

  /** The subject's id, or the code of the refusal. */
  async outcome(text: string, address?: string, issuers?: readonly string[]): Promise<string> {
    const verified = await this.verify(text, address, issuers);
    return verified.kind === "identity" ? verified.identity.id : verified.code;
  }
}
