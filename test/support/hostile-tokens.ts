/**
 * One table of tokens that must be refused, and the check that refuses each. It is run against the verifier and
 * through the doors. Rows are numbered as in the attack list of docs/security.md.
 */
import type { IdentityErrorCode } from "../../src/identity/errors.ts";
import { publicJwk } from "../../src/identity/mint.ts";
import {
  altered,
  base64url,
  bytes,
  ecdsa,
  ed25519,
  forge,
  hmac,
  publicKeySpellings,
  rsa,
  rsaPss,
  type Signer,
  unsigned,
} from "./forge.ts";
import { keyPair } from "./issuer.ts";

export interface HostileToken {
  readonly attack: 7 | 8 | 9;
  readonly what: string;
  readonly token: string;
  readonly code: IdentityErrorCode;
}

const ISSUER = "https://issuer.test";
const STRICT = "https://strict.test";
const AUDIENCE = "postgres";
const [ed, ec, rs] = [keyPair("EdDSA"), keyPair("ES256"), keyPair("RS256")];
const stranger = keyPair("EdDSA", "stranger");
/** The order of P-256's group (SEC 2 §2.4.2). */
const P256_ORDER = Buffer.from("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", "hex");
/** The order of Ed25519's group, little-endian (RFC 8032 §5.1). */
const ED25519_ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;

/** The issuers that the table is written against, as they stand in a configuration file. */
export function hostileIssuers() {
  // The RSA key names no algorithm: it permits RS* and PS* and must still permit nothing else.
  const keys = [ed, ec, rs].map((pair) => ({ ...publicJwk(pair.publicPem) }));
  const jwks = { keys: keys.map(({ alg, ...jwk }) => (jwk["kty"] === "RSA" ? jwk : { ...jwk, alg })) };
  return [
    { name: "plain", issuer: ISSUER, audience: [AUDIENCE], keys: { jwks } },
    { name: "strict", issuer: STRICT, requiredType: "at+jwt", maxTokenAge: "10m", keys: { jwks } },
  ];
}

/** A token that those issuers' keys signed and that nothing is wrong with. */
export function honestToken(now: number, subject = "ann"): string {
  return forge(headerOf("EdDSA"), claimsAt(now, { sub: subject }), ed25519(ed));
}

/** The table. @param now milliseconds since the epoch, of the clock that will judge the tokens */
export function hostileTokens(now: number): readonly HostileToken[] {
  return [
    ...algorithmRows(now),
    ...confusionRows(now),
    ...signatureRows(now),
    ...headerRows(now),
    ...encodingRows(now),
    ...payloadRows(now),
    ...claimRows(now),
    ...timeRows(now),
  ];
}

type Claims = { readonly [claim: string]: unknown };

const headerOf = (alg: unknown, more: object = {}) => ({ alg, typ: "JWT", ...more });
const claimsAt = (now: number, more: Claims = {}): Claims => ({
  iss: ISSUER,
  sub: "ann",
  aud: AUDIENCE,
  exp: Math.floor(now / 1000) + 600,
  ...more,
});
const row = (attack: HostileToken["attack"], code: IdentityErrorCode) => (what: string, token: string) => ({
  attack,
  what,
  token,
  code,
});

/** `none` in all 16 spellings, and everything else that is no algorithm. */
function algorithmRows(now: number): readonly HostileToken[] {
  const spellings = Array.from({ length: 16 }, (_, bits) =>
    [..."none"].map((letter, i) => ((bits >> i) & 1 ? letter.toUpperCase() : letter)).join(""),
  );
  const names = [
    ...spellings,
    "",
    " none",
    "none\0",
    "HS256 ",
    "es256",
    "EDDSA",
    "RS1",
    "HS1",
    "dir",
    "A128KW",
  ];
  const values = [null, 0, true, ["EdDSA"], { alg: "EdDSA" }, "__proto__", "toString", "constructor"];
  const refused = row(7, "identity/algorithm");
  return [
    ...names.map((alg) =>
      refused(`alg ${JSON.stringify(alg)}, not signed`, forge(headerOf(alg), claimsAt(now), unsigned)),
    ),
    ...values.map((alg) =>
      refused(`alg ${JSON.stringify(alg)}, signed`, forge(headerOf(alg), claimsAt(now), ed25519(ed))),
    ),
    refused("no alg, signed", forge({ typ: "JWT" }, claimsAt(now), ed25519(ed))),
    refused("alg none, signed", forge(headerOf("none"), claimsAt(now), ed25519(ed))),
  ];
}

