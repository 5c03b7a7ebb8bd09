/**
 * What the command line answers without a running daemon: whether a configuration would work, why a token is taken or
 * not, and all about keys and tokens. It uses the same rooms as the daemon, and opens no door.
 */
import type { Explanation } from "../access/admit.ts";
import { Access } from "../access/admit.ts";
import { Attempts } from "../access/attempts.ts";
import type { Credential } from "../access/identify.ts";
import { Naming } from "../access/naming.ts";
import { PolicyInForce } from "../access/policy-in-force.ts";
import { systemClock } from "../base/clock.ts";
import { messageOf } from "../base/error.ts";
import type { Event, Observe } from "../base/event.ts";
import { parseDatabaseName, parseRoleName } from "../base/ids.ts";
import { Secret } from "../base/secret.ts";
import { faultText } from "../config/errors.ts";
import type { ClusterConfig, Config, IssuerConfig } from "../config/schema.ts";
import { installedPrograms } from "../embedded/installed.ts";
import { inspectToken } from "../identity/inspect.ts";
import { createVerifier } from "../identity/token-verifier.ts";
import type { Verifier } from "../identity/verifier.ts";
import type { Wish } from "../policy/decision.ts";
import { Sessions } from "../sessions/registry.ts";
import { loadCertificate } from "../wire/certificate.ts";
import { askedCluster } from "./asked-cluster.ts";
import { readPolicyFiles } from "./policy-files.ts";

export { inspectToken } from "../identity/inspect.ts";
export { mintToken, newKeyPair, publicJwk } from "../identity/mint.ts";

/** What would keep the daemon from working with a configuration that is right in itself. */
export async function checkParts(config: Config, fetchKeys: boolean): Promise<readonly string[]> {
  return [
    ...certificateProblems(config),
    ...policyProblems(config),
    ...storeProblems(config),
    ...(await keyProblems(config, fetchKeys)),
  ];
}

function policyProblems({ policy }: Config): string[] {
  const read = readPolicyFiles(policy.files);
  return read.kind === "faults" ? read.faults.map(faultText) : [];
}

function storeProblems({ store }: Config): string[] {
  const found = store?.embedded === undefined ? undefined : installedPrograms();
  return found?.kind === "missing" ? [`store.embedded: ${found.message}`] : [];
}

function certificateProblems(config: Config): string[] {
  const tls = config.doors.postgres?.tls;
  if (tls === undefined) return [];
  try {
    loadCertificate(tls);
    return [];
  } catch (error) {
    return [`doors.postgres.tls: ${messageOf(error)}`];
  }
}

async function keyProblems(config: Config, fetchKeys: boolean): Promise<readonly string[]> {
  const local = ({ keys }: IssuerConfig) => keys.jwksUrl === undefined && keys.discovery !== true;
  const issuers = fetchKeys ? config.issuers : config.issuers.filter(local);
  const problems: string[] = [];
  try {
    await withVerifier(
      issuers,
      (event) => problems.push(...keyProblem(event)),
      async () => {},
    );
  } catch (error) {
    problems.push(...messageOf(error).split("\n"));
  }
  return problems;
}

function keyProblem(event: Event): string[] {
  if (event.event !== "keys.failed.v1") return [];
  return [`issuer "${event.issuer}": ${event.detail}; correct its keys`];
}

async function withVerifier<T>(
  issuers: readonly IssuerConfig[],
  observe: Observe,
  use: (verifier: Verifier) => Promise<T>,
): Promise<T> {
  const verifier = createVerifier(issuers, { clock: systemClock, observe });
  try {
    await verifier.start();
    return await use(verifier);
  } finally {
    verifier.close();
  }
}

/** A configuration in one line. */
export function summarize({ issuers, clusters, doors }: Config): string {
  const open = [
    ...(doors.postgres === undefined ? [] : [`wire door on ${placeOf(doors.postgres)}`]),
    ...(doors.rest === undefined ? [] : [`REST door on ${placeOf(doors.rest)}`]),
    ...(doors.pam === undefined ? [] : [`PAM door on ${doors.pam.unixSocket.path}`]),
  ];
  const parts = [count(issuers.length, "issuer"), count(clusters.length, "cluster"), ...open];
  return [...parts, ...(open.length === 0 ? ["no door"] : [])].join(", ");
}

interface Place {
  readonly host: string;
  readonly port: number;
  readonly unixSocket?: { readonly path: string } | undefined;
}

function placeOf({ host, port, unixSocket }: Place): string {
  return unixSocket?.path ?? `${host === "" ? "*" : host}:${port}`;
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}

/** A login to be explained. What is left out is what a client gets that does not say it either. */
export interface Question {
  /** None: what a request without a token may. */
  readonly token: string | undefined;
  readonly door: "postgres" | "rest";
  readonly cluster: string | undefined;
  readonly database: string | undefined;
  readonly role: string | undefined;
  readonly replication: boolean;
}

