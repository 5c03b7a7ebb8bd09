import { isSecretAlgorithm, SECRET_ALGORITHMS, SECRET_BYTES, USUAL_SECRET_ALGORITHM } from "../algorithms.ts";
import type { Path } from "../errors.ts";
import { issuerIdentifier } from "../issuer-identifier.ts";
import type { Findings } from "../prepare.ts";
import type { IssuerConfig } from "../schema.ts";
import { secretBytes } from "../secret-bytes.ts";
import { isLoopback } from "./loopback.ts";
import type { Parts, Placed } from "./parts.ts";
import { checkUnique, eachRepeated } from "./parts.ts";

/** What the schema cannot see of issuers: which keys go with which algorithms, and how issuers go together. */
export function checkIssuers(parts: Parts, findings: Findings): void {
  for (const { index, config } of parts.issuers) {
    const base = ["issuers", index];
    checkSources(config, base, findings);
    checkSecret(config, base, findings);
    checkUrls(config, base, findings);
  }
  checkAny(parts, findings);
  checkUnique("issuers", parts.issuerNames, findings);
  checkSeparate(parts.issuers, findings);
  checkNames(parts, findings);
}

/**
 * Without an issuer nobody can prove who they are, which makes sense only where nobody has to, or where the database
 * may still name one: until then every request is refused.
 */
function checkAny({ issuerNames, clusters, restDoor }: Parts, findings: Findings): void {
  const modes = clusters.map(({ config: { decide } }) => decide);
  const anonymous = modes.some((decide) => decide.mode === "token" && decide.anonymousRole !== undefined);
  const enough = restDoor !== undefined && (anonymous || restDoor.inDatabaseConfig);
  if (modes.length > 0 && modes.every(({ mode }) => mode === "remote")) return; // an API knows its users itself
  if (issuerNames.length === 0 && !enough) findings.fault(["issuers"], "is missing; list who signs tokens");
}

const PUBLIC_SOURCES = ["pem", "pemFiles", "jwks", "jwksFile", "jwksUrl", "discovery"] as const;

function publicSources({ keys }: IssuerConfig): string[] {
  return PUBLIC_SOURCES.filter((source) => {
    const value = keys[source];
    return Array.isArray(value) ? value.length > 0 : value !== undefined && value !== false;
  });
}

function checkSources(issuer: IssuerConfig, base: Path, findings: Findings): void {
  if (issuer.keys.secret === undefined && publicSources(issuer).length === 0)
    findings.fault(
      [...base, "keys"],
      `has no source of keys; give one of ${PUBLIC_SOURCES.join(", ")} or secret`,
    );
}

/** One secret both makes and verifies tokens. Mixed with public keys it invites algorithm confusion, so it stays alone. */
function checkSecret(issuer: IssuerConfig, base: Path, findings: Findings): void {
  const { secret } = issuer.keys;
  const { algorithms = [USUAL_SECRET_ALGORITHM] } = issuer;
  if (secret === undefined) {
    const lonely = issuer.algorithms?.find(isSecretAlgorithm);
    if (lonely !== undefined)
      findings.fault(
        [...base, "algorithms"],
        `${lonely} needs a shared secret; give keys.secret or remove ${lonely}`,
      );
    return;
  }
  const least = Math.max(...algorithms.filter(isSecretAlgorithm).map((name) => SECRET_BYTES[name]));
  const bytes = secretBytes(secret, issuer.keys.secretEncoding);
  if (bytes === undefined)
    findings.fault([...base, "keys", "secret"], "is not base64; correct it, or secretEncoding");
  else if (bytes.length < least)
    findings.fault(
      [...base, "keys", "secret"],
      `is shorter than ${least} bytes; make one with "openssl rand -base64 ${least + 16}"`,
    );
  const others = publicSources(issuer);
  if (others.length > 0)
    findings.fault(
      [...base, "keys", "secret"],
      `stands beside ${others.join(", ")}; a shared secret must be alone: write a second issuer`,
    );
  if (!algorithms.every(isSecretAlgorithm))
    findings.fault(
      [...base, "algorithms"],
      `a shared secret permits ${SECRET_ALGORITHMS.join(", ")} only; remove the other algorithms`,
    );
}