/** A public key used as an HMAC secret, and a key used with an algorithm that is not its own. */
function confusionRows(now: number): readonly HostileToken[] {
  const refused = row(7, "identity/algorithm");
  const claims = claimsAt(now);
  const hmacs = Object.entries({ Ed25519: ed, EC: ec, RSA: rs }).flatMap(([kind, pair]) =>
    Object.entries(publicKeySpellings(pair)).map(([spelling, secret]) =>
      refused(
        `HS256 keyed with the ${kind} key as ${spelling}`,
        forge(headerOf("HS256"), claims, hmac(secret)),
      ),
    ),
  );
  const kid = (pair: typeof ed) => publicJwk(pair.publicPem).kid;
  return [
    ...hmacs,
    refused(
      "ES256 with the Ed25519 key's kid",
      forge(headerOf("ES256", { kid: kid(ed) }), claims, ecdsa(ec)),
    ),
    refused("EdDSA with the RSA key's kid", forge(headerOf("EdDSA", { kid: kid(rs) }), claims, ed25519(ed))),
    refused("RS256 with the EC key's kid", forge(headerOf("RS256", { kid: kid(ec) }), claims, rsa(rs))),
    refused("ES384 where the curve is P-256", forge(headerOf("ES384"), claims, ecdsa(ec))),
    refused("ES512 where the curve is P-256", forge(headerOf("ES512"), claims, ecdsa(ec))),
  ];
}

function signatureRows(now: number): readonly HostileToken[] {
  const refused = row(7, "identity/signature");
  const es = (signer: Signer) => forge(headerOf("ES256"), claimsAt(now), signer);
  const eddsa = (signer: Signer) => forge(headerOf("EdDSA"), claimsAt(now), signer);
  const rsOf = (alg: string, signer: Signer) => forge(headerOf(alg), claimsAt(now), signer);
  const zero = Buffer.alloc(32);
  const halves = (signature: Buffer) => [signature.subarray(0, 32), signature.subarray(32)] as const;
  const withR = (r: Buffer) => altered(ecdsa(ec), (s) => Buffer.concat([r, halves(s)[1]]));
  const withS = (s: Buffer) => altered(ecdsa(ec), (whole) => Buffer.concat([halves(whole)[0], s]));
  const [head = "", , tail = ""] = honestToken(now).split(".");
  return [
    refused("a stranger's key", eddsa(ed25519(stranger))),
    refused("no signature", eddsa(unsigned)),
    refused(
      "another payload under a good signature",
      `${head}.${base64url(JSON.stringify(claimsAt(now, { sub: "postgres" })))}.${tail}`,
    ),
    refused("an Ed25519 signature of zeros", eddsa(bytes(Buffer.alloc(64)))),
    refused(
      "an Ed25519 signature R = identity, S = 0",
      eddsa(bytes(Buffer.concat([Buffer.from([1]), Buffer.alloc(63)]))),
    ),
    refused("an Ed25519 signature cut short", eddsa(altered(ed25519(ed), (s) => s.subarray(0, 63)))),
    refused(
      "an Ed25519 signature with a byte more",
      eddsa(altered(ed25519(ed), (s) => Buffer.concat([s, Buffer.alloc(1)]))),
    ),
    refused("an Ed25519 signature with S + L", eddsa(altered(ed25519(ed), plusOrder))),
    refused("an ECDSA signature of zeros (CVE-2022-21449)", es(bytes(Buffer.alloc(64)))),
    refused("an ECDSA signature with r = 0", es(withR(zero))),
    refused("an ECDSA signature with s = 0", es(withS(zero))),
    refused("an ECDSA signature with r = n", es(withR(P256_ORDER))),
    refused("an ECDSA signature with s = n", es(withS(P256_ORDER))),
    refused("an ECDSA signature with r = s = n", es(bytes(Buffer.concat([P256_ORDER, P256_ORDER])))),
    refused("an ECDSA signature with r and s of ones", es(bytes(Buffer.alloc(64, 255)))),
    refused(
      "an ECDSA signature with r and s exchanged",
      es(altered(ecdsa(ec), (s) => Buffer.concat([s.subarray(32), s.subarray(0, 32)]))),
    ),
    refused("an ECDSA signature in DER", es(ecdsa(ec, "der"))),
    refused(
      "an ECDSA signature with wider halves",
      es(
        altered(ecdsa(ec), (s) =>
          Buffer.concat([Buffer.alloc(2), s.subarray(0, 32), Buffer.alloc(2), s.subarray(32)]),
        ),
      ),
    ),
    refused("PKCS #1 where PSS is named", rsOf("PS256", rsa(rs))),
    refused("PSS where PKCS #1 is named", rsOf("RS256", rsaPss(rs))),
    refused("PSS without salt", rsOf("PS256", rsaPss(rs, 0))),
    refused("PSS with a longer salt", rsOf("PS256", rsaPss(rs, 64))),
    refused("SHA-512 where SHA-256 is named", rsOf("RS256", rsa(rs, "sha512"))),
    refused("SHA-1 where SHA-256 is named", rsOf("RS256", rsa(rs, "sha1"))),
    refused("an RSA signature of zeros", rsOf("RS256", bytes(Buffer.alloc(384)))),
    refused("an RSA signature of one", rsOf("RS256", bytes(Buffer.from([...Buffer.alloc(383), 1])))),
    refused(
      "an RSA signature without its leading byte",
      rsOf(
        "RS256",
        altered(rsa(rs), (s) => s.subarray(1)),
      ),
    ),
    refused(
      "an RSA signature with a zero before it",
      rsOf(
        "RS256",
        altered(rsa(rs), (s) => Buffer.concat([Buffer.alloc(1), s])),
      ),
    ),
  ];
}

