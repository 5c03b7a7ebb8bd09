import assert from "node:assert/strict";
import { test } from "node:test";
import { publicJwk } from "../../src/identity/mint.ts";
import { ed25519, forge, hmac, publicKeySpellings, rsa, rsaPss } from "../support/forge.ts";
import { honestToken, hostileIssuers, hostileTokens } from "../support/hostile-tokens.ts";
import { keyPair, Proving } from "../support/issuer.ts";
import { publishing, startKeyServer } from "../support/key-server.ts";

const judge = new Proving(...hostileIssuers());
const now = judge.clock.now();

test("an honest token is accepted by the issuers that the attack table is written against", async () => {
  assert.equal(await judge.outcome(honestToken(now)), "https://issuer.test:ann");
});

for (const { attack, what, token, code } of hostileTokens(now)) {
  test(`attack ${attack}: a token is refused with ${code}: ${what}`, async () => {
    const verified = await judge.verify(token);
    assert.equal(verified.kind, "refused");
    assert.deepEqual({ code: verified.code, detail: verified.detail }, { code, detail: verified.detail });
    assert.ok(verified.detail.length > 0 && verified.detail.length < 300);
    assert.doesNotMatch(verified.detail, /[\0\r\n]/);
  });
}

for (const algorithm of ["EdDSA", "ES256", "RS256"] as const) {
  const { DER: _, ...spellings } = publicKeySpellings(keyPair(algorithm));
  // The bare numbers of a key look like any random text; nothing can tell.
  const { "the JWK's bytes": _bytes, "the JWK's text": _text, ...texts } = spellings;
  for (const [spelling, secret] of Object.entries(texts)) {
    test(`attack 7: the ${algorithm} public key as ${spelling} is not taken for a shared secret`, () => {
      assert.throws(() => new Proving({ keys: { secret: secret.toString() || "short" } }), {
        code: "identity/configuration",
        message: /a public key given as a shared secret|needs at least 32/,
      });
    });
  }
}

test("attack 7: a JWK without alg permits the RSA family only, and an issuer can narrow it", async () => {
  const pair = keyPair("RS256");
  const { alg: _, ...jwk } = publicJwk(pair.publicPem);
  const wide = new Proving({ keys: { jwks: { keys: [jwk] } } });
  const narrow = new Proving({ keys: { jwks: { keys: [jwk] } }, algorithms: ["PS256"] });
  const claims = { sub: "ann", exp: now / 1000 + 60 };
  const rs256 = forge({ alg: "RS256" }, claims, rsa(pair));
  const ps256 = forge({ alg: "PS256" }, claims, rsaPss(pair));
  assert.deepEqual(
    await Promise.all([rs256, ps256].flatMap((token) => [wide.outcome(token), narrow.outcome(token)])),
    ["test:ann", "identity/algorithm", "test:ann", "test:ann"],
  );
});

test("attack 7: an issuer with a shared secret takes HS256 and nothing else", async () => {
  const secret = "0123456789abcdef0123456789abcdef";
  const shared = new Proving({ keys: { secret } });
  const claims = { sub: "ann", exp: now / 1000 + 60 };
  const outcome = (alg: string, key: string) => shared.outcome(forge({ alg }, claims, hmac(key)));
  assert.equal(await outcome("HS256", secret), "test:ann");
  assert.equal(await outcome("HS256", `${secret}0`), "identity/signature");
  assert.equal(await outcome("HS384", secret), "identity/algorithm");
  assert.equal(await outcome("EdDSA", secret), "identity/algorithm");
});

test("attack 7: a shared secret whose issuer names HS512 takes HS512 and nothing else", async () => {
  const secret = "0123456789abcdef".repeat(4);
  const shared = new Proving({ keys: { secret }, algorithms: ["HS512"] });
  const claims = { sub: "ann", exp: now / 1000 + 60 };
  const outcome = (alg: string, hash?: "sha512") =>
    shared.outcome(forge({ alg }, claims, hmac(secret, hash)));
  assert.equal(await outcome("HS512", "sha512"), "test:ann");
  assert.equal(await outcome("HS256"), "identity/algorithm");
  assert.equal(await outcome("HS512"), "identity/signature");
});

