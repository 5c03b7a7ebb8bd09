/**
 * One issuer of the configuration at run time: its rules and the keys that it has now, whatever sources they come
 * from.
 */
import { issuerIdentifier } from "../config/issuer-identifier.ts";
import type { Algorithm, IssuerConfig } from "../config/schema.ts";
import type { VerificationKey } from "./key.ts";
import type { KeySource } from "./key-source.ts";

export class Issuer {
  readonly config: IssuerConfig;
  readonly #sources: readonly KeySource[];

  constructor(config: IssuerConfig, sources: readonly KeySource[]) {
    this.config = config;
    this.#sources = sources;
  }

  get name(): string {
    return this.config.name;
  }

  /**
   * The first half of an identity's key. An issuer configured without `issuer` vouches for its own name only: what
   * its tokens may say in `iss` is not checked against anything, so it must not name somebody else's people.
   */
  get identifier(): string {
    return issuerIdentifier(this.config);
  }

  /** All keys that may be used now. */
  get keys(): readonly VerificationKey[] {
    return this.#sources.flatMap((source) => source.keys);
  }

  /** The keys that a token with this header may have been signed with. */
  candidates(algorithm: Algorithm, kid: string | undefined): readonly VerificationKey[] {
    return this.keys.filter((key) => isNamed(key, kid) && this.#permits(key, algorithm));
  }

  /** Whether a key is named by `kid`, whatever its algorithms. */
  knows(kid: string | undefined): boolean {
    return this.keys.some((key) => isNamed(key, kid));
  }

  /** Whether the key with this thumbprint is still there and may be used with the algorithm. */
  trusts(thumbprint: string, algorithm: string): boolean {
    return this.keys.some(
      (key) =>
        key.thumbprint === thumbprint &&
        key.algorithms.some((name) => name === algorithm && this.#permits(key, name)),
    );
  }

  /** Looks for a key that no source has; undefined when none of them would look now. */
  seek(kid: string | undefined): Promise<unknown> | undefined {
    const searches = this.#sources.flatMap((source) => source.seek(kid) ?? []);
    return searches.length > 0 ? Promise.all(searches) : undefined;
  }

  /** Resolves to what is wrong with the sources that are new and have no key. */
  async start(): Promise<readonly string[]> {
    const faults = await Promise.all(this.#sources.map((source) => source.start()));
    return faults.flatMap((fault) => (fault === undefined ? [] : [`issuer "${this.name}": ${fault}`]));
  }

  close(): void {
    for (const source of this.#sources) source.close();
  }

  #permits(key: VerificationKey, algorithm: Algorithm): boolean {
    const { algorithms } = this.config;
    return key.algorithms.includes(algorithm) && (algorithms === undefined || algorithms.includes(algorithm));
  }
}

/** RFC 7515 §4.1.4: `kid` is a hint. It can rule out keys with another id; it cannot bring one in. */
function isNamed(key: VerificationKey, kid: string | undefined): boolean {
  return kid === undefined || key.kid === undefined || key.kid === kid;
}