function plusOrder(signature: Buffer): Buffer {
  const s = BigInt(`0x${Buffer.from(signature.subarray(32)).reverse().toString("hex")}`) + ED25519_ORDER;
  const bigger = Buffer.from(s.toString(16).padStart(64, "0"), "hex").reverse();
  return Buffer.concat([signature.subarray(0, 32), bigger]);
}

function headerRows(now: number): readonly HostileToken[] {
  const theirs = publicJwk(stranger.publicPem);
  const signedBy = (pair: typeof ed, more: object) =>
    forge(headerOf("EdDSA", more), claimsAt(now), ed25519(pair));
  const refused = row(8, "identity/header");
  const forged = row(8, "identity/signature");
  const unknown = row(8, "identity/no-key");
  const kids = ["../../../../dev/null", "' OR '1'='1", "key\0", "http://127.0.0.1/key", "__proto__", ""];
  return [
    refused("crit, signed well", signedBy(ed, { crit: ["exp"], exp: 1 })),
    refused("an empty crit", signedBy(ed, { crit: [] })),
    refused("b64 false", signedBy(ed, { b64: false, crit: ["b64"] })),
    refused("b64 without crit", signedBy(ed, { b64: true })),
    refused("its own jwk", signedBy(stranger, { jwk: theirs })),
    refused("a jwk beside a good signature", signedBy(ed, { jwk: theirs })),
    forged("a jku", signedBy(stranger, { jku: "https://attacker.test/jwks" })),
    forged("an x5u", signedBy(stranger, { x5u: "https://attacker.test/cert" })),
    forged("an x5c", signedBy(stranger, { x5c: [base64url("certificate")] })),
    forged("x5t and x5t#S256", signedBy(stranger, { x5t: theirs.kid, "x5t#S256": theirs.kid })),
    ...kids.map((kid) => unknown(`the kid ${JSON.stringify(kid)}`, signedBy(ed, { kid }))),
    unknown("a stranger's kid", signedBy(stranger, { kid: theirs.kid })),
    refused("a kid that is a number", signedBy(ed, { kid: 1 })),
    refused("a kid that is a list", signedBy(ed, { kid: [theirs.kid] })),
    refused("a kid that is an object", signedBy(ed, { kid: {} })),
    refused("a kid of 5,000 characters", signedBy(ed, { kid: "k".repeat(5000) })),
    row(8, "identity/too-large")("a kid of 1 MB", signedBy(ed, { kid: "k".repeat(1_000_000) })),
    row(8, "identity/too-large")("a header of 40 kB", signedBy(ed, { x5c: ["c".repeat(40_000)] })),
    refused("a typ that is a number", forge({ alg: "EdDSA", typ: 1 }, claimsAt(now), ed25519(ed))),
  ];
}

