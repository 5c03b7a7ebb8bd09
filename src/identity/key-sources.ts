/** Opens the key sources that an issuer's configuration names, and finds every fault in it that can be found now. */
import type { Clock } from "../base/clock.ts";
import { PosternError } from "../base/error.ts";
import type { Observe } from "../base/event.ts";
import { Secret } from "../base/secret.ts";
import type { IssuerConfig } from "../config/schema.ts";
import { identityErrors } from "./errors.ts";
import { importJwks } from "./jwks.ts";
import type { ImportedKey, VerificationKey } from "./key.ts";
import { importPem, importSecret } from "./key-import.ts";
import { fixedSource, type KeySource } from "./key-source.ts";

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
  const faults: string[] = [...nameFaults(configs)];
  const opened = configs.map((config) => ({ config, sources: openIssuer(config, parts, faults) }));
  if (faults.length > 0) throw new IdentityConfigError(faults);
  return opened;
}

/** Names are halves of identities' keys: none may stand for two issuers. */
function nameFaults(configs: readonly IssuerConfig[]): readonly string[] {
  return configs.flatMap(({ name, issuer }, index) => {
    if (configs.findIndex((other) => other.name === name) !== index)
      return [`issuers: "${name}" is there twice; names must differ`];
    const namesake = configs.find((other) => other.name === issuer && other.issuer === undefined);
    return namesake === undefined
      ? []
      : [
          `issuers: "${name}" has \`issuer: ${issuer}\`, which is the name of another issuer; rename that one`,
        ];
  });
}

function openIssuer(config: IssuerConfig, _parts: SourceParts, faults: string[]): readonly KeySource[] {
  const { keys } = config;
  const at = (where: string) => (fault: string) =>
    faults.push(`issuer "${config.name}", keys.${where}: ${fault}`);
  const fixed: VerificationKey[] = [];
  const take = (where: string, imported: ImportedKey) => {
    if ("fault" in imported) at(where)(imported.fault);
    else fixed.push(imported);
  };
  for (const [index, pem] of (keys.pem ?? []).entries()) take(`pem[${index}]`, importPem(pem));
  if (keys.jwks !== undefined) {
    const set = importJwks(keys.jwks);
    for (const fault of set.faults) at("jwks")(fault);
    fixed.push(...set.keys);
  }
  if (keys.secret instanceof Secret) take("secret", importSecret(keys.secret.reveal()));
  return fixed.length > 0 ? [fixedSource(fixed)] : [];
}
