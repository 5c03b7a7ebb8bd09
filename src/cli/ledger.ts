import { Option } from "commander";
import { parseDuration } from "../config/units.ts";
import type { LedgerSource } from "../daemon/offline-audit.ts";
import { accepted, withWarnings } from "./configuration.ts";
import { Failure, misuse } from "./failure.ts";
import { tell } from "./terminal.ts";

/** Where a ledger is named. */
export interface LedgerFrom {
  readonly config: string;
  readonly file?: string;
}

export function ledgerOption(): Option {
  return new Option("--file <file>", "the ledger's file; without it the ledger of the configuration");
}

/** The ledger that a command is about. */
export async function ledgerOf({ config: from, file }: LedgerFrom): Promise<LedgerSource> {
  const { configuredSource, fileSource } = await import("../daemon/offline-audit.ts");
  const source = file === undefined ? configuredSource(await configurationOf(from)) : fileSource(file);
  if (typeof source === "string") throw new Failure(source);
  return source;
}

export async function configurationOf(file: string) {
  const { loadConfig } = await import("../config/load.ts");
  return accepted(withWarnings(loadConfig({ file, env: process.env }))).config;
}

/** Options that choose records. */
export interface Choice {
  readonly since?: string;
  readonly until?: string;
  readonly actor?: string;
  readonly event?: string;
  readonly cluster?: string;
  readonly session?: string;
  readonly grant?: string;
}

export function choiceOptions(): readonly Option[] {
  return [
    new Option("--since <time>", "from then on: a date (2026-11-24, 2026-11-24T08:00Z) or how long ago (2h)"),
    new Option("--until <time>", "before then, written likewise"),
    new Option("--actor <subject>", "what an identity did: its subject (issuer:sub) or its username"),
    new Option("--event <name>", "a kind of event, such as login.denied, or all that begin so: login"),
    new Option("--cluster <name>", "about that cluster"),
    new Option("--session <id>", "the id that a client was told, or that of an access request"),
    new Option("--grant <id>", "about an access request or its grant, with the sessions that used it"),
  ];
}

/** The records that were chosen. */
export function queryOf({ since, until, ...rest }: Choice) {
  return { ...rest, from: timeOf("--since", since), to: timeOf("--until", until) };
}

function timeOf(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const ago = parseDuration(text);
  if (ago !== undefined) return Date.now() - ago;
  const time = Date.parse(text);
  if (Number.isNaN(time))
    throw misuse(`${option} "${text}" is no time; write 2026-11-24T08:00Z, or 2h for two hours ago`);
  return time;
}

/** Lines that are no records are told, the first of them; what they mean is for verify to say. */
export function faultTeller(): (line: { readonly where: string }, fault: { readonly fault: string }) => void {
  let told = false;
  return ({ where }, { fault }) => {
    if (!told) tell(`warning: ${where}: the line ${fault}; see "postern audit verify"`);
    told = true;
  };
}

const PROGRESS_MS = 1000;

/** Tells how far a command has come, once a second. */
export function progressTeller(what: string): (count: number) => void {
  let toldAt = Date.now();
  return (count) => {
    if (Date.now() - toldAt < PROGRESS_MS) return;
    toldAt = Date.now();
    tell(`${count} ${what} so far`);
  };
}
