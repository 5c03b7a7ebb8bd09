import type { Secret } from "../base/secret.ts";
import type { Trace } from "../base/trace.ts";
import type { Identity, Proof } from "./identity.ts";
import { isPersonalToken } from "./personal-tokens/token.ts";
import { PERSONAL_TOKEN_PROOF, type PersonalTokenVerifier } from "./personal-tokens/verifier.ts";
import type { Verified, Verifier } from "./verifier.ts";

/** Signed tokens and personal ones behind one door. The prefix says who looks at a token, and never whether it is good. */
export class EitherVerifier implements Verifier {
  readonly #signed: Verifier;
  readonly #personal: PersonalTokenVerifier;
  readonly #subscriptions = new Set<() => void>();

  constructor(signed: Verifier, personal: PersonalTokenVerifier) {
    this.#signed = signed;
    this.#personal = personal;
  }

  async verify(
    token: Secret,
    issuers: readonly string[] | undefined,
    trace: Trace,
    address?: string,
  ): Promise<Verified> {
    if (!isPersonalToken(token.reveal())) return this.#signed.verify(token, issuers, trace, address);
    const result = await this.#personal.verify(token, issuers, trace, address);
    return result.ok
      ? { kind: "identity", identity: result.value }
      : { kind: "refused", code: result.code, detail: result.detail };
  }

  trusts(proof: Proof): boolean {
    return proof.algorithm === PERSONAL_TOKEN_PROOF
      ? this.#personal.trusts(proof)
      : this.#signed.trusts(proof);
  }

  bearerNow(proof: Proof): Pick<Identity, "username" | "groups"> | undefined {
    return proof.algorithm === PERSONAL_TOKEN_PROOF ? this.#personal.bearerNow(proof) : undefined;
  }

  onKeysChanged(listener: () => void): () => void {
    const ends = [this.#signed.onKeysChanged(listener), this.#personal.onChange(listener)];
    const end = () => {
      this.#subscriptions.delete(end);
      for (const each of ends) each();
    };
    this.#subscriptions.add(end);
    return end;
  }

  start(): Promise<readonly string[]> {
    return this.#signed.start();
  }

  ready(): boolean {
    return this.#signed.ready();
  }

  close(): void {
    for (const end of [...this.#subscriptions]) end();
    this.#signed.close();
  }
}
