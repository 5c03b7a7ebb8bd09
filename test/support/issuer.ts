import type { TestContext } from "node:test";
import type { Event } from "../../src/base/event.ts";
import { Secret } from "../../src/base/secret.ts";
import { noTrace } from "../../src/base/trace.ts";
import { type IssuerConfig, issuerSchema } from "../../src/config/schema.ts";
import type { Json } from "../../src/identity/identity.ts";
import { type KeyAlgorithm, type KeyPair, mintToken, newKeyPair } from "../../src/identity/mint.ts";
import { SharedSources } from "../../src/identity/shared-sources.ts";
import { createVerifier, type VerifierParts } from "../../src/identity/token-verifier.ts";
import type { Verified, Verifier } from "../../src/identity/verifier.ts";
import { VirtualClock } from "./clock.ts";

type Settings = { readonly [setting: string]: unknown };

const pairs = new Map<string, KeyPair>();

/** A key pair of the kind, the same on every call with the same name (RSA keys are slow to make). */
export function keyPair(algorithm: KeyAlgorithm = "EdDSA", name = "first"): KeyPair {
  const key = `${algorithm} ${name}`;
  const pair = pairs.get(key) ?? newKeyPair(algorithm);
  pairs.set(key, pair);
  return pair;
}

/** An issuer's configuration with every default filled in. */
export function issuerConfig(settings: Settings): IssuerConfig {
  return issuerSchema.parse({ name: "test", ...settings });
}

/** A verifier on a clock that is turned by hand, and everything it reports. */
export class Proving {
  readonly clock = new VirtualClock();
  readonly events: Event[] = [];
  readonly verifier: Verifier;
  /** How often the set of keys changed. */
  changes = 0;
  readonly #parts: VerifierParts;
  readonly #waiting = new Set<() => void>();

  constructor(...issuers: readonly Settings[]) {
    const observe = (event: Event) => {
      this.events.push(event);
      for (const look of this.#waiting) look();
    };
    this.#parts = { clock: this.clock, observe, shared: new SharedSources() };
    this.verifier = createVerifier(issuers.map(issuerConfig), this.#parts);
    this.verifier.onKeysChanged(() => {
      this.changes += 1;
    });
  }

  /** The verifier of the next configuration, started, as a reload makes it. */
  async reloaded(...issuers: readonly Settings[]): Promise<Verifier> {
    const verifier = createVerifier(issuers.map(issuerConfig), this.#parts);
    await verifier.start();
    return verifier;
  }

  /** Makes one that is closed when the test ends. */
  static for(context: TestContext, ...issuers: readonly Settings[]): Proving {
    const proving = new Proving(...issuers);
    context.after(() => proving.verifier.close());
    return proving;
  }

  /** Verifies as a door does. */
  verify(token: string, issuers?: readonly string[]): Promise<Verified> {
    return this.verifier.verify(new Secret(token), issuers, noTrace);
  }

  /** The subject's id, or the code of the refusal. */
  async outcome(token: string, issuers?: readonly string[]): Promise<string> {
    const verified = await this.verify(token, issuers);
    return verified.kind === "identity" ? verified.identity.id : verified.code;
  }

  /** A token for `ann` that ends in an hour, signed with a key. */
  token(pair: KeyPair, claims: { readonly [claim: string]: Json | undefined } = {}): string {
    return mintToken(pair.privatePem, { sub: "ann", exp: this.clock.now() / 1000 + 3600, ...claims });
  }

  count(name: Event["event"]): number {
    return this.events.filter(({ event }) => event === name).length;
  }

  /** The `detail` of the last event of this name. */
  detail(name: Event["event"]): string {
    const last = this.events.findLast(({ event }) => event === name);
    return last !== undefined && "detail" in last ? (last.detail ?? "") : "";
  }

  /** Resolves once `n` events of this name were reported in total. */
  reported(name: Event["event"], n: number): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        if (this.count(name) < n) return;
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
      look();
    });
  }
}
