import { execFile, spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import type { TestContext } from "node:test";
import { stringify } from "yaml";
import { signCheckpoint } from "../../src/audit/ledger/checkpoint.ts";
import { emptyChain, newChain, sealEvent } from "../../src/audit/ledger/record.ts";
import { publicPem } from "../../src/audit/ledger/signing-key.ts";
import { mintToken, newKeyPair } from "../../src/identity/mint.ts";
import { directoryWith } from "./config-files.ts";
import { newSigner } from "./ledger.ts";

const BIN = resolve(import.meta.dirname, "../../bin");

/** Longer than any of these commands takes on a busy machine: one that hangs should fail the test, not stop it. */
const COMMAND_MS = 120_000;

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

type Variables = Readonly<Record<string, string>>;

function optionsOf(cwd: string, env: Variables) {
  const path = `${BIN}${delimiter}${process.env["PATH"] ?? ""}`;
  return {
    cwd,
    env: { ...process.env, POSTERN_TOKEN: undefined, PATH: path, ...env },
    encoding: "utf8",
    timeout: COMMAND_MS,
  } as const;
}

const SHELL = ["-o", "pipefail", "-c"] as const;

/** Runs a line of shell in which `postern` is this checkout's. */
export function shell(line: string, cwd: string, env: Variables = {}): Ran {
  const result = spawnSync("bash", [...SHELL, line], optionsOf(cwd, env));
  return { code: result.status, stdout: result.stdout, stderr: result.stderr };
}

/** The same while this process goes on, to answer what the command asks. */
export function shellMeanwhile(line: string, cwd: string, env: Variables = {}): Promise<Ran> {
  return new Promise((resolve) => {
    execFile("bash", [...SHELL, line], optionsOf(cwd, env), (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === "number" ? error.code : null;
      resolve({ code, stdout, stderr });
    });
  });
}

/** A directory as the examples of the help assume it: a configuration, a key pair and a token. */
export function exampleDirectory(t: TestContext): string {
  const { privatePem, publicPem } = newKeyPair("EdDSA");
  const configuration = {
    doors: { postgres: { port: 0 } },
    issuers: [{ name: "jobs", keys: { pem: [publicPem] } }],
    clusters: [
      {
        name: "main",
        hosts: [{ host: "127.0.0.1", port: 1 }],
        tls: { mode: "disable" },
        login: { method: "trust" },
      },
    ],
  };
  const now = Math.floor(Date.now() / 1000);
  return directoryWith(t, {
    "postern.yaml": stringify(configuration),
    "postgrest.conf": POSTGREST,
    "jobs.key": privatePem,
    "jobs.pub": publicPem,
    ...exampleLedger(),
    "app.token": `${mintToken(privatePem, { sub: "app", iat: now, exp: now + 600 })}\n`,
  });
}

/** A ledger of a few records, its checkpoint and the key to that. */
function exampleLedger(): Readonly<Record<string, string>> {
  const signer = newSigner();
  const now = Date.now();
  const begun = sealEvent({ event: "ledger.begun.v1", after: undefined }, now, emptyChain(newChain("gw1")));
  const loaded = sealEvent({ event: "config.loaded.v1", source: "postern.yaml" }, now, begun);
  const { node, seq, hash } = loaded;
  const state = { node, seq, hash, time: new Date(now).toISOString() };
  const signed = signCheckpoint(state, signer.privateKey, signer.id);
  const checkpoint = sealEvent({ event: "ledger.checkpoint.v1", ...signed }, now, loaded);
  return {
    "audit.jsonl": [begun, loaded, checkpoint].map(({ line }) => `${line}\n`).join(""),
    "audit.pub": publicPem(signer),
    "held-elsewhere.jsonl": `${JSON.stringify(signed)}\n`,
  };
}

/** PostgREST's settings for a server that is not there. */
const POSTGREST = `db-uri = "postgres://authenticator@127.0.0.1:1/app?sslmode=disable"
db-anon-role = "anon"
server-host = "127.0.0.1"
server-port = 0
`;

/** A file of the directory. */
export function readIn(directory: string, name: string): string {
  return readFileSync(join(directory, name), "utf8");
}

/** Writes a file of the directory. */
export function writeIn(directory: string, name: string, text: string): void {
  writeFileSync(join(directory, name), text);
}
