import { randomBytes, webcrypto } from "node:crypto";
import type { Clock } from "../base/clock.ts";
import { messageOf } from "../base/error.ts";
import type { RoleName } from "../base/ids.ts";
import type { LoginConfig } from "../config/schema.ts";
import { UpstreamError } from "./errors.ts";
import { importSigningKey } from "./signing-key.ts";
import type { WatchedFiles } from "./watched-file.ts";

type CertificateLogin = Extract<LoginConfig, { method: "certificate" }>;

/** What one role logs in with. PEM. */
export interface ClientCertificate {
  readonly cert: string;
  readonly key: string;
}

interface Kept {
  readonly minted: Promise<ClientCertificate>;
  readonly caCert: Buffer;
  readonly caKey: Buffer;
  readonly renewAt: number;
}

/** Clocks of database servers may be behind ours by so much. */
const BACKDATE_MS = 5 * 60_000;
/** A certificate is replaced when this share of its life is over. */
const RENEW_AFTER = 0.75;
/** Roles whose certificates are kept. */
const MAX_KEPT = 1024;

/**
 * Mints a short-lived client certificate with CN = role (PostgreSQL docs, "Certificate Authentication") under a CA key
 * that Postern holds, so that no database password exists at all. The private key never leaves memory.
 */
export class ClientCertificates {
  readonly #files: WatchedFiles;
  readonly #clock: Clock;
  readonly #kept = new Map<string, Kept>();

  constructor(files: WatchedFiles, clock: Clock) {
    this.#files = files;
    this.#clock = clock;
  }

  /**
   * The certificate of `role`; the same object as long as it is good.
   * @throws UpstreamError upstream/secret when the CA's files cannot be used
   */
  async get(login: CertificateLogin, role: RoleName): Promise<ClientCertificate> {
    try {
      return await this.#getOrMint(login, role);
    } catch (error) {
      throw new UpstreamError("upstream/secret", `no client certificate: ${messageOf(error)}`, {
        cause: error,
      });
    }
  }

  #getOrMint(login: CertificateLogin, role: RoleName): Promise<ClientCertificate> {
    const caCert = this.#files.read(login.caCertFile);
    const caKey = this.#files.read(login.caKeyFile);
    const name = JSON.stringify([login.caCertFile, role]);
    const kept = this.#kept.get(name);
    const now = this.#clock.now();
    if (kept !== undefined && kept.caCert === caCert && kept.caKey === caKey && now < kept.renewAt) {
      return kept.minted;
    }
    const minted = mint({ caCert, caKey, role, from: now - BACKDATE_MS, to: now + login.lifetime });
    this.#kept.delete(name);
    if (this.#kept.size >= MAX_KEPT) this.#kept.clear();
    this.#kept.set(name, { minted, caCert, caKey, renewAt: now + login.lifetime * RENEW_AFTER });
    minted.catch(() => this.#kept.delete(name));
    return minted;
  }
}

interface Minting {
  readonly caCert: Buffer;
  readonly caKey: Buffer;
  readonly role: RoleName;
  readonly from: number;
  readonly to: number;
}

const P256 = { name: "ECDSA", namedCurve: "P-256" } as const;
/** RFC 5280 §4.1.2.2: at most 20 octets, positive. */
const SERIAL_BYTES = 16;

async function mint({ caCert, caKey, role, from, to }: Minting): Promise<ClientCertificate> {
  // Loaded here, since it takes memory that only this login method should pay for.
  await import("reflect-metadata");
  const x509 = await import("@peculiar/x509");
  const { subtle } = webcrypto;
  const ca = new x509.X509Certificate(caCert.toString("utf8"));
  const { key: signingKey, algorithm } = await importSigningKey(caKey);
  const pair = await subtle.generateKey(P256, true, ["sign", "verify"]);
  const cert = await x509.X509CertificateGenerator.create({
    serialNumber: `00${randomBytes(SERIAL_BYTES).toString("hex")}`,
    // As an object: in a text, a role such as `#00` or `a+b` would be read as something else.
    subject: new x509.Name([{ CN: [{ utf8String: role }] }]),
    issuer: ca.subjectName,
    notBefore: new Date(from),
    notAfter: new Date(Math.min(to, ca.notAfter.getTime())),
    publicKey: pair.publicKey,
    signingKey,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth]),
      await x509.AuthorityKeyIdentifierExtension.create(ca),
    ],
  });
  const der = await subtle.exportKey("pkcs8", pair.privateKey);
  return { cert: cert.toString("pem"), key: x509.PemConverter.encode(der, "PRIVATE KEY") };
}