function encodingRows(now: number): readonly HostileToken[] {
  const honest = honestToken(now);
  const [head = "", body = "", tail = ""] = honest.split(".");
  const refused = row(9, "identity/malformed");
  const parts: Readonly<Record<string, string>> = {
    "nothing at all": "",
    "one part": head,
    "two parts": `${head}.${body}`,
    "four parts": `${honest}.${tail}`,
    "five parts, as an encrypted token": `${head}..${body}.${tail}.${tail}`,
    "an empty header": `.${body}.${tail}`,
    "an empty payload": `${head}..${tail}`,
    "only dots": "..",
    "a blank before it": ` ${honest}`,
    "a newline after it": `${honest}\n`,
    "a NUL after it": `${honest}\0`,
    "Bearer before it": `Bearer ${honest}`,
    "padding in the header": `${head}=.${body}.${tail}`,
    "padding in the payload": `${head}.${body}==.${tail}`,
    "padding in the signature": `${honest}==`,
    "the standard alphabet": `${head}.${body}.+/${tail.slice(2)}`,
    "a blank in the payload": `${head}.${body.slice(0, 4)} ${body.slice(4)}.${tail}`,
    "stray bits after the signature": `${honest.slice(0, -1)}${strayBits(honest.slice(-1))}`,
    "an impossible length": `${head}.${body}.${tail}${"A".repeat((5 - (tail.length % 4)) % 4 || 4)}`.slice(
      0,
      2000,
    ),
    "letters that look like others": honest.replace("e", "е"),
    "a JSON serialization": JSON.stringify({ protected: head, payload: body, signature: tail }),
    "no token but a password": "correct horse battery staple",
  };
  return [
    ...Object.entries(parts).map(([what, token]) => refused(what, token)),
    row(9, "identity/too-large")(
      "1 MB of payload",
      forge(headerOf("EdDSA"), claimsAt(now, { x: "x".repeat(1_000_000) }), ed25519(ed)),
    ),
    row(9, "identity/too-large")("1 MB of dots", ".".repeat(1_000_000)),
    row(9, "identity/too-large")(
      "a signature of 10 kB",
      forge(headerOf("EdDSA"), claimsAt(now), bytes(Buffer.alloc(10_000))),
    ),
  ];
}

/** The next character of the alphabet: the same byte, with a bit set that should be zero. */
function strayBits(character: string): string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  return alphabet[alphabet.indexOf(character) + 1] ?? "B";
}

function payloadRows(now: number): readonly HostileToken[] {
  const good = JSON.stringify(claimsAt(now));
  const signed = (payload: string | Uint8Array) => forge(headerOf("EdDSA"), payload, ed25519(ed));
  const refused = row(9, "identity/malformed");
  const payloads: Readonly<Record<string, string | Uint8Array>> = {
    "an array": `[${good}]`,
    "a string": '"ann"',
    "a number": "1",
    null: "null",
    "no JSON": "sub=ann",
    "two objects": good + good,
    "a byte order mark": `\uFEFF${good}`,
    "bytes that are not UTF-8": Buffer.concat([
      Buffer.from('{"sub":"'),
      Buffer.from([0xff]),
      Buffer.from('"}'),
    ]),
    "UTF-16": Buffer.from(good, "utf16le"),
    "a duplicate sub": good.replace('"sub":"ann"', '"sub":"ann","sub":"postgres"'),
    "a duplicate sub, once escaped": good.replace('"sub":"ann"', '"sub":"ann","s\\u0075b":"postgres"'),
    "a duplicate exp": good.replace('"exp":', '"exp":1,"exp":'),
    "a duplicate inside a claim": good.replace("{", '{"a":{"b":1,"b":2},'),
    "100,000 nested lists": good.replace("{", `{"a":${"[".repeat(20_000)}${"]".repeat(20_000)},`),
    "17 nested objects": good.replace("{", `{"a":${'{"a":'.repeat(17)}1${"}".repeat(17)},`),
    "10,001 values": good.replace("{", `{"a":[${"1,".repeat(10_000)}1],`),
    "exp 1e400": good.replace(/"exp":\d+/, '"exp":1e400'),
    "exp NaN": good.replace(/"exp":\d+/, '"exp":NaN'),
    "exp Infinity": good.replace(/"exp":\d+/, '"exp":Infinity'),
    "exp in hexadecimal": good.replace(/"exp":\d+/, '"exp":0xFFFFFFFF'),
    "exp with a leading zero": good.replace('"exp":', '"exp":0'),
    "a comment": good.replace("{", "{/**/"),
    "a trailing comma": good.replace("}", ",}"),
    "a bare newline in a string": good.replace("ann", "an\nn"),
    "a lone surrogate": good.replace("ann", "\\ud800"),
  };
  return Object.entries(payloads).map(([what, payload]) => refused(`a payload: ${what}`, signed(payload)));
}

