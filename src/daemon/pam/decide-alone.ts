/** Decides about a login without a running Postern, by the same path: a configuration of one cluster, asked once. */
import type { Outcome } from "../../access/admit.ts";
import { Access } from "../../access/admit.ts";
import { Attempts } from "../../access/attempts.ts";
import { Naming } from "../../access/naming.ts";
import { PolicyInForce } from "../../access/policy-in-force.ts";
import { systemClock } from "../../base/clock.ts";
import { credentialKind } from "../../base/credential-kind.ts";
import { newSessionId, parseDatabaseName } from "../../base/ids.ts";
import { Secret } from "../../base/secret.ts";
import { faultText } from "../../config/errors.ts";
import { loadConfig } from "../../config/load.ts";
import { ANY_DATABASE } from "../../config/schema/pam.ts";
import type { Config } from "../../config/schema.ts";
import { createVerifier } from "../../identity/token-verifier.ts";
import { Sessions } from "../../sessions/registry.ts";
import { checkPassword } from "../../upstream/password-check.ts";
import { readMappings } from "./mappings.ts";
import { noteLogin } from "./noted-login.ts";
import type { PamOptions } from "./options.ts";
import type { Surroundings } from "./surroundings.ts";
import { PAM, type PamVerdict } from "./verdict.ts";

/** For the whole check of a password: a server on the same machine answers at once. */
const PASSWORD_MS = 5000;

/** Lets a login in, or says why not. Never throws for what a client can send. */
export async function decideAlone(
  options: PamOptions,
  where: Surroundings,
  credential: string,
): Promise<PamVerdict> {
  const verdict =
    credentialKind(credential) === "password"
      ? await decideByPassword(options, where, credential)
      : await decideByToken(options, where, credential);
  if (verdict.code !== PAM.success) return verdict;
  noteLogin(options.state, where, verdict.until, systemClock.now());
  return verdict;
}

type Decided = PamVerdict & { readonly until?: number | undefined };

async function decideByPassword(
  { passwords }: PamOptions,
  { role }: Surroundings,
  credential: string,
): Promise<Decided> {
  if (passwords === undefined)
    return {
      code: PAM.authenticationError,
      why: "no token, and passwords are not taken: passwords= is not set",
    };
  const { host, port, database: name } = passwords;
  const database = parseDatabaseName(name);
  if (database === undefined)
    return { code: PAM.serviceError, why: "passwords= names no database that could be" };
  const address = { kind: "tcp", ip: host, port } as const;
  const question = { address, role, database, password: new Secret(credential), timeoutMs: PASSWORD_MS };
  const checked = await checkPassword(question, systemClock);
  switch (checked.kind) {
    case "right":
      return { code: PAM.success, why: "the password is right" };
    case "wrong":
      return { code: PAM.authenticationError, why: "the password is wrong" };
    case "unknown":
      return { code: PAM.informationUnavailable, why: `the password cannot be checked: ${checked.detail}` };
    default:
      return checked satisfies never;
  }
}

async function decideByToken(options: PamOptions, where: Surroundings, credential: string): Promise<Decided> {
  const config = configurationOf(options);
  if ("fault" in config) return { code: PAM.serviceError, why: config.fault };
  const parts = { clock: systemClock, observe: () => {} };
  const verifier = createVerifier(config.issuers, parts);
  const sessions = new Sessions(systemClock);
  const attempts = new Attempts(systemClock);
  const policy = new PolicyInForce([]);
  const naming = new Naming(config.issuers);
  const { limits } = config;
  const access = new Access({ ...parts, verifier, policy, naming, sessions, attempts, limits });
  try {
    await verifier.start();
    const { role, address } = where;
    const peer = { address, port: 0, tls: false };
    const [cluster] = config.clusters;
    const wish = { cluster, database: ANY_DATABASE, role, door: "pam", peer, replication: false } as const;
    const token = new Secret(credential);
    return verdictOf(await access.admit({ kind: "token", token }, wish, newSessionId()));
  } finally {
    access.close();
    verifier.close();
  }
}

function verdictOf(outcome: Outcome): Decided {
  if (outcome.kind === "denied") {
    const code = outcome.spec.http === 503 ? PAM.informationUnavailable : PAM.authenticationError;
    return { code, why: `${outcome.code} ${outcome.detail}` };
  }
  const { facts } = outcome.admission.session;
  outcome.admission.session.close();
  return { code: PAM.success, why: `${facts.username}, ${facts.rule}`, until: facts.until?.at };
}

/** The configuration that the arguments stand for. */
function configurationOf(options: PamOptions): Config | { readonly fault: string } {
  const { apiUrl, jwks } = options;
  if (apiUrl === undefined && jwks === undefined)
    return { fault: "tokens are not taken: neither apiUrl= nor jwks= is set" };
  const decide = apiUrl === undefined ? tokenDecision(options) : remoteDecision(apiUrl, options);
  if (decide.fault !== undefined) return { fault: decide.fault };
  const value = {
    issuers: jwks === undefined ? [] : [issuerOf(jwks, options)],
    clusters: [
      {
        name: "pam",
        hosts: [{ host: "localhost" }],
        login: { method: "trust" },
        privilegedRoles: "any",
        decide: decide.settings,
      },
    ],
  };
  const loaded = loadConfig({ env: {}, value, source: "arguments" });
  return loaded.kind === "ok" ? loaded.config : { fault: loaded.faults.map(faultText).join("; ") };
}

interface Decision {
  readonly fault?: string;
  readonly settings?: Readonly<Record<string, unknown>>;
}

function remoteDecision(url: string, { caFile }: PamOptions): Decision {
  const trust = caFile === undefined ? {} : { caFile };
  return { settings: { mode: "remote", url, cache: "0s", ...trust } };
}

/** `email` or `sub`, whichever the mappings have; a claim that they do not have gives nothing. */
function tokenDecision({ mappings = "" }: PamOptions): Decision {
  const read = readMappings(mappings);
  if ("fault" in read) return read;
  return { settings: { mode: "token", roleClaim: "$['email','sub']", roleMapping: read.roles } };
}

function issuerOf(jwks: string, { issuer, audience, caFile }: PamOptions) {
  return {
    name: "pam",
    keys: /^https?:/.test(jwks) ? { jwksUrl: jwks } : { jwksFile: jwks },
    ...(issuer === undefined ? {} : { issuer }),
    ...(audience === undefined ? {} : { audience: [audience] }),
    ...(caFile === undefined ? {} : { fetch: { caFile } }),
  };
}
