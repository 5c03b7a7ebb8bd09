/** Opens the key sources that an issuer's configuration names, and finds every fault in it that can be found now. */
import type { Clock } from "../base/clock.ts";
import { PosternError } from "../base/error.ts";
import type { Observe } from "../base/event.ts";
import type { IssuerConfig } from "../config/schema.ts";
import { identityErrors } from "./errors.ts";
import { FileSource, type KeyFileFormat } from "./file-source.ts";
import { importJwks } from "./jwks.ts";
import { fetchByDiscovery, fetchFromUrl } from "./jwks-fetch.ts";
import type { ImportedKey, VerificationKey } from "./key.ts";
import { importPem, importSecret } from "./key-import.ts";
import { fixedSource, type KeySource } from "./key-source.ts";
import { type KeyFetch, RefreshedSource } from "./refreshed-source.ts";

/** The configuration of the issuers cannot be used. `message` lists every fault. */
export class IdentityConfigError extends PosternError<"identity/configuration"> {
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super("identity/configuration", identityErrors["identity/configuration"], faults.join("\n"));
    this.faults = faults;
  }
}

/** What sources need from outside. */
export interface SourceParts {
  readonly clock: Clock;
  readonly observe: Observe;
  /** Called whenever the keys of any source have changed. */
  readonly changed: () => void;
}

interface OpenIssuer {
  readonly config: IssuerConfig;
  readonly sources: readonly KeySource[];
}

/** Opens every issuer's sources; nothing is read or fetched yet. */
export function openSources(configs: readonly IssuerConfig[], parts: SourceParts): readonly OpenIssuer[] {
  const faults: string[] = [];
  const opened = configs.map((config) => ({ config, sources: openIssuer(config, parts, faults) }));
  if (faults.length > 0) throw new IdentityConfigError(faults);
  return opened;
}

function openIssuer(config: IssuerConfig, parts: SourceParts, faults: string[]): readonly KeySource[] {
  const report = (where: string, fault: string) => {
    faults.push(`issuer "${config.name}", ${where}: ${fault}`);
  };
  const fixed = fixedKeys(config.keys, report);
  const sources = [
    ...(fixed.length > 0 ? [fixedSource(fixed)] : []),
    ...keyFiles(config.keys).map((file) => new FileSource({ issuer: config.name, ...file, ...parts })),
    ...fetches(config, parts.clock, report).map(
      (fetch) =>
        new RefreshedSource({ issuer: config.name, fetch, maxStale: config.fetch.maxStale, ...parts }),
    ),
  ];
  return sources;
}

type Report = (where: string, fault: string) => void;

/** Keys that are written in the configuration. Here, a key that cannot be used is a mistake and not skipped. */
function fixedKeys({ pem = [], jwks, secret }: IssuerConfig["keys"], report: Report) {
  const imported: [string, ImportedKey][] = pem.map((text, index) => [`keys.pem[${index}]`, importPem(text)]);
  if (secret !== undefined) imported.push(["keys.secret", importSecret(secret.reveal())]);
  const keys: VerificationKey[] = [];
  for (const [where, key] of imported) {
    if ("fault" in key) report(where, key.fault);
    else keys.push(key);
  }
  if (jwks === undefined) return keys;
  const set = importJwks(jwks);
  for (const fault of set.faults) report("keys.jwks", fault);
  return [...keys, ...set.keys];
}

function keyFiles({ pemFiles = [], jwksFile }: IssuerConfig["keys"]) {
  const files: { path: string; format: KeyFileFormat }[] = pemFiles.map((path) => ({ path, format: "pem" }));
  if (jwksFile !== undefined) files.push({ path: jwksFile, format: "jwks" });
  return files;
}

function fetches({ issuer, keys, fetch }: IssuerConfig, clock: Clock, report: Report): readonly KeyFetch[] {
  const found: KeyFetch[] = [];
  if (keys.jwksUrl !== undefined) found.push(fetchFromUrl(new URL(keys.jwksUrl), fetch, clock));
  if (keys.discovery !== true) return found;
  if (issuer !== undefined && URL.canParse(issuer)) return [...found, fetchByDiscovery(issuer, fetch, clock)];
  report("keys.discovery", "discovery needs `issuer`, and it must be a URL");
  return found;
}
