import assert from "node:assert/strict";
import { createHmac, createPrivateKey, createPublicKey } from "node:crypto";
import { test } from "node:test";
import { createSignature, verifySignature } from "../../../src/identity/algorithm.ts";
import { parseCompact } from "../../../src/identity/jws.ts";
import { importJwk, importPem, importSecret } from "../../../src/identity/key-import.ts";

const exampleX = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

const vectors = [
  {
    source: "RFC 7515 appendix A.2 (RS256)",
    alg: "RS256",
    jwk: {
      kty: "RSA",
      n: "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ",
      e: "AQAB",
    },
    token:
      "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw",
  },
  {
    source: "RFC 7515 appendix A.3 (ES256)",
    alg: "ES256",
    jwk: {
      kty: "EC",
      crv: "P-256",
      x: "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
      y: "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    },
    token:
      "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
  },
] as const;

for (const { source, alg, jwk, token } of vectors) {
  test(`${source} is verified as published`, () => {
    const key = importJwk(jwk);
    assert.ok(!("fault" in key));
    const parsed = parseCompact(token);
    assert.ok(parsed.ok);
    const { algorithm, signingInput, signature, claims } = parsed.value;
    assert.equal(algorithm, alg);
    assert.ok(verifySignature(algorithm, key.key, signingInput, signature));
    assert.equal(claims["iss"], "joe");
    const changed = Buffer.from(signature);
    changed[10] = (changed[10] ?? 0) ^ 1;
    assert.ok(!verifySignature(algorithm, key.key, signingInput, changed));
  });
}

test("RFC 7515 appendix A.1 (HS256) is verified as published", () => {
  const secret = Buffer.from(
    "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow",
    "base64url",
  );
  const parsed = parseCompact(
    "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
  );
  assert.ok(parsed.ok);
  assert.equal(parsed.value.algorithm, "HS256");
  assert.deepEqual(
    createHmac("sha256", secret).update(parsed.value.signingInput).digest(),
    Buffer.from(parsed.value.signature),
  );
});

test("RFC 7515 appendix A.5 (an unsecured token) is refused", () => {
  const parsed = parseCompact(
    "eyJhbGciOiJub25lIn0.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.",
  );
  assert.ok(!parsed.ok);
  assert.equal(parsed.code, "identity/algorithm");
});

test("RFC 8037 appendix A.4 and A.5 (Ed25519) are signed and verified as published", () => {
  const key = importJwk({ kty: "OKP", crv: "Ed25519", x: exampleX });
  assert.ok(!("fault" in key));
  const input = Buffer.from("eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc");
  const signature = Buffer.from(
    "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg",
    "base64url",
  );
  assert.ok(verifySignature("EdDSA", key.key, input, signature));
  const jwk = { kty: "OKP", crv: "Ed25519", d: "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A", x: exampleX };
  const privateKey = createPrivateKey({ key: jwk, format: "jwk" });
  assert.deepEqual(createSignature("EdDSA", privateKey, input), signature);
});

test("RFC 7638 §3.1 and RFC 8037 appendix A.3: thumbprints are as published", () => {
  const rsa = importJwk({
    kty: "RSA",
    n: "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
    e: "AQAB",
    alg: "RS256",
    kid: "2011-04-29",
  });
  const ed = importJwk({ kty: "OKP", crv: "Ed25519", x: exampleX });
  assert.ok(!("fault" in rsa) && !("fault" in ed));
  assert.equal(rsa.thumbprint, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
  assert.equal(ed.thumbprint, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
});

test("the example token of jwt-postgresql-proxy's documentation is well-formed", () => {
  const parsed = parseCompact(
    "eyJ0eXAiOiAiSldUIiwgImFsZyI6ICJFZERTQSIsICJjcnYiOiAiRWQyNTUxOSJ9.eyJzdWIiOiAibXlfdXNlciIsICJleHAiOiAxNjEwNTYxOTYxfQ.YeTn4oYwOvQLApTg2WgldX--qRywM0MV-EoDdL7ZNr0HnoadxZ9wKt_fqqT7L8w1d378UtaXavq0B_LUYUt4Dg",
  );
  assert.ok(parsed.ok);
  assert.deepEqual({ ...parsed.value.claims }, { sub: "my_user", exp: 1610561961 });
});

test("a shared secret signs and verifies HS256", () => {
  const key = importSecret(Buffer.from("0123456789abcdef0123456789abcdef"));
  assert.ok(!("fault" in key));
  const data = Buffer.from("data");
  assert.ok(verifySignature("HS256", key.key, data, createSignature("HS256", key.key, data)));
  assert.ok(!verifySignature("HS256", key.key, data, Buffer.alloc(32)));
});

test("SPKI in PEM and the JWK of the same key have one thumbprint", () => {
  const jwk = vectors[1].jwk;
  const pem = createPublicKey({ key: jwk, format: "jwk" }).export({ format: "pem", type: "spki" }).toString();
  const [a, b] = [importPem(pem), importJwk(jwk)];
  assert.ok(!("fault" in a) && !("fault" in b));
  assert.equal(a.thumbprint, b.thumbprint);
});
