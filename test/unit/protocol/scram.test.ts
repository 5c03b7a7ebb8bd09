import assert from "node:assert/strict";
import { pbkdf2Sync } from "node:crypto";
import { test } from "node:test";
import { ProtocolFault } from "../../../src/protocol/fault.ts";
import { MAX_ITERATIONS, md5Response, ScramExchange, scramKeys } from "../../../src/protocol/scram.ts";

const NONCE = "rOprNGfwEbeRWgbNEkqO";
const SERVER_FIRST = `r=${NONCE}%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`;
const keys = scramKeys(
  pbkdf2Sync("pencil", Buffer.from("W22ZaJ0SNY7soEsUEjb6gQ==", "base64"), 4096, 32, "sha256"),
);

test("the exchange of RFC 7677 §3 comes out to the byte", () => {
  const exchange = new ScramExchange({ kind: "none" }, NONCE, "user");
  assert.equal(exchange.first(), `n,,n=user,r=${NONCE}`);
  const challenge = exchange.challenge(SERVER_FIRST);
  assert.equal(
    exchange.proof(SERVER_FIRST, challenge, keys),
    `c=biws,r=${NONCE}%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=`,
  );
  exchange.verify("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
});

test("the GS2 header says whether and how the exchange is bound", () => {
  const first = (kind: "none" | "not-offered") => new ScramExchange({ kind }, "x").first();
  assert.equal(first("none"), "n,,n=,r=x");
  assert.equal(first("not-offered"), "y,,n=,r=x");
  const bound = new ScramExchange({ kind: "end-point", hash: Buffer.from("hash") }, NONCE);
  assert.equal(bound.first(), `p=tls-server-end-point,,n=,r=${NONCE}`);
  const proof = bound.proof(SERVER_FIRST, bound.challenge(SERVER_FIRST), keys);
  const data = Buffer.from("p=tls-server-end-point,,hash").toString("base64");
  assert.ok(proof.startsWith(`c=${data},r=`));
});

const badChallenges: Readonly<Record<string, string>> = {
  "somebody else's nonce": "r=other,s=AAAA,i=4096",
  "our nonce unchanged": `r=${NONCE},s=AAAA,i=4096`,
  "a nonce without an end": `r=${NONCE}${"x".repeat(600)},s=AAAA,i=4096`,
  "no salt": `r=${NONCE}x,s=,i=4096`,
  "a salt that is not base64": `r=${NONCE}x,s=A*==,i=4096`,
  "a salt with loose bits": `r=${NONCE}x,s=AB==,i=4096`,
  "too few iterations": `r=${NONCE}x,s=AAAA,i=4095`,
  "too many iterations": `r=${NONCE}x,s=AAAA,i=${MAX_ITERATIONS + 1}`,
  "iterations without end": `r=${NONCE}x,s=AAAA,i=${"9".repeat(400)}`,
  "negative iterations": `r=${NONCE}x,s=AAAA,i=-4096`,
  "a required extension": `m=x,r=${NONCE}x,s=AAAA,i=4096`,
  nothing: "",
};

for (const [name, message] of Object.entries(badChallenges)) {
  test(`a SCRAM challenge with ${name} is refused`, () => {
    assert.throws(() => new ScramExchange({ kind: "none" }, NONCE).challenge(message), ProtocolFault);
  });
}

test("a refused number of SCRAM iterations says which setting of the server corrects it", () => {
  const exchange = new ScramExchange({ kind: "none" }, NONCE);
  assert.throws(() => exchange.challenge(`r=${NONCE}x,s=AAAA,i=1000`), {
    message:
      "1000 SCRAM iterations, and 4096 to 1000000 are accepted: correct scram_iterations on the server and set the role's password again",
  });
});

const badFinals: Readonly<Record<string, string>> = {
  "a wrong signature": `v=${Buffer.alloc(32).toString("base64")}`,
  "a signature that is cut": "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl9",
  "an error": "e=other-error",
  nothing: "",
};

for (const [name, message] of Object.entries(badFinals)) {
  test(`a server whose last SCRAM message holds ${name} is not believed`, () => {
    const exchange = new ScramExchange({ kind: "none" }, NONCE, "user");
    exchange.proof(SERVER_FIRST, exchange.challenge(SERVER_FIRST), keys);
    assert.throws(() => exchange.verify(message), ProtocolFault);
  });
}

test("a server signature before our proof proves nothing", () => {
  const exchange = new ScramExchange({ kind: "none" }, NONCE);
  assert.throws(() => exchange.verify("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="), ProtocolFault);
});

test("MD5 answers as PostgreSQL computes them", () => {
  // Computed independently, with Python hashlib.
  assert.equal(
    md5Response("secret", "joe", Buffer.from([1, 2, 3, 4])),
    "md5850be429f1fe77df3f603ac424abb440",
  );
});
