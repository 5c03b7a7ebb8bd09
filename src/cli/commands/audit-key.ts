import { existsSync } from "node:fs";
import type { Command } from "commander";
import { configOption, describe, jsonOption } from "../command.ts";
import { misuse } from "../failure.ts";
import { configurationOf } from "../ledger.ts";
import { print, printJson, tell } from "../terminal.ts";

interface Options {
  readonly config: string;
  readonly file?: string;
  readonly json?: boolean;
}

/** `postern audit key`: the key that signs checkpoints. */
export function auditKeyCommand(): Command {
  return describe(
    "key",
    "show the public half of the key that signs checkpoints; make the key when there is none",
    ["postern audit key --file audit.key > audit.pub", "postern audit key --file audit.key --json"],
  )
    .option("--file <file>", "the private key; without it audit.signingKey of the configuration")
    .addOption(configOption())
    .addOption(jsonOption())
    .action(showKey);
}

async function showKey({ config, file: named, json }: Options): Promise<void> {
  const file = named ?? (await configurationOf(config)).audit?.signingKey;
  if (file === undefined) throw misuse("the configuration has no audit.signingKey; set it, or give --file");
  const { makeSigningKey, openSigningKey, publicPem } = await import("../../daemon/offline-audit.ts");
  const isNew = !existsSync(file);
  const signer = isNew ? makeSigningKey(file) : openSigningKey(file);
  if (json) printJson({ file, made: isNew, key: signer.id, publicKey: publicPem(signer) });
  else print(publicPem(signer).trimEnd());
  if (isNew) tell(`made ${file}; give its public half to whoever verifies, and keep it away from the ledger`);
}
