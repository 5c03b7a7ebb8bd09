import assert from "node:assert/strict";
import { test } from "node:test";
import { Secret } from "../../../../src/base/secret.ts";
import { noTrace, type Step } from "../../../../src/base/trace.ts";
import { mintToken } from "../../../../src/identity/mint.ts";
import { keyPair } from "../../../support/issuer.ts";
import { PersonalProving } from "../../../support/personal-tokens.ts";

test("a personal token proves its owner, with the owner's groups and the token's end", async () => {
  const proving = new PersonalProving();
  const { id, text } = proving.token({ roles: ["reader"] });
  const verified = await proving.verify(text);
  assert.equal(verified.kind, "identity");
  const { identity } = verified;
  assert.equal(identity.id, "https://corp.test:ann");
  assert.equal(identity.username, "ann@corp.test");
  assert.deepEqual(identity.groups, ["oncall"]);
  assert.deepEqual(identity.onlyRoles, ["reader"]);
  assert.deepEqual(identity.proof, { issuer: "corp", keyThumbprint: id, algorithm: "pst" });
  assert.equal(identity.expiresAt, proving.clock.now() + 3_600_000);
  assert.equal(identity.takenUntil, identity.expiresAt);
});

test("signed tokens are verified as before beside personal ones", async () => {
  const proving = new PersonalProving();
  const claims = { iss: "https://corp.test", sub: "bob", exp: proving.clock.now() / 1000 + 60 };
  assert.equal(await proving.outcome(mintToken(keyPair().privatePem, claims)), "https://corp.test:bob");
  assert.equal(await proving.outcome("neither"), "identity/malformed");
});

test("explain shows each check of a personal token, and never its secret", async () => {
  const proving = new PersonalProving();
  const { text } = proving.token({ cidrs: ["192.0.2.0/24"] });
  const steps: Step[] = [];
  await proving.verify(text, "192.0.2.1", undefined, (step) => steps.push(step));
  assert.deepEqual(
    steps.map(({ check, passed }) => `${check} ${passed}`),
    ["format true", "secret true", "token true", "address true", "issuer true"],
  );
  assert.ok(!JSON.stringify(steps).includes(text.slice(21)));
});

test("the store is asked again after five seconds, or as soon as it says that the token changed", async () => {
  const proving = new PersonalProving();
  const { id, text } = proving.token();
  await proving.outcome(text);
  await proving.outcome(text);
  assert.equal(proving.shelf.finds, 1);
  proving.clock.advance(5000);
  await proving.outcome(text);
  assert.equal(proving.shelf.finds, 2);
  proving.shelf.change(id, { revokedAt: proving.clock.now() });
  await proving.tokens.refresh(id);
  assert.equal(await proving.outcome(text), "identity/revoked");
});

test("who listens is told once when a token that was used is revoked, and not when nothing changed", async () => {
  const proving = new PersonalProving();
  const { id, text } = proving.token();
  const verified = await proving.verify(text);
  assert.equal(verified.kind, "identity");
  let told = 0;
  const end = proving.verifier.onKeysChanged(() => {
    told += 1;
  });
  await proving.tokens.refresh();
  assert.equal(told, 0);
  assert.equal(proving.verifier.trusts(verified.identity.proof), true);
  proving.shelf.change(id, { revokedAt: proving.clock.now() });
  await proving.tokens.refresh(id);
  assert.equal(told, 1);
  assert.equal(proving.verifier.trusts(verified.identity.proof), false);
  end();
});

test("a token that is revoked while it is asked for the first time does not get in by the older answer", async () => {
  const proving = new PersonalProving();
  const { id, text } = proving.token();
  const find = proving.shelf.find.bind(proving.shelf);
  proving.shelf.find = async (ids) => {
    const found = await find(ids);
    if (proving.shelf.finds === 1) {
      proving.shelf.change(id, { revokedAt: proving.clock.now() });
      await proving.tokens.refresh(id);
    }
    return found;
  };
  assert.equal(await proving.outcome(text), "identity/revoked");
});

test("a token that was never used here is not asked for when it changes", async () => {
  const proving = new PersonalProving();
  await proving.tokens.refresh("0123456789abcdef");
  assert.equal(proving.shelf.finds, 0);
});

test("a store that is out of reach ends no session, and lets no new one in", async () => {
  const proving = new PersonalProving();
  const { text } = proving.token();
  const verified = await proving.verify(text);
  assert.equal(verified.kind, "identity");
  proving.shelf.reachable = false;
  proving.clock.advance(5000);
  await proving.tokens.refresh();
  assert.equal(proving.verifier.trusts(verified.identity.proof), true);
  assert.equal(await proving.outcome(text), "identity/keys-unavailable");
});

test("the last use is noted once a minute, also when the store fails meanwhile", async () => {
  const proving = new PersonalProving();
  const { id, text } = proving.token();
  await proving.outcome(text, "192.0.2.1");
  await proving.outcome(text, "192.0.2.2");
  assert.deepEqual(proving.shelf.uses, [{ id, address: "192.0.2.1" }]);
  proving.clock.advance(60_000);
  await proving.outcome(text, "192.0.2.3");
  assert.equal(proving.shelf.uses.length, 2);
});

test("a token needs its owner's issuer: one that the cluster trusts, and that is still configured", async () => {
  const proving = new PersonalProving();
  const { text } = proving.token();
  assert.equal(await proving.outcome(text, "192.0.2.1", ["corp"]), "https://corp.test:ann");
  assert.equal(await proving.outcome(text, "192.0.2.1", ["other"]), "identity/issuer");
  const verified = await proving.verify(text);
  assert.equal(verified.kind, "identity");
  const next = proving.verifierFor(["other"]);
  const refused = await next.verify(new Secret(text), undefined, noTrace, "192.0.2.1");
  assert.equal(refused.kind === "refused" && refused.code, "identity/issuer");
  assert.equal(next.trusts(verified.identity.proof), false);
});
