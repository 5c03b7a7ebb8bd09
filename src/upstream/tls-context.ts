import * as tls from "node:tls";
import type { ClusterConfig } from "../config/schema.ts";
import type { ClientCertificate } from "./client-certificate.ts";
import type { WatchedFiles } from "./watched-file.ts";

/** Contexts kept: one for each CA file, and one for each role with a client certificate. */
const MAX_CONTEXTS = 1024;

type TlsConfig = ClusterConfig["tls"];

interface Kept {
  readonly ca: Buffer | undefined;
  readonly certificate: ClientCertificate | undefined;
  readonly context: tls.SecureContext;
}

/** TLS contexts, each made once and again when the files or the certificate behind it change. */
export class TlsContexts {
  readonly #files: WatchedFiles;
  readonly #kept = new Map<string, Kept>();
  #systemCa: string[] | undefined;

  constructor(files: WatchedFiles) {
    this.#files = files;
  }

  /** @param key what the context is for: the cluster, and the role when it has a certificate of its own */
  get(key: string, config: TlsConfig, certificate: ClientCertificate | undefined): tls.SecureContext {
    const ca = config.caFile === undefined ? undefined : this.#files.read(config.caFile);
    const kept = this.#kept.get(key);
    if (kept !== undefined && kept.ca === ca && kept.certificate === certificate) return kept.context;
    const context = tls.createSecureContext({
      minVersion: "TLSv1.2",
      ca: ca ?? (config.mode === "verify-ca" || config.mode === "verify-full" ? this.#system() : []),
      ...(certificate && { cert: certificate.cert, key: certificate.key }),
    });
    this.#kept.delete(key);
    if (this.#kept.size >= MAX_CONTEXTS) this.#forgetOldest();
    this.#kept.set(key, { ca, certificate, context });
    return context;
  }

  /** The authorities that the operating system trusts. */
  #system(): string[] {
    this.#systemCa ??= tls.getCACertificates("system");
    return this.#systemCa;
  }

  #forgetOldest(): void {
    const oldest = this.#kept.keys().next();
    if (!oldest.done) this.#kept.delete(oldest.value);
  }
}
