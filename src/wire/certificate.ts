import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import type { SecureContext, SecureContextOptions } from "node:tls";
import { createSecureContext } from "node:tls";

/** The files of a certificate, as a door's configuration names them. */
interface CertificateFiles {
  readonly certFile: string;
  readonly keyFile: string;
  readonly minVersion: "TLSv1.2" | "TLSv1.3";
}

/** The door's certificate, ready for use. */
export interface ServerCertificate {
  readonly context: SecureContext;
  /** What the context was made of, for servers that make their own. */
  readonly options: SecureContextOptions;
  /** When it ends, as the certificate says it. */
  readonly notAfter: string;
}

/** Distinguishes our TLS sessions from those of other servers that share a ticket key (OpenSSL, session id context). */
const SESSION_ID_CONTEXT = "postern";

/**
 * Reads certificate and key, and checks that they belong together.
 * @throws Error that says which file is wrong and how
 */
export function loadCertificate(tls: CertificateFiles): ServerCertificate {
  const cert = read(tls.certFile);
  const key = read(tls.keyFile);
  const leaf = parse(() => new X509Certificate(cert), tls.certFile, "a PEM certificate");
  const privateKey = parse(() => createPrivateKey(key), tls.keyFile, "an unencrypted PEM private key");
  if (!leaf.checkPrivateKey(privateKey)) throw new Error(`${tls.keyFile} is not the key of ${tls.certFile}`);
  const options = {
    cert,
    key,
    minVersion: tls.minVersion,
    sessionIdContext: SESSION_ID_CONTEXT,
    honorCipherOrder: true,
  };
  return { context: createSecureContext(options), options, notAfter: leaf.validTo };
}

function read(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new Error(`${file} cannot be read`, { cause });
  }
}

function parse<T>(make: () => T, file: string, what: string): T {
  try {
    return make();
  } catch (cause) {
    throw new Error(`${file} does not hold ${what}`, { cause });
  }
}
