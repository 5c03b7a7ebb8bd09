import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { messageOf } from "../../../src/base/error.ts";
import type { Account } from "../../../src/embedded/unprivileged.ts";
import { DaemonProcess } from "../../support/program.ts";
import type { Bed } from "../bed.ts";
import { logIn } from "../client.ts";
import type { Legs, Login, RunningPeer } from "./peer.ts";

/** How long a peer may take from its start to its first login, on a busy machine. */
const START_TIMEOUT_MS = 20_000;
const TRY_EVERY_MS = 50;

export interface DaemonPeer {
  readonly file: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** Ours by default; programs that refuse to be root get the workspace's. */
  readonly account?: Account;
  /** Gets the log. */
  readonly directory: string;
  readonly port: number;
  readonly login: Login;
}

/**
 * Starts a peer's daemon and waits until a login through it succeeds.
 * @throws Error with the end of its log when that does not happen
 */
export async function startDaemon(bed: Bed, legs: Legs, peer: DaemonPeer): Promise<RunningPeer> {
  await using stack = new AsyncDisposableStack();
  const { file, args, env = {}, account = { kind: "self" }, directory, port, login } = peer;
  const daemon = stack.use(
    new DaemonProcess(file, args, {
      env: { PATH: process.env["PATH"], ...env },
      account,
      logFile: join(directory, "log"),
    }),
  );
  await firstLogin(bed, legs, daemon, peer);
  const held = stack.move();
  return { port, login, pids: [daemon.pid], [Symbol.asyncDispose]: () => held.disposeAsync() };
}

async function firstLogin(bed: Bed, legs: Legs, daemon: DaemonProcess, peer: DaemonPeer): Promise<void> {
  for (const end = Date.now() + START_TIMEOUT_MS; ; await sleep(TRY_EVERY_MS)) {
    if (daemon.failure !== undefined) throw new Error(`${peer.file} does not start: ${daemon.failure}`);
    try {
      await (await logIn(bed, legs, peer)).end();
      return;
    } catch (error) {
      if (Date.now() > end) throw new Error(`no login through ${peer.file} succeeds: ${messageOf(error)}`);
    }
  }
}