export type Answer =
  | {
      readonly kind: "explained";
      readonly wish: {
        readonly cluster: string;
        readonly database: string;
        /** The role that was asked for, or else the one that was permitted. */
        readonly role: string | undefined;
      };
      readonly steps: Explanation["steps"];
      readonly allowed: boolean;
      readonly code: Explanation["code"];
      /** Why not, in words; empty when it is allowed. */
      readonly message: string;
    }
  | { readonly kind: "unanswerable"; readonly message: string };

/** Runs the decision about a login with its working shown. It admits nobody and opens no connection. */
export async function explainToken(config: Config, question: Question): Promise<Answer> {
  const wish = wishOf(config, question);
  if (typeof wish === "string") return { kind: "unanswerable", message: wish };
  const written = readPolicyFiles(config.policy.files);
  if (written.kind === "faults")
    return { kind: "unanswerable", message: written.faults.map(faultText).join("; ") };
  const observe = () => {};
  return withVerifier(config.issuers, observe, async (verifier) => {
    const parts = { verifier, sessions: new Sessions(systemClock), attempts: new Attempts(systemClock) };
    const policy = new PolicyInForce(written.entries);
    const naming = new Naming(config.issuers);
    const access = new Access({
      ...parts,
      policy,
      naming,
      limits: config.limits,
      clock: systemClock,
      observe,
    });
    const { steps, allowed, code, role } = await access.explain(credentialOf(question), wish);
    const failed = steps.findLast((step) => !step.passed);
    const { cluster, database } = wish;
    const named = { cluster: cluster.name, database, role: wish.role ?? role };
    return { kind: "explained", wish: named, steps, allowed, code, message: failed?.saw ?? "" };
  });
}

function credentialOf({ token }: Question): Credential {
  return token === undefined ? { kind: "anonymous" } : { kind: "token", token: new Secret(token) };
}

type PlacedWish = Wish & { readonly cluster: ClusterConfig };

const PEER = { address: "127.0.0.1", port: 0, tls: true };

/** The wish that a question stands for, or why there is none. */
function wishOf(config: Config, question: Question): PlacedWish | string {
  return question.door === "rest" ? restWishOf(config, question) : postgresWishOf(config, question);
}

/** A request of the REST door: its settings name cluster and database, and policy chooses the role. */
function restWishOf(config: Config, question: Question): PlacedWish | string {
  const door = config.doors.rest;
  if (door === undefined) return "there is no REST door in the configuration; add doors.rest";
  const cluster = clusterOf(config, question.cluster ?? door.cluster);
  if (typeof cluster === "string") return cluster;
  const database = parseDatabaseName(question.database ?? door.database);
  if (database === undefined) return BAD_DATABASE;
  const role = question.role === undefined ? undefined : parseRoleName(question.role);
  if (question.role !== undefined && role === undefined) return BAD_ROLE;
  return { cluster, database, role, door: "rest", peer: PEER, replication: false };
}

const BAD_ROLE = "the role is no name that PostgreSQL can hold; give 1 to 63 bytes without NUL";
const BAD_DATABASE = "the database is no name that PostgreSQL can hold; give 1 to 63 bytes without NUL";

function postgresWishOf(config: Config, question: Question): PlacedWish | string {
  const cluster = clusterOf(config, question.cluster);
  if (typeof cluster === "string") return cluster;
  const roleText = question.role ?? firstRole(question.token ?? "", cluster);
  if (roleText === undefined) return "nothing says which role could be tried; give --role";
  const role = parseRoleName(roleText);
  const database = parseDatabaseName(question.database ?? roleText);
  if (role === undefined) return BAD_ROLE;
  if (database === undefined) return BAD_DATABASE;
  return { cluster, database, role, door: "postgres", peer: PEER, replication: question.replication };
}

function clusterOf(config: Config, name: string | undefined): ClusterConfig | string {
  const found = askedCluster(config, name);
  if (found !== undefined) return found;
  const wanted = name ?? config.doors.postgres?.defaultCluster;
  const names = config.clusters.map((cluster) => cluster.name).join(", ");
  if (wanted === undefined) return `there are several clusters; give --cluster: ${names}`;
  return `there is no cluster "${wanted}"; it can be ${names}`;
}

/** The first role that a token names, believed only as far as it takes to ask the question. */
function firstRole(token: string, { decide }: ClusterConfig): string | undefined {
  if (decide.mode !== "token") return undefined;
  const content = inspectToken(token);
  // A token that cannot be read gets a role all the same: the explanation is about the token.
  if (content.verified === "malformed") return "unknown";
  const value = decide.roleClaim.select(content.claims).flat()[0];
  if (typeof value !== "string" || decide.roleMapping === undefined)
    return typeof value === "string" ? value : "unknown";
  return decide.roleMapping[value]?.[0] ?? "unknown";
}
