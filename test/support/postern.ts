import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import type { TestContext } from "node:test";
import { stringify } from "yaml";
import { mintToken, newKeyPair } from "../../src/identity/mint.ts";
import { directoryWith } from "./config-files.ts";

const BIN = resolve(import.meta.dirname, "../../bin");

/** Longer than any of these commands takes on a busy machine: one that hangs should fail the test, not stop it. */
const COMMAND_MS = 30_000;

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a line of shell in which `postern` is this checkout's. */
export function shell(line: string, cwd: string, env: Readonly<Record<string, string>> = {}): Ran {
  const result = spawnSync("bash", ["-o", "pipefail", "-c", line], {
    cwd,
    env: {
      ...process.env,
      POSTERN_TOKEN: undefined,
      PATH: `${BIN}${delimiter}${process.env["PATH"] ?? ""}`,
      ...env,
    },
    encoding: "utf8",
    timeout: COMMAND_MS,
  });
  return { code: result.status, stdout: result.stdout, stderr: result.stderr };
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
    "jobs.key": privatePem,
    "jobs.pub": publicPem,
    "app.token": `${mintToken(privatePem, { sub: "app", iat: now, exp: now + 600 })}\n`,
  });
}

/** A file of the directory. */
export function readIn(directory: string, name: string): string {
  return readFileSync(join(directory, name), "utf8");
}

/** Writes a file of the directory. */
export function writeIn(directory: string, name: string, text: string): void {
  writeFileSync(join(directory, name), text);
}
