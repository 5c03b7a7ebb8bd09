import assert from "node:assert/strict";
import { generateKeyPairSync, X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { parseRoleName } from "../../../src/base/ids.ts";
import { type Authority, createAuthority } from "../../../src/demo/authority.ts";
import { ClientCertificates } from "../../../src/upstream/client-certificate.ts";
import { WatchedFiles } from "../../../src/upstream/watched-file.ts";
import { VirtualClock } from "../../support/clock.ts";

const HOUR = 3_600_000;
let directory: string;
let authority: Authority;
let login: {
  readonly method: "certificate";
  readonly caCertFile: string;
  readonly caKeyFile: string;
  readonly lifetime: number;
};

before(async () => {
  directory = mkdtempSync(join(tmpdir(), "postern-mint-"));
  authority = await createAuthority();
  login = {
    method: "certificate",
    caCertFile: join(directory, "ca.crt"),
    caKeyFile: join(directory, "ca.key"),
    lifetime: HOUR,
  };
  place(authority);
});

after(() => rmSync(directory, { recursive: true }));

function place({ cert, key }: { readonly cert: string; readonly key: string }): void {
  writeFileSync(login.caCertFile, cert);
  writeFileSync(login.caKeyFile, key);
}

function role(name: string) {
  const parsed = parseRoleName(name);
  assert.ok(parsed);
  return parsed;
}

function minting(now = Date.now()) {
  const clock = new VirtualClock(now);
  return { clock, certificates: new ClientCertificates(new WatchedFiles(), clock) };
}

test("a certificate says who the role is, comes from the CA, is short-lived and cannot sign others", async () => {
  const { clock, certificates } = minting();
  const { cert, key } = await certificates.get(login, role("grüße, O=x"));
  const parsed = new X509Certificate(cert);
  assert.equal(parsed.subject, "CN=grüße\\, O=x");
  assert.ok(parsed.verify(new X509Certificate(authority.cert).publicKey));
  assert.ok(parsed.checkIssued(new X509Certificate(authority.cert)));
  assert.equal(parsed.ca, false);
  assert.ok(Date.parse(parsed.validTo) <= clock.now() + HOUR);
  assert.ok(Date.parse(parsed.validFrom) < clock.now());
  assert.match(key, /BEGIN PRIVATE KEY/);
});

test("a role's certificate is minted once and replaced before it ends", async () => {
  const { clock, certificates } = minting();
  const [first, same] = await Promise.all([
    certificates.get(login, role("app")),
    certificates.get(login, role("app")),
  ]);
  assert.equal(same, first);
  assert.notEqual(await certificates.get(login, role("other")), first);
  clock.advance(HOUR * 0.74);
  assert.equal(await certificates.get(login, role("app")), first);
  clock.advance(HOUR * 0.02);
  assert.notEqual(await certificates.get(login, role("app")), first);
});

test("a CA that is replaced signs the next certificate", async () => {
  const { certificates } = minting();
  const first = await certificates.get(login, role("app"));
  const next = await createAuthority("Next CA");
  place(next);
  const second = await certificates.get(login, role("app"));
  assert.notEqual(second, first);
  assert.ok(new X509Certificate(second.cert).verify(new X509Certificate(next.cert).publicKey));
  place(authority);
});

test("a CA key that is missing or of a strange kind is an error that says so", async () => {
  const { certificates } = minting();
  const { privateKey } = generateKeyPairSync("x25519");
  for (const key of ["", "not a key", privateKey.export({ type: "pkcs8", format: "pem" }).toString()]) {
    place({ cert: authority.cert, key });
    await assert.rejects(certificates.get(login, role("app")), { code: "upstream/secret" });
  }
  const lost = { ...login, caKeyFile: join(directory, "gone") };
  await assert.rejects(certificates.get(lost, role("app")), { code: "upstream/secret", message: /ENOENT/ });
  place(authority);
});