test("attack 8: no URL in a token's header is ever asked", async (context) => {
  const trap = await startKeyServer();
  context.after(() => trap.close());
  trap.serve(publishing([keyPair("EdDSA", "stranger").publicPem]));
  const own = await startKeyServer();
  context.after(() => own.close());
  own.serve(publishing([keyPair("EdDSA").publicPem]));
  const proving = Proving.for(context, { keys: { jwksUrl: own.url } });
  await proving.verifier.start();
  proving.clock.advance(60_000);
  for (const name of ["jku", "x5u", "kid", "iss"]) {
    const header = { alg: "EdDSA", [name]: trap.url };
    const claims = { sub: "ann", exp: now / 1000 + 600 };
    const token = forge(header, claims, ed25519(keyPair("EdDSA", "stranger")));
    assert.match(await proving.outcome(token), /^identity\/(signature|no-key)$/, name);
  }
  assert.equal(trap.requests.length, 0);
});

test("attack 8: header parameters that nobody obeys do not spoil a good token", async () => {
  const header = {
    alg: "EdDSA",
    typ: "JWT",
    jku: "https://x.test",
    x5u: "x",
    x5c: ["x"],
    x5t: "x",
    crv: "Ed25519",
  };
  const token = forge(header, { sub: "ann", exp: now / 1000 + 60 }, ed25519(keyPair("EdDSA")));
  const proving = new Proving({ keys: { pem: [keyPair("EdDSA").publicPem] } });
  assert.equal(await proving.outcome(token), "test:ann");
});

test("attack 9: the same sub from two issuers is two identities", async () => {
  const issuers = ["https://one.test", "https://two.test"];
  const [one, two] = [keyPair("EdDSA", "one"), keyPair("EdDSA", "two")];
  const proving = new Proving(
    { name: "one", issuer: issuers[0], keys: { pem: [one.publicPem] } },
    { name: "two", issuer: issuers[1], keys: { pem: [two.publicPem] } },
  );
  const token = (pair: typeof one, iss: string | undefined) => proving.token(pair, { iss });
  assert.equal(await proving.outcome(token(one, issuers[0])), "https://one.test:ann");
  assert.equal(await proving.outcome(token(two, issuers[1])), "https://two.test:ann");
  assert.equal(await proving.outcome(token(two, issuers[0])), "identity/signature");
  assert.equal(await proving.outcome(token(one, issuers[1])), "identity/signature");
});

test("attack 9: claims named like parts of every object are claims like any other", async () => {
  const proving = new Proving({ keys: { pem: [keyPair("EdDSA").publicPem] } });
  const exp = now / 1000 + 60;
  const payload = `{"sub":"ann","exp":${exp},"__proto__":{"role":"postgres"},"constructor":1,"hasOwnProperty":2}`;
  const verified = await proving.verify(forge({ alg: "EdDSA" }, payload, ed25519(keyPair("EdDSA"))));
  assert.equal(verified.kind, "identity");
  const { claims } = verified.identity;
  assert.equal(Object.getPrototypeOf(claims), null);
  assert.equal(claims["role"], undefined);
  assert.deepEqual(Object.keys(claims), ["sub", "exp", "__proto__", "constructor", "hasOwnProperty"]);
});

test("attack 10: a token that was accepted before is refused from its exp on", async () => {
  const proving = new Proving({ keys: { pem: [keyPair("EdDSA").publicPem] } });
  const token = proving.token(keyPair("EdDSA"), { exp: now / 1000 + 60 });
  assert.equal(await proving.outcome(token), "test:ann");
  proving.clock.advance(59_999);
  assert.equal(await proving.outcome(token), "test:ann");
  proving.clock.advance(1);
  assert.equal(await proving.outcome(token), "identity/expired");
});

test("attack 10: a token that was accepted before is refused once it is older than maxTokenAge", async () => {
  const proving = new Proving({
    keys: { pem: [keyPair("EdDSA").publicPem] },
    maxTokenAge: "1m",
    leeway: "30s",
  });
  const token = proving.token(keyPair("EdDSA"), { iat: now / 1000 });
  assert.equal(await proving.outcome(token), "test:ann");
  proving.clock.advance(89_999);
  assert.equal(await proving.outcome(token), "test:ann");
  proving.clock.advance(1);
  assert.equal(await proving.outcome(token), "identity/too-old");
});

