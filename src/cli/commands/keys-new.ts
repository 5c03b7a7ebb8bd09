import { writeFileSync } from "node:fs";
import type { Command } from "commander";
import { Option } from "commander";
import { describe, jsonOption } from "../command.ts";
import { Failure } from "../failure.ts";
import { print, printJson, tell } from "../terminal.ts";

/** As src/identity/mint.ts makes them; written here so that the help needs no cryptography. */
const ALGORITHMS = ["EdDSA", "ES256", "RS256"] as const;

interface Options {
  readonly algorithm: (typeof ALGORITHMS)[number];
  readonly out?: string;
  readonly json?: boolean;
}

/** `postern keys new`: a key pair to sign tokens with. */
export function keysNewCommand(): Command {
  return describe("new", "make a key pair that signs tokens", [
    "postern keys new --out reports",
    "postern keys new --algorithm ES256 --json",
  ])
    .addOption(new Option("--algorithm <name>", "what it signs with").choices(ALGORITHMS).default("EdDSA"))
    .option("--out <name>", "write <name>.key (only for its owner) and <name>.pub instead of printing")
    .addOption(jsonOption())
    .action(makeKeys);
}

async function makeKeys({ algorithm, out, json }: Options): Promise<void> {
  const { newKeyPair } = await import("../../daemon/offline.ts");
  const { privatePem, publicPem } = newKeyPair(algorithm);
  if (out === undefined) {
    if (json) printJson({ algorithm, privateKey: privatePem, publicKey: publicPem });
    else print(`${privatePem}${publicPem}`.trimEnd());
    return;
  }
  const [privateFile, publicFile] = [`${out}.key`, `${out}.pub`];
  writeNew(privateFile, privatePem, 0o600);
  writeNew(publicFile, publicPem, 0o644);
  if (json) printJson({ algorithm, privateFile, publicFile });
  else
    tell(
      `wrote ${privateFile} (keep it secret) and ${publicFile}; name ${publicFile} in keys.pemFiles of an issuer`,
    );
}

/** Never over a file that is there: it may be the only copy of a key. */
function writeNew(file: string, text: string, mode: number): void {
  try {
    writeFileSync(file, text, { mode, flag: "wx" });
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown";
    const advice =
      code === "EEXIST"
        ? "exists already; choose another --out"
        : `cannot be written (${code}); choose another --out`;
    throw new Failure(`"${file}" ${advice}`, 1, { cause: error });
  }
}