/** Whoever can change the keys on their way is everybody: plain HTTP is for this machine only. */
function checkUrls(issuer: IssuerConfig, base: Path, findings: Findings): void {
  const { jwksUrl, discovery } = issuer.keys;
  if (jwksUrl !== undefined) checkUrl(jwksUrl, [...base, "keys", "jwksUrl"], findings);
  if (discovery !== true) return;
  if (issuer.issuer === undefined)
    findings.fault([...base, "keys", "discovery"], "needs the issuer's URL; set issuer beside keys");
  else checkUrl(issuer.issuer, [...base, "issuer"], findings);
}

function checkUrl(text: string, path: Path, findings: Findings): void {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol))
    findings.fault(path, "must be an https:// URL, because keys are fetched from it; write it whole");
  else if (url.protocol === "http:" && !isLoopback(url.hostname))
    findings.fault(
      path,
      "fetches keys over plain HTTP, where anyone on the way can replace them; use https://",
    );
  else if (url.username !== "" || url.password !== "")
    findings.fault(
      path,
      "has a user or a password; remove them, and use fetch.bearerFile if the server wants a token",
    );
}

/** Identities are `<issuer>:<sub>`: two issuers must never be able to make the same one. */
function checkSeparate(issuers: readonly Placed<IssuerConfig>[], findings: Findings): void {
  eachRepeated(
    issuers,
    ({ config }) => config.issuer,
    ({ index }) =>
      findings.fault(
        ["issuers", index, "issuer"],
        "is the same as of an issuer above; put the keys of both into one",
      ),
  );
  for (const { index, config } of issuers) {
    const mine = issuerIdentifier(config);
    const other = issuers.find(
      (one) =>
        one.index !== index &&
        clashes(mine, issuerIdentifier(one.config), one.config.issuer !== config.issuer),
    );
    if (other !== undefined)
      findings.fault(
        ["issuers", index, config.issuer === undefined ? "name" : "issuer"],
        `could make the same identities as issuer "${other.config.name}", which are issuer:sub; choose another name`,
      );
  }
}

function clashes(mine: string, other: string, distinct: boolean): boolean {
  return (distinct && mine === other) || mine.startsWith(`${other}:`);
}

/** What two issuers may call people alike, so that policy takes two for one. Some want that, so it is no fault. */
function alike(
  a: IssuerConfig,
  b: IssuerConfig,
): { readonly names: string; readonly remedy: string } | undefined {
  if (a.kubernetes && b.kubernetes)
    return { names: "service accounts (system:serviceaccount:…)", remedy: "decide.issuers" };
  if (a.trustUsernames && b.trustUsernames && a.usernamePrefix === b.usernamePrefix)
    return { names: "usernames", remedy: "usernamePrefix, or by decide.issuers" };
  return undefined;
}

/** Where policy decides, two issuers that a cluster trusts share the names that each of them gives. */
function checkNames({ issuers, clusters }: Parts, findings: Findings): void {
  for (const [at, { index, config }] of issuers.entries())
    for (const { config: other } of issuers.slice(0, at)) {
      const shared = alike(config, other);
      const both = [config.name, other.name];
      const cluster = clusters.find(({ config: { decide } }) => {
        if (decide.mode !== "rbac") return false;
        return both.every((name) => decide.issuers?.includes(name) !== false);
      });
      if (shared === undefined || cluster === undefined) continue;
      findings.warn(
        ["issuers", index],
        `gives the same ${shared.names} as issuer "${other.name}", and whoever has such a name at either is one to the policy of cluster "${cluster.config.name}"; keep them apart by ${shared.remedy}`,
      );
    }
}