test("attack 10: a token that was accepted before is refused once its key is gone", async (context) => {
  const server = await startKeyServer();
  context.after(() => server.close());
  server.serve(publishing([keyPair("EdDSA").publicPem]));
  const proving = Proving.for(context, { keys: { jwksUrl: server.url } });
  await proving.verifier.start();
  const token = proving.token(keyPair("EdDSA"));
  assert.equal(await proving.outcome(token), "test:ann");
  server.serve(publishing([keyPair("EdDSA", "other").publicPem]));
  proving.clock.advance(5 * 60_000);
  await proving.reported("keys.loaded.v1", 2);
  assert.equal(await proving.outcome(token), "identity/no-key");
});

test("attack 10: a token that differs in one character from an accepted one is judged by itself", async () => {
  const proving = new Proving({ keys: { pem: [keyPair("EdDSA").publicPem] } });
  const token = proving.token(keyPair("EdDSA"));
  assert.equal(await proving.outcome(token), "test:ann");
  for (let at = 0; at < token.length; at += 1) {
    const other = token[at] === "A" ? "B" : "A";
    const changed = token.slice(0, at) + other + token.slice(at + 1);
    assert.match(await proving.outcome(changed), /^identity\//, `position ${at}`);
  }
});

test("attack 10: a token accepted for one cluster is no token for another that trusts other issuers", async () => {
  const proving = new Proving({ keys: { pem: [keyPair("EdDSA").publicPem] } });
  const token = proving.token(keyPair("EdDSA"));
  assert.equal(await proving.outcome(token, ["test"]), "test:ann");
  assert.equal(await proving.outcome(token, ["other"]), "identity/issuer");
  assert.equal(await proving.outcome(token, []), "identity/issuer");
  assert.equal(await proving.outcome(token, ["test"]), "test:ann");
});

const point = (hex: string) => ({
  kty: "OKP",
  crv: "Ed25519",
  x: Buffer.from(hex, "hex").toString("base64url"),
});
const FIELD = "ed".padEnd(62, "f").concat("7f");
const weakKeys: readonly (readonly [string, unknown, RegExp])[] = [
  ["an Ed25519 point of order 1", point("01".padEnd(64, "0")), /small order/],
  ["an Ed25519 point of order 1 with the sign bit", point(`01${"00".repeat(30)}80`), /small order/],
  ["an Ed25519 point of order 2", point(`ec${"ff".repeat(30)}7f`), /small order/],
  ["an Ed25519 point of order 4", point("00".repeat(32)), /small order/],
  ["an Ed25519 point of order 4 with the sign bit", point(`${"00".repeat(31)}80`), /small order/],
  [
    "an Ed25519 point of order 8",
    point("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
    /small order/,
  ],
  [
    "another Ed25519 point of order 8",
    point("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85"),
    /small order/,
  ],
  ["an Ed25519 point that is 0 in disguise (y = p)", point(FIELD), /not in canonical form/],
  [
    "an Ed25519 point that is 1 in disguise (y = p + 1)",
    point(`ee${FIELD.slice(2)}`),
    /not in canonical form/,
  ],
  ["an Ed25519 key of 31 bytes", point("07".repeat(31)), /not a usable key|32 bytes/],
  ["an RSA key with e = 1", { kty: "RSA", n: "_".repeat(342).replace(/.$/, "w"), e: "AQ" }, /exponent/],
  [
    "an RSA key with an even e",
    { kty: "RSA", n: "_".repeat(342).replace(/.$/, "w"), e: "BA" },
    /exponent|not a usable/,
  ],
  ["an RSA key of 512 bits", { kty: "RSA", n: "_".repeat(86).replace(/.$/, "w"), e: "AQAB" }, /512 bits/],
  [
    "an RSA key of 16384 bits",
    { kty: "RSA", n: "_".repeat(2731).replace(/.$/, "8"), e: "AQAB" },
    /16384 bits/,
  ],
  [
    "an HMAC key",
    { kty: "oct", k: "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA", alg: "HS256" },
    /symmetric/,
  ],
  [
    "an EC key with the point (0, 0)",
    { kty: "EC", crv: "P-256", x: "A".repeat(43), y: "A".repeat(43) },
    /not a usable/,
  ],
];
for (const [what, jwk, reason] of weakKeys) {
  test(`attack 11: ${what} is no key`, () => {
    assert.throws(() => new Proving({ keys: { jwks: { keys: [jwk] } } }), {
      code: "identity/configuration",
      message: reason,
    });
  });
}
