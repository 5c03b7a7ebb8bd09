import assert from "node:assert/strict";
import { test } from "node:test";
import { Secret } from "../../../src/base/secret.ts";
import type { Step } from "../../../src/base/trace.ts";
import { noTrace } from "../../../src/base/trace.ts";
import { Identity } from "../../../src/identity/identity.ts";
import { KEY_ALGORITHMS, mintToken } from "../../../src/identity/mint.ts";
import { createVerifier } from "../../../src/identity/token-verifier.ts";
import { VirtualClock } from "../../support/clock.ts";
import { issuerConfig, keyPair } from "../../support/issuer.ts";

const clock = new VirtualClock();
const exp = clock.now() / 1000 + 60;

function verifierFor(...issuers: readonly { readonly [setting: string]: unknown }[]) {
  return createVerifier(issuers.map(issuerConfig), { clock, observe: () => {} });
}

for (const algorithm of KEY_ALGORITHMS) {
  test(`a token signed with an ${algorithm} key proves who its bearer is`, async () => {
    const { privatePem, publicPem } = keyPair(algorithm);
    const verifier = verifierFor({ keys: { pem: [publicPem] } });
    const verified = await verifier.verify(
      new Secret(mintToken(privatePem, { sub: "ann", exp })),
      undefined,
      noTrace,
    );
    assert.equal(verified.kind, "identity");
    assert.ok(Identity.is(verified.identity));
    assert.equal(verified.identity.id, "test:ann");
    assert.equal(verified.identity.expiresAt, exp * 1000);
    assert.ok(verifier.trusts(verified.identity.proof));
  });
}

test("explain shows each check in order, and the one that failed last", async () => {
  const { privatePem, publicPem } = keyPair("EdDSA");
  const verifier = verifierFor({ keys: { pem: [publicPem] }, audience: ["db"] });
  const steps: Step[] = [];
  const token = new Secret(mintToken(privatePem, { sub: "ann", exp, aud: "mail" }));
  const verified = await verifier.verify(token, undefined, (step) => steps.push(step));
  assert.deepEqual(
    steps.map(({ check, passed }) => `${check} ${passed ? "passed" : "failed"}`),
    [
      "format passed",
      "issuer passed",
      "key passed",
      "signature passed",
      "type passed",
      "time passed",
      "audience failed",
    ],
  );
  assert.deepEqual(verified, {
    kind: "refused",
    code: "identity/audience",
    detail: 'aud is "mail", none of ["db"]',
  });
});
