import "reflect-metadata";
import { webcrypto } from "node:crypto";
import * as x509 from "@peculiar/x509";

x509.cryptoProvider.set(webcrypto as Crypto);

const ECDSA = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const DAY_MS = 86_400_000;

export interface CertificateFiles {
  /** PEM. */
  readonly cert: string;
  /** PEM, PKCS #8. */
  readonly key: string;
}

export interface Authority extends CertificateFiles {
  /** A server certificate for these DNS names and IP addresses. */
  server(names: readonly string[], options?: { readonly expired?: boolean }): Promise<CertificateFiles>;
  /** A client certificate with CN = `name`. */
  client(name: string): Promise<CertificateFiles>;
}

let serial = 1;

/** A new certificate authority for the demo and the tests; its certificates last a day. */
export async function createAuthority(commonName = "Postern CA"): Promise<Authority> {
  const keys = await webcrypto.subtle.generateKey(ECDSA, true, ["sign", "verify"]);
  const own = await x509.X509CertificateGenerator.createSelfSigned({
    ...validity(),
    serialNumber: nextSerial(),
    name: `CN=${commonName}`,
    keys,
    signingAlgorithm: ECDSA,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  // RFC 5280 §4.2.1.1 wants it; strict clients (Python 3.13) refuse a certificate without it.
  const issuedBy = await x509.AuthorityKeyIdentifierExtension.create(keys.publicKey);
  const issue = async (subject: string, extensions: x509.Extension[], expired = false) => {
    const leaf = await webcrypto.subtle.generateKey(ECDSA, true, ["sign", "verify"]);
    const cert = await x509.X509CertificateGenerator.create({
      ...validity(expired),
      serialNumber: nextSerial(),
      subject: `CN=${subject}`,
      issuer: own.subject,
      publicKey: leaf.publicKey,
      signingKey: keys.privateKey,
      signingAlgorithm: ECDSA,
      extensions: [issuedBy, ...extensions],
    });
    return { cert: cert.toString("pem"), key: await pemOf(leaf.privateKey) };
  };
  return {
    cert: own.toString("pem"),
    key: await pemOf(keys.privateKey),
    server: (names, options) =>
      issue(
        names[0] ?? "server",
        [
          new x509.SubjectAlternativeNameExtension(
            names.map((value) => ({ type: /^[\d.]+$|:/.test(value) ? "ip" : "dns", value })),
          ),
        ],
        options?.expired,
      ),
    client: (name) => issue(name, [new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth])]),
  };
}

function validity(expired = false) {
  const now = Date.now();
  return { notBefore: new Date(now - 2 * DAY_MS), notAfter: new Date(now + (expired ? -DAY_MS : DAY_MS)) };
}

function nextSerial(): string {
  return (serial++).toString(16).padStart(2, "0");
}

async function pemOf(key: CryptoKey): Promise<string> {
  const der = await webcrypto.subtle.exportKey("pkcs8", key);
  return x509.PemConverter.encode(der, "PRIVATE KEY");
}
