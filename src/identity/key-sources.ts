/** Opens the key sources that an issuer's configuration names, and finds every fault in it that can be found now. */

import type { Clock } from "../base/clock.ts";
import { PosternError } from "../base/error.ts";
import type { Observe } from "../base/event.ts";
import type { Secret } from "../base/secret.ts";
import { isSecretAlgorithm } from "../config/algorithms.ts";
import type { IssuerConfig } from "../config/schema.ts";
import { secretBytes } from "../config/secret-bytes.ts";
import { identityErrors } from "./errors.ts";
import { FileSource, type KeyFileFormat } from "./file-source.ts";
import { importJwks } from "./jwks.ts";
import { fetchByDiscovery, fetchFromUrl } from "./jwks-fetch.ts";
import type { ImportedKey, VerificationKey } from "./key.ts";
import { importPem, importSecret } from "./key-import.ts";
import { fixedSource, type KeySource } from "./key-source.ts";
import { type KeyFetch, RefreshedSource } from "./refreshed-source.ts";
import type { SharedSources } from "./shared-sources.ts";

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
  /** Sources that are open already, of a configuration before this one. */
  readonly shared: SharedSources;
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
  if (faults.length === 0) return opened;
  for (const source of opened.flatMap(({ sources }) => sources)) source.close();
  throw new IdentityConfigError(faults);
}

function openIssuer(config: IssuerConfig, parts: SourceParts, faults: string[]): readonly KeySource[] {
  const report = (where: string, fault: string) => {
    faults.push(`issuer "${config.name}", ${where}: ${fault}`);
  };
  const fixed = fixedKeys(config, report);
  return [
    ...(fixed.length > 0 ? [fixedSource(fixed)] : []),
    ...keyFiles(config.keys).map((file) => openFile(config.name, file, parts)),
    ...fetches(config, parts.clock, report).map((fetch) => openFetch(config, fetch, parts)),
  ];
}

function openFile(issuer: string, file: KeyFile, { shared, changed, ...parts }: SourceParts): KeySource {
  const description = JSON.stringify([issuer, file.format, file.path]);
  return shared.share(
    description,
    changed,
    (told) => new FileSource({ issuer, ...file, ...parts, changed: told }),
  );
}

function openFetch(
  { name: issuer, fetch: rules }: IssuerConfig,
  { from, fetch }: Fetching,
  { shared, changed, ...parts }: SourceParts,
): KeySource {
  const { maxStale } = rules;
  const description = JSON.stringify([issuer, from, rules]);
  return shared.share(
    description,
    changed,
    (told) => new RefreshedSource({ issuer, fetch, maxStale, ...parts, changed: told }),
  );
}

type Report = (where: string, fault: string) => void;

/** Keys that are written in the configuration. Here, a key that cannot be used is a mistake and not skipped. */
function fixedKeys(
  { keys: { pem = [], jwks, secret, secretEncoding }, algorithms }: IssuerConfig,
  report: Report,
) {
  const imported: [string, ImportedKey][] = pem.map((text, index) => [`keys.pem[${index}]`, importPem(text)]);
  if (secret !== undefined)
    imported.push(["keys.secret", importedSecret(secret, secretEncoding, algorithms)]);
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

function importedSecret(
  secret: Secret,
  encoding: IssuerConfig["keys"]["secretEncoding"],
  algorithms: IssuerConfig["algorithms"],
): ImportedKey {
  const bytes = secretBytes(secret, encoding);
  return bytes === undefined
    ? { fault: "a secret that is not base64" }
    : importSecret(bytes, algorithms?.filter(isSecretAlgorithm));
}

interface KeyFile {
  readonly path: string;
  readonly format: KeyFileFormat;
}

function keyFiles({ pemFiles = [], jwksFile }: IssuerConfig["keys"]): readonly KeyFile[] {
  const files: KeyFile[] = pemFiles.map((path) => ({ path, format: "pem" }));
  if (jwksFile !== undefined) files.push({ path: jwksFile, format: "jwks" });
  return files;
}

interface Fetching {
  /** What the fetch starts from. */
  readonly from: readonly ["jwks" | "discovery", url: string];
  readonly fetch: KeyFetch;
}

function fetches({ issuer, keys, fetch }: IssuerConfig, clock: Clock, report: Report): readonly Fetching[] {
  const found: Fetching[] = [];
  const { jwksUrl } = keys;
  if (jwksUrl !== undefined)
    found.push({ from: ["jwks", jwksUrl], fetch: fetchFromUrl(new URL(jwksUrl), fetch, clock) });
  if (keys.discovery !== true) return found;
  if (issuer !== undefined && URL.canParse(issuer))
    return [...found, { from: ["discovery", issuer], fetch: fetchByDiscovery(issuer, fetch, clock) }];
  report("keys.discovery", "discovery needs `issuer`, and it must be a URL");
  return found;
}
