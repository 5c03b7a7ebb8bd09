/**
 * `npm start`: a whole Postern on one machine, for looking around. A real PostgreSQL with a small shop, the wire door
 * with TLS, the REST door, an issuer, and a token for each sample person. Everything is under one directory.
 */
import { createHash, randomBytes } from "node:crypto";
import { chmodSync, existsSync, lstatSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { messageOf } from "../base/error.ts";
import { faultText } from "../config/errors.ts";
import { loadConfig } from "../config/load.ts";
import type { Env } from "../config/overlay.ts";
import type { Open } from "../daemon/run.ts";
import { run } from "../daemon/run.ts";
import type { EmbeddedPostgres } from "../embedded/embedded-postgres.ts";
import { startEmbeddedPostgres } from "../embedded/embedded-postgres.ts";
import { installed } from "../embedded/place.ts";
import { reachableBy, unprivilegedAccount } from "../embedded/unprivileged.ts";
import { mintToken, newKeyPair } from "../identity/mint.ts";
import { createAuthority } from "./authority.ts";
import { AUDIENCE, configText, ISSUER } from "./configuration.ts";
import { guide } from "./guide.ts";
import { policyText, REQUESTER, requestOf } from "./just-in-time.ts";
import type { SampleIdentity } from "./sample.ts";
import { SAMPLE_IDENTITIES, sampleSql } from "./sample.ts";

export interface DemoOptions {
  /** Where everything is kept; absolute. */
  readonly directory: string;
  /** The wire door's port. */
  readonly port: number;
  /** The REST door's port. */
  readonly restPort: number;
  /** The control door's port. */
  readonly adminPort: number;
  readonly env: Env;
  /** Told each step in words. */
  readonly progress: (step: string) => void;
  /** Given the text that tells the user what to try. */
  readonly print: (text: string) => void;
}

/** How long the sample tokens last. */
const TOKEN_MS = 8 * 3_600_000;

/** Runs the demo until it is stopped. */
export async function runDemo(options: DemoOptions): Promise<void> {
  installed(); // or else nothing is left behind
  const files = filesIn(options.directory);
  mkdirSync(options.directory, { recursive: true, mode: 0o711 });
  const password = keptSecret(files.password);
  const server = await startServer(options, password);
  try {
    options.progress("making certificates, keys and tokens");
    await writeCertificates(files);
    const tokens = await writeTokens(files);
    keptSecret(files.tokenKey);
    writeFileSync(files.policy, policyText());
    writeFileSync(files.config, configText(options, files, server), { mode: 0o600 });
    options.progress("opening the doors");
    const load = () => loadConfig({ env: options.env, file: files.config });
    const onOpen = ({ addresses: { postgres, rest, control } }: Open) => {
      const admin = control?.port ?? options.adminPort;
      const ports = { postgres: postgres?.port ?? options.port, rest: rest?.port ?? options.restPort, admin };
      void requestOf(admin, readFileSync(files.token(REQUESTER), "utf8"))
        .catch((error: unknown) => options.progress(messageOf(error)))
        .then((request) => options.print(guide(ports, files, { ...tokens, request: request ?? "<id>" })));
    };
    const loaded = load();
    if (loaded.kind === "faults") throw new Error(loaded.faults.map(faultText).join("\n"));
    await run({ loaded, load, onOpen });
    options.progress("stopping PostgreSQL");
  } finally {
    await server.stop();
  }
}

export interface DemoFiles {
  readonly directory: string;
  readonly config: string;
  readonly password: string;
  /** The key of personal tokens' hashes. */
  readonly tokenKey: string;
  readonly policy: string;
  readonly ledger: string;
  /** The key that signs the ledger's checkpoints; made with the ledger. */
  readonly ledgerKey: string;
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
  readonly issuerKey: string;
  readonly issuerPublicKey: string;
  /** The file of a person's token. */
  readonly token: (name: string) => string;
}

function filesIn(directory: string): DemoFiles {
  // Shown to people, so as short as they can be from where they are.
  const file = (name: string) => relative(process.cwd(), join(directory, name)) || name;
  return {
    directory: file("."),
    config: file("postern.yaml"),
    password: file("database-password"),
    tokenKey: file("token-key"),
    policy: file("policy.yaml"),
    ledger: file("audit.jsonl"),
    ledgerKey: file("audit.key"),
    ca: file("ca.crt"),
    certificate: file("server.crt"),
    key: file("server.key"),
    issuerKey: file("issuer.key"),
    issuerPublicKey: file("issuer.pub"),
    token: (name) => file(`${name}.token`),
  };
}

function startServer(options: DemoOptions, password: string): Promise<EmbeddedPostgres> {
  const sql = sampleSql(password);
  return startEmbeddedPostgres({
    directory: serverDirectory(options.directory),
    hba: ["host all all 127.0.0.1/32 scram-sha-256"],
    setUp: [
      { database: "postgres", sql: sql.roles },
      { database: "shop", sql: sql.shop },
    ],
    progress: options.progress,
  });
}

/**
 * PostgreSQL does not run as root, and its user cannot enter root's private directories: then its files are kept in
 * a directory for temporary files, always the same one for the same demo.
 */
function serverDirectory(directory: string): string {
  const account = unprivilegedAccount();
  if (account.kind === "self" || reachableBy(account, directory)) return join(directory, "postgresql");
  const name = createHash("sha256").update(directory).digest("hex").slice(0, 16);
  const elsewhere = join(tmpdir(), `postern-demo-${name}`);
  claim(elsewhere, account.uid);
  return elsewhere;
}

/** Makes a directory where everybody may make one, or takes it when it is the server's own already. */
function claim(directory: string, owner: number): void {
  try {
    mkdirSync(directory, { mode: 0o700 });
  } catch (cause) {
    const found = lstatSync(directory, { throwIfNoEntry: false });
    if (found?.isDirectory() && found.uid === owner) return;
    throw new Error(`${directory} cannot be used; remove it, or choose another place with --directory`, {
      cause,
    });
  }
}

/** A random secret that is kept from one start to the next: the data directory knows it too. */
function keptSecret(file: string): string {
  if (!existsSync(file)) writeFileSync(file, randomBytes(24).toString("base64url"), { mode: 0o600 });
  return readFileSync(file, "utf8");
}

async function writeCertificates(files: DemoFiles): Promise<void> {
  const authority = await createAuthority("Postern demo CA");
  const server = await authority.server(["localhost", "127.0.0.1", "::1"]);
  writeFileSync(files.ca, authority.cert);
  writeFileSync(files.certificate, server.cert);
  writeFileSync(files.key, server.key, { mode: 0o600 });
}

/** Makes the issuer's key and a token for each person, and an expired one. Returns the name of the expired one. */
async function writeTokens(files: DemoFiles): Promise<{ readonly expired: string }> {
  const keys = newKeyPair("EdDSA");
  writeFileSync(files.issuerKey, keys.privatePem, { mode: 0o600 });
  chmodSync(files.issuerKey, 0o600);
  writeFileSync(files.issuerPublicKey, keys.publicPem);
  const now = Date.now();
  type Person = Pick<SampleIdentity, "name" | "roles" | "groups">;
  const write = (file: string, { name: sub, roles, groups }: Person, expiresAt: number) => {
    const claims = {
      iss: ISSUER,
      aud: AUDIENCE,
      sub,
      roles,
      groups,
      iat: seconds(now - TOKEN_MS),
      exp: seconds(expiresAt),
    };
    writeFileSync(files.token(file), mintToken(keys.privatePem, claims), { mode: 0o600 });
  };
  for (const person of SAMPLE_IDENTITIES) write(person.name, person, now + TOKEN_MS);
  write("expired", { name: "ada", roles: ["analyst"], groups: [] }, now - 60_000);
  return { expired: "expired" };
}

function seconds(ms: number): number {
  return Math.floor(ms / 1000);
}
