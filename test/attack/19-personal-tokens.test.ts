import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { redact } from "../../src/audit/redact.ts";
import { Secret } from "../../src/base/secret.ts";
import { noTrace } from "../../src/base/trace.ts";
import { hashPersonalToken, newPersonalToken } from "../../src/identity/personal-tokens/token.ts";
import { PersonalProving } from "../support/personal-tokens.ts";

test("attack 19: the prefix, the prefix with an id, and a made-up secret of a known id open nothing", async () => {
  const proving = new PersonalProving();
  const { id, text } = proving.token();
  const forged = remade(text, id);
  for (const [shown, code] of [
    ["pst_", "identity/malformed"],
    [`pst_${id}`, "identity/malformed"],
    [`pst_${id}_`, "identity/malformed"],
    [text.slice(0, -1), "identity/malformed"],
    [`${text} `, "identity/malformed"],
    [`${text}\0`, "identity/malformed"],
    [text.toUpperCase(), "identity/malformed"],
    [`PST_${text.slice(4)}`, "identity/malformed"],
    [forged, "identity/personal-token"],
    [newPersonalToken().token.reveal(), "identity/personal-token"],
  ] as const)
    assert.equal(await proving.outcome(shown), code, shown);
  assert.equal(await proving.outcome(text), "https://corp.test:ann");
});

/** A well-formed token with the id of another and a secret of its own. */
function remade(text: string, id: string): string {
  const body = `pst_${id}_${newPersonalToken().token.reveal().slice(21, 53)}`;
  assert.notEqual(body, text.slice(0, 53));
  return body + checksumOf(body);
}

/** CRC-32 (ISO 3309), written down a second time so that the shape is tested against the text of its definition. */
function checksumOf(body: string): string {
  const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  let crc = 0xffffffff;
  for (const byte of Buffer.from(body)) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  let rest = (crc ^ 0xffffffff) >>> 0;
  let text = "";
  for (let place = 0; place < 6; place++) {
    text = digits.charAt(rest % 62) + text;
    rest = Math.floor(rest / 62);
  }
  return text;
}

test("attack 19: what a token is, whose, and whether it was revoked is told only to who holds its secret", async () => {
  const proving = new PersonalProving();
  const { id, text } = proving.token({ revokedAt: proving.clock.now(), cidrs: ["10.0.0.0/8"] });
  assert.equal(await proving.outcome(remade(text, id)), "identity/personal-token");
  assert.equal(await proving.outcome(text), "identity/revoked");
});

test("attack 19: the address rule holds for tokens, however the address is written, and where there is none", async () => {
  const proving = new PersonalProving();
  const { text } = proving.token({ cidrs: ["10.0.0.0/8", "2001:db8::/32"] });
  for (const [address, outcome] of [
    ["10.9.8.7", "https://corp.test:ann"],
    ["::ffff:10.9.8.7", "https://corp.test:ann"],
    ["2001:db8::5", "https://corp.test:ann"],
    ["11.9.8.7", "identity/address"],
    ["::ffff:11.9.8.7", "identity/address"],
    ["::1", "identity/address"],
    ["", "identity/address"],
  ] as const)
    assert.equal(await proving.outcome(text, address), outcome, address);
  const verified = await proving.verifier.verify(new Secret(text), undefined, noTrace);
  assert.equal(verified.kind === "refused" && verified.code, "identity/address");
});

test("attack 19: a rule that names networks wrongly, or none, opens nothing", async () => {
  const proving = new PersonalProving();
  assert.equal(await proving.outcome(proving.token({ cidrs: ["anywhere"] }).text), "identity/address");
  assert.equal(await proving.outcome(proving.token({ cidrs: [] }).text), "identity/address");
});

test("attack 19: a token does not outlive its revocation, its owner, or its end", async () => {
  const proving = new PersonalProving();
  const now = proving.clock.now();
  assert.equal(await proving.outcome(proving.token({ revokedAt: now }).text), "identity/revoked");
  assert.equal(
    await proving.outcome(proving.token({ ownerDisabledAt: now }).text),
    "identity/owner-disabled",
  );
  const { text } = proving.token({ expiresAt: now + 1000 });
  assert.equal(await proving.outcome(text), "https://corp.test:ann");
  proving.clock.advance(1000);
  assert.equal(await proving.outcome(text), "identity/expired");
});

test("attack 19: the roles that an owner writes into a token are no claims, which a cluster could take for an issuer's", async () => {
  const proving = new PersonalProving();
  const verified = await proving.verify(proving.token({ roles: ["postgres"] }).text);
  assert.equal(verified.kind, "identity");
  assert.deepEqual(verified.identity.claims, {});
});

test("attack 19: a hash that leaks from the store is no token, and makes none without the key", async () => {
  const proving = new PersonalProving();
  const { id, text } = proving.token();
  const hash = hashPersonalToken(new Secret(text), proving.key);
  assert.equal(hash.length, 32);
  assert.ok(!hash.includes(text));
  proving.shelf.change(id, { hash: hashPersonalToken(new Secret(text), new Secret("a guessed key")) });
  assert.equal(await proving.outcome(text), "identity/personal-token");
});

test("attack 19: a token is blotted out of logs, wherever it stands, and does not print", () => {
  const { id, token } = newPersonalToken();
  const line = redact({ detail: `password ${token.reveal()} was wrong`, argv: ["--x", token.reveal()] });
  assert.ok(!JSON.stringify(line).includes(token.reveal().slice(21)));
  assert.ok(JSON.stringify(line).includes(`pst_${id}`), "the id may be told: it finds the token in the list");
  assert.equal(`${token} ${JSON.stringify({ token })} ${inspect(token)}`.includes("pst_"), false);
});
