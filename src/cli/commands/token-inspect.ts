import type { Command } from "commander";
import { describe, jsonOption } from "../command.ts";
import { Failure } from "../failure.ts";
import { readToken } from "../input.ts";
import { paint, print, printJson, tell } from "../terminal.ts";

interface Options {
  readonly tokenFile?: string;
  readonly json?: boolean;
}

/** `postern token inspect`: what is written in a token, believed or not. */
export function tokenInspectCommand(): Command {
  return describe("inspect", "show what is in a token, without verifying it", [
    "postern token mint --key jobs.key --subject app | postern token inspect -",
    "postern token inspect --token-file app.token --json",
  ])
    .argument("[token]", "the token, or - to read it from standard input; in an argument others can see it")
    .option("--token-file <file>", "a file that holds the token (or set POSTERN_TOKEN)")
    .addOption(jsonOption())
    .action(inspect);
}

async function inspect(token: string | undefined, { tokenFile, json }: Options): Promise<void> {
  const text = await readToken({ token, tokenFile });
  const { inspectToken } = await import("../../daemon/offline.ts");
  const content = inspectToken(text);
  if (content.verified === "malformed")
    throw new Failure(
      `this is no token that can be read (${content.code}): ${content.detail}; check where it comes from`,
    );
  const { header, claims, expiresAt } = content;
  if (json) return printJson({ verified: false, header, claims, expiresAt: isoTime(expiresAt) });
  print(`${paint("bold", "header")} ${JSON.stringify(header, null, 2)}`);
  print(`${paint("bold", "claims")} ${JSON.stringify(claims, null, 2)}`);
  tell(`not verified${expiry(expiresAt)}; "postern explain" verifies it`);
}

/** Times that a date can hold; a token may say anything. */
const MAX_DATE_MS = 8.64e15;

function isoTime(ms: number | undefined): string | null {
  return ms === undefined || Math.abs(ms) > MAX_DATE_MS ? null : new Date(ms).toISOString();
}

function expiry(ms: number | undefined): string {
  const time = isoTime(ms);
  if (time === null) return ", says no usable time of expiry";
  return `, ${Number(ms) <= Date.now() ? "expired" : "expires"} ${time}`;
}
