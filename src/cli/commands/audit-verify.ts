import type { KeyObject } from "node:crypto";
import { existsSync } from "node:fs";
import type { Command } from "commander";
import { printable } from "../../config/errors.ts";
import type { SignedCheckpoint, Verdict } from "../../daemon/offline-audit.ts";
import { configOption, describe, jsonOption } from "../command.ts";
import { Failure } from "../failure.ts";
import { readText } from "../input.ts";
import { configurationOf, ledgerOf, ledgerOption, progressTeller } from "../ledger.ts";
import { paint, print, printJson, tell } from "../terminal.ts";

interface Options {
  readonly config: string;
  readonly file?: string;
  readonly key: readonly string[];
  readonly checkpoint: readonly string[];
  readonly json?: boolean;
}

/** `postern audit verify`: whether the ledger is what was written. */
export function auditVerifyCommand(): Command {
  const several = (value: string, before: readonly string[]) => [...before, value];
  return describe("verify", "tell whether the ledger was edited, cut, reordered or written anew, and where", [
    "postern audit verify --file audit.jsonl --key audit.pub",
    "postern audit verify --file audit.jsonl --key audit.pub --checkpoint held-elsewhere.jsonl --json",
  ])
    .option("--key <file>", "the public key of the checkpoints; may be given again", several, [])
    .option(
      "--checkpoint <file>",
      "checkpoints that were held elsewhere, one JSON object a line; may be given again",
      several,
      [],
    )
    .addOption(ledgerOption())
    .addOption(configOption())
    .addOption(jsonOption())
    .action(verify);
}

async function verify(options: Options): Promise<void> {
  const source = await ledgerOf(options);
  const { verifyLedger } = await import("../../daemon/offline-audit.ts");
  const [keys, held] = [await keysOf(options), await heldIn(options.checkpoint)];
  const onProgress = progressTeller("lines read");
  const verdict = await verifyLedger(source.lines(), { keys, held, onProgress });
  const unseen = unseenBy(keys.length > 0, held.length > 0);
  if (options.json) printJson({ ...verdict, notes: [...verdict.notes, ...unseen] });
  else show(verdict, { signatures: keys.length > 0, outside: held.length > 0, unseen });
  const count = verdict.findings.length;
  if (count > 0)
    throw new Failure(
      `${source.name} is not what was written: ${count === 1 ? "1 finding" : `${count} findings`}; keep it as it is, and look at who could write to it`,
    );
  if (verdict.records === 0) throw new Failure(`${source.name} has no record; check the path`);
}

async function keysOf({ key: files, file, config }: Options): Promise<readonly KeyObject[]> {
  const { readPublicKey } = await import("../../daemon/offline-audit.ts");
  const configured = file === undefined ? (await configurationOf(config)).audit?.signingKey : undefined;
  const all = [...files, ...(configured !== undefined && existsSync(configured) ? [configured] : [])];
  return all.map((name) => {
    try {
      return readPublicKey(readText(name));
    } catch (error) {
      if (error instanceof Failure) throw error;
      throw new Failure(`"${name}" is no Ed25519 key in PEM; see "postern audit key"`, 1, { cause: error });
    }
  });
}

/** Checkpoints, or records of the ledger, that were sent elsewhere; the text of syslog may stand before them. */
async function heldIn(files: readonly string[]): Promise<readonly SignedCheckpoint[]> {
  const { readCheckpoint } = await import("../../daemon/offline-audit.ts");
  return files.flatMap((file) => {
    const lines = readText(file).split("\n");
    const held = lines.flatMap((line) => readCheckpoint(parsed(line.slice(line.indexOf("{")))) ?? []);
    if (held.length === 0)
      throw new Failure(`"${file}" holds no checkpoint; give lines with ledger.checkpoint.v1 records`);
    return held;
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What was not looked at, so that nobody takes the verdict for more than it is. */
function unseenBy(signatures: boolean, outside: boolean): readonly string[] {
  return [
    ...(signatures ? [] : ["signatures were not looked at; give --key"]),
    ...(outside ? [] : ["whether the end was cut off cannot be seen from inside; give --checkpoint"]),
  ];
}

interface Looked {
  readonly signatures: boolean;
  readonly outside: boolean;
  readonly unseen: readonly string[];
}

function show({ chains, findings, notes, ok }: Verdict, { signatures, outside, unseen }: Looked): void {
  for (const { node, first, last, signedTo, heldTo } of chains) {
    const signed = signatures ? `, signed to ${signedTo ?? "none"}` : "";
    const held = outside ? `, held elsewhere to ${heldTo ?? "none"}` : "";
    print(`${paint("bold", printable(node))}  records ${first} to ${last}${signed}${held}`);
  }
  for (const note of notes) tell(`note: ${note}`);
  for (const { node, where, what } of findings) {
    const place = where === undefined ? "" : `${where}: `;
    print(`${paint("red", "FAIL")}  ${printable(node)}  ${place}${printable(what)}`);
  }
  if (!ok) return;
  print(paint("green", "whole: nothing was edited, taken out, added or reordered"));
  for (const caveat of unseen) tell(caveat);
}
