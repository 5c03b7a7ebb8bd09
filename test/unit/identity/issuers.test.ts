import assert from "node:assert/strict";
import { test } from "node:test";
import { mintToken, publicJwk } from "../../../src/identity/mint.ts";
import { keyPair, Proving } from "../../support/issuer.ts";

const [a, b, c] = [keyPair("EdDSA", "a"), keyPair("EdDSA", "b"), keyPair("EdDSA", "c")];
const world = new Proving(
  { name: "a", issuer: "https://a.test", keys: { pem: [a.publicPem] } },
  { name: "b", issuer: "https://b.test", keys: { pem: [b.publicPem] } },
  { name: "c", keys: { pem: [c.publicPem] } },
);

const rows: readonly (readonly [
  string,
  typeof a,
  string | undefined,
  readonly string[] | undefined,
  string,
])[] = [
  ["its own iss", a, "https://a.test", undefined, "https://a.test:ann"],
  ["another issuer's iss", a, "https://b.test", undefined, "identity/signature"],
  ["no iss", a, undefined, undefined, "identity/signature"],
  ["no iss, by the issuer without one", c, undefined, undefined, "c:ann"],
  ["an iss that nobody has, by the issuer without one", c, "https://c.test", undefined, "c:ann"],
  ["the iss of another, by the issuer without one", c, "https://a.test", undefined, "identity/signature"],
  ["its own iss where the cluster trusts it", b, "https://b.test", ["a", "b"], "https://b.test:ann"],
  ["its own iss where the cluster trusts others", b, "https://b.test", ["a", "c"], "identity/issuer"],
];
for (const [what, pair, iss, trusted, outcome] of rows) {
  test(`a token with ${what} gives ${outcome}`, async () => {
    assert.equal(await world.outcome(world.token(pair, { iss }), trusted), outcome);
  });
}

test("an issuer without iss vouches for its own name only, whatever the token says", async () => {
  const verified = await world.verify(world.token(c, { iss: "https://elsewhere.test" }));
  assert.equal(verified.kind, "identity");
  assert.equal(verified.identity.issuer, "c");
  assert.equal(verified.identity.claims["iss"], "https://elsewhere.test");
});

test("several keys of one issuer are valid at once, for rotation", async () => {
  const rotating = new Proving({ keys: { pem: [a.publicPem, b.publicPem] } });
  assert.equal(await rotating.outcome(rotating.token(a)), "test:ann");
  assert.equal(await rotating.outcome(rotating.token(b)), "test:ann");
  assert.equal(await rotating.outcome(rotating.token(c)), "identity/signature");
});

test("a kid chooses among the issuer's keys and can leave none", async () => {
  const jwks = { keys: [publicJwk(a.publicPem), publicJwk(b.publicPem)] };
  const two = new Proving({ keys: { jwks } });
  const token = (kid: string) =>
    mintToken(a.privatePem, { sub: "ann", exp: two.clock.now() / 1000 + 60 }, { kid });
  assert.equal(await two.outcome(token(publicJwk(a.publicPem).kid)), "test:ann");
  assert.equal(await two.outcome(token(publicJwk(b.publicPem).kid)), "identity/signature");
  assert.equal(await two.outcome(token("unknown")), "identity/no-key");
});

test("a token that names no key makes Postern try at most 16", async () => {
  const pairs = Array.from({ length: 17 }, (_, n) => keyPair("EdDSA", `many ${n}`));
  const [first = a] = pairs;
  const sixteen = new Proving({ keys: { pem: pairs.slice(0, 16).map(({ publicPem }) => publicPem) } });
  const seventeen = new Proving({ keys: { pem: pairs.map(({ publicPem }) => publicPem) } });
  assert.equal(await sixteen.outcome(sixteen.token(first)), "test:ann");
  assert.equal(await seventeen.outcome(seventeen.token(first)), "identity/no-key");
});

test("every fault in the configured keys is reported at once", () => {
  assert.throws(
    () =>
      new Proving(
        { name: "one", keys: { pem: [a.privatePem, "nothing"] } },
        { name: "two", keys: { jwks: { keys: [{ kty: "oct", k: "AAAA" }] } } },
      ),
    (error: { code?: string; faults?: readonly string[]; message?: string }) => {
      assert.equal(error.code, "identity/configuration");
      assert.deepEqual(
        error.faults?.map((fault) => fault.slice(0, fault.indexOf(": "))),
        [
          'issuer "one", keys.pem[0]',
          'issuer "one", keys.pem[1]',
          'issuer "two", keys.jwks',
          'issuer "two", keys.jwks',
        ],
      );
      assert.doesNotMatch(error.message ?? "", /MC4CAQ/);
      return true;
    },
  );
});

test("a proof is trusted for its own issuer, key and algorithm only", async () => {
  const verified = await world.verify(world.token(a, { iss: "https://a.test" }));
  assert.equal(verified.kind, "identity");
  const { proof } = verified.identity;
  assert.ok(world.verifier.trusts(proof));
  assert.ok(!world.verifier.trusts({ ...proof, issuer: "b" }));
  assert.ok(!world.verifier.trusts({ ...proof, issuer: "removed" }));
  assert.ok(!world.verifier.trusts({ ...proof, keyThumbprint: "other" }));
  assert.ok(!world.verifier.trusts({ ...proof, algorithm: "ES256" }));
});