function claimRows(now: number): readonly HostileToken[] {
  const signed = (more: Claims) => forge(headerOf("EdDSA"), claimsAt(now, more), ed25519(ed));
  const refused = row(9, "identity/claims");
  const oddStrings = [undefined, "", null, 1, true, ["ann"], { sub: "ann" }];
  return [
    ...oddStrings.map((sub) => refused(`sub ${JSON.stringify(sub)}`, signed({ sub }))),
    refused("sub with a NUL", signed({ sub: "ann\0postgres" })),
    refused("sub with a newline", signed({ sub: "ann\npostgres" })),
    refused("sub of 1,025 characters", signed({ sub: "a".repeat(1025) })),
    refused("257 claims", signed(Object.fromEntries(Array.from({ length: 257 }, (_, n) => [`c${n}`, n])))),
    ...[null, 1, "", [ISSUER], { iss: ISSUER }].map((iss) =>
      refused(`iss ${JSON.stringify(iss)}`, signed({ iss })),
    ),
    refused("iss of 3,000 characters", signed({ iss: `${ISSUER}/${"a".repeat(3000)}` })),
    ...[
      undefined,
      "https://other.test",
      `${ISSUER}/`,
      ISSUER.toUpperCase(),
      ` ${ISSUER}`,
      "plain",
      "__proto__",
    ].map((iss) => row(9, "identity/issuer")(`iss ${JSON.stringify(iss)}`, signed({ iss }))),
    ...[null, 1, { aud: AUDIENCE }, [1], [AUDIENCE, 1], [[AUDIENCE]]].map((aud) =>
      refused(`aud ${JSON.stringify(aud)}`, signed({ aud })),
    ),
    ...[undefined, "", [], "mail", ["mail", "files"], "POSTGRES", "postgres ", "postgresql"].map((aud) =>
      row(9, "identity/audience")(`aud ${JSON.stringify(aud)}`, signed({ aud })),
    ),
    row(9, "identity/type")(
      "an ID token where an access token is required",
      signed({ iss: STRICT, nonce: "n", iat: now / 1000 }),
    ),
    refused(
      "__proto__ with everything in it",
      forge(
        headerOf("EdDSA"),
        `{"iss":"${ISSUER}","__proto__":${JSON.stringify(claimsAt(now))}}`,
        ed25519(ed),
      ),
    ),
  ];
}

function timeRows(now: number): readonly HostileToken[] {
  const seconds = Math.floor(now / 1000);
  const signed = (more: Claims) => forge(headerOf("EdDSA"), claimsAt(now, more), ed25519(ed));
  const strict = (more: Claims) =>
    forge({ alg: "EdDSA", typ: "at+jwt" }, claimsAt(now, { iss: STRICT, ...more }), ed25519(ed));
  const shape = row(9, "identity/claims");
  const odd = [null, "9999999999", true, [seconds + 600], { exp: seconds + 600 }, -1, 1e300, 253_402_300_800];
  return [
    shape("no exp", signed({ exp: undefined })),
    ...odd.flatMap((value) =>
      ["exp", "nbf", "iat"].map((name) =>
        shape(`${name} ${JSON.stringify(value)}`, signed({ [name]: value })),
      ),
    ),
    ...[0, 1, seconds - 3600, seconds - 1].map((exp) =>
      row(9, "identity/expired")(`exp ${exp === seconds - 1 ? "a second ago" : exp}`, signed({ exp })),
    ),
    row(9, "identity/not-yet-valid")("nbf in ten minutes", signed({ nbf: seconds + 600 })),
    row(9, "identity/not-yet-valid")("iat in ten minutes", signed({ iat: seconds + 600 })),
    row(9, "identity/too-old")(
      "iat an hour ago where ten minutes are allowed",
      strict({ iat: seconds - 3600 }),
    ),
    shape("no iat where an age is required", strict({})),
  ];
}
