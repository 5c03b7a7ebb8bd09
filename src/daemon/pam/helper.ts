/**
 * `postern pam`: the program that PAM's own pam_exec.so runs for a login to PostgreSQL. It asks the PAM door of a running
 * Postern, or decides by itself where none runs. Whatever goes wrong is a denial.
 */
import { spawn } from "node:child_process";
import { rhostOf } from "../../base/address.ts";
import { messageOf } from "../../base/error.ts";
import { printable } from "../../config/errors.ts";
import { askDoor } from "./ask-door.ts";
import { type PamOptions, parsePamOptions } from "./options.ts";
import { readCredential, readSurroundings, type Surroundings } from "./surroundings.ts";
import { PAM, type PamVerdict } from "./verdict.ts";

/** libpq's and drivers' patience begins here (connect_timeout is often 10 s); PostgreSQL waits 60 s for all of it. */
const TOTAL_MS = 10_000;
/** Where the system has it: pam_exec passes on no PATH. */
const LOGGER = "/usr/bin/logger";

/** Answers PAM's question. Resolves to the exit code; logs why. */
export async function runPamHelper(args: readonly string[]): Promise<number> {
  const options = parsePamOptions(args);
  const where = readSurroundings(process.env, process.ppid);
  if (where === "ignore") return PAM.ignore;
  const verdict = await bounded(verdictFor(options, where));
  // What was let in by a running Postern is in its log.
  const quiet = verdict.code === PAM.success && "socket" in options && options.socket !== undefined;
  if (!quiet) await log(lineOf(verdict, where));
  return verdict.code;
}

async function verdictFor(
  options: ReturnType<typeof parsePamOptions>,
  where: Exclude<ReturnType<typeof readSurroundings>, "ignore">,
): Promise<PamVerdict> {
  if ("fault" in options) return { code: PAM.serviceError, why: options.fault };
  if ("fault" in where) return { code: PAM.serviceError, why: where.fault };
  try {
    return where.type === "auth" ? await logIn(options, where) : await checkAccount(options, where);
  } catch (error) {
    return { code: PAM.serviceError, why: messageOf(error) };
  }
}

async function logIn(options: PamOptions, where: Surroundings): Promise<PamVerdict> {
  const credential = await readCredential(0);
  if (typeof credential === "object") return { code: PAM.authenticationError, why: credential.fault };
  const { socket } = options;
  if (socket !== undefined && !(await isPassword(options, credential)))
    return askDoor({ ...options, socket }, where, credential);
  const { decideAlone } = await import("./decide-alone.ts");
  return decideAlone(options, where, credential);
}

/** A password is the server's business and goes to no door; where it is not taken, the door says so in its log. */
async function isPassword({ passwords }: PamOptions, credential: string): Promise<boolean> {
  if (passwords === undefined) return false;
  const { credentialKind } = await import("../../base/credential-kind.ts");
  return credentialKind(credential) === "password";
}

async function checkAccount(options: PamOptions, where: Surroundings): Promise<PamVerdict> {
  const { takeLogin } = await import("./noted-login.ts");
  const noted = takeLogin(options.state, where, Date.now());
  if (noted === "lasts") return { code: PAM.success, why: "the login was let in just now" };
  if (noted === "ended") return { code: PAM.accountExpired, why: "the right has ended" };
  const { socket } = options;
  if (socket !== undefined) return askDoor({ ...options, socket }, where, "");
  return { code: PAM.permissionDenied, why: "there was no login that the account could be checked for" };
}

function bounded(work: Promise<PamVerdict>): Promise<PamVerdict> {
  return new Promise((resolve) => {
    const timer = setTimeout(
      () => resolve({ code: PAM.informationUnavailable, why: `no decision within ${TOTAL_MS} ms` }),
      TOTAL_MS,
    );
    void work.then((verdict) => {
      clearTimeout(timer);
      resolve(verdict);
    });
  });
}

function lineOf({ code, why }: PamVerdict, where: Surroundings | { readonly fault: string }): string {
  const what = code === PAM.success ? "allowed" : `denied (${code})`;
  const who = "fault" in where ? "" : ` ${where.type} of "${where.role}" from ${rhostOf(where.address)}`;
  return printable(`${what}${who}: ${why}`).slice(0, 1000);
}

/** To the system's log, and to standard error, which `log=` of pam_exec keeps. That nobody listens decides nothing. */
async function log(line: string): Promise<void> {
  process.stderr.write(`postern-pam: ${line}\n`);
  await new Promise<void>((resolve) => {
    const logger = spawn(LOGGER, ["-p", "authpriv.notice", "-t", "postern-pam", "--", line], {
      stdio: "ignore",
    });
    logger.once("error", () => resolve());
    logger.once("close", () => resolve());
  });
}
