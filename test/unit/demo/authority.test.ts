import "reflect-metadata"; // @peculiar/x509 needs it to be loaded
import assert from "node:assert/strict";
import { test } from "node:test";
import * as x509 from "@peculiar/x509";
import { createAuthority } from "../../../src/demo/authority.ts";

test("a certificate names the key of its authority, as strict clients demand", async () => {
  const authority = await createAuthority();
  const own = new x509.X509Certificate(authority.cert).getExtension(x509.SubjectKeyIdentifierExtension);
  assert.ok(own);
  for (const { cert } of [await authority.server(["localhost"]), await authority.client("ada")]) {
    const issuer = new x509.X509Certificate(cert).getExtension(x509.AuthorityKeyIdentifierExtension);
    assert.equal(issuer?.keyId, own.keyId);
  }
});
