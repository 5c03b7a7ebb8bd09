import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { messageOf } from "../../../src/base/error.ts";
import { DaemonProcess } from "../../support/program.ts";
import { cpuSeconds, residentKb } from "../../support/usage.ts";
import { type Case, PROBE_ID } from "../cases.ts";
import { filled, send } from "../http.ts";
import { type Load, wrk, wrkScript } from "../wrk.ts";
import type { Bench, Reading, RunningPeer } from "./peer.ts";

/** How long a peer may take from its start to its first answer, on a busy machine. */
const START_TIMEOUT_MS = 30_000;
const TRY_EVERY_MS = 50;
const MICROSECONDS = 1_000_000;
const KB_A_MB = 1024;

export interface HttpPeer {
  readonly api: "rest" | "graphql";
  readonly file: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** Gets the log. */
  readonly directory: string;
  readonly port: number;
}

export interface RunningHttpPeer extends RunningPeer {
  readonly port: number;
  readonly pids: readonly number[];
}

/**
 * Starts a peer that speaks HTTP and waits until it answers each case rightly.
 * @throws Error with the end of its log when that does not happen
 */
export async function startHttpPeer(
  bench: Bench,
  cases: readonly Case[],
  peer: HttpPeer,
): Promise<RunningHttpPeer> {
  await using stack = new AsyncDisposableStack();
  const { file, args, env, directory, port } = peer;
  const daemon = stack.use(
    new DaemonProcess(file, args, {
      env: { PATH: process.env["PATH"], ...env },
      account: { kind: "self" },
      logFile: join(directory, "log"),
    }),
  );
  await ready(bench, daemon, peer);
  const pids = [daemon.pid];
  const check = (which: Case) => checked(bench, peer, which);
  for (const which of cases) await check(which);
  const held = stack.move();
  let sent = 0;
  return {
    port,
    pids,
    check,
    load: async (which, seconds) => {
      const [reading, requests] = await load(bench, peer, pids, { which, seconds, from: sent });
      sent += requests;
      return reading;
    },
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

async function ready(bench: Bench, daemon: DaemonProcess, { file, port }: HttpPeer): Promise<void> {
  for (
    const end = Date.now() + START_TIMEOUT_MS;
    ;
    await sleep(TRY_EVERY_MS, undefined, { signal: bench.signal })
  ) {
    if (daemon.failure !== undefined) throw new Error(`${file} does not start: ${daemon.failure}`);
    try {
      await send(port, { method: "GET", target: "/", headers: {} }, bench.signal);
      return;
    } catch (error) {
      if (Date.now() > end) throw new Error(`${file} does not answer: ${messageOf(error)}`);
    }
  }
}

async function checked(bench: Bench, { api, port }: HttpPeer, which: Case): Promise<void> {
  const file = tokenFile(bench, which);
  const token = file === undefined ? undefined : readFileSync(file, "utf8").split("\n")[0];
  const { status, body } = await send(port, filled(which[api], PROBE_ID, token), bench.signal);
  if (status >= 300 || !which.shows[api].test(body))
    throw new Error(`${which.name} is answered ${status}: ${body.slice(0, 500)}`);
}

async function load(
  bench: Bench,
  { api, directory, port }: HttpPeer,
  pids: readonly number[],
  { which, seconds, from }: { which: Case; seconds: number; from: number },
): Promise<readonly [Reading, requests: number]> {
  const { bed, clients, signal } = bench;
  const file = tokenFile(bench, which);
  const order: Load = {
    url: `http://127.0.0.1:${port}`,
    ask: which[api],
    ids: which.ids,
    tokens: file === undefined ? undefined : { file, from },
    clients,
    seconds,
  };
  const script = bed.workspace.write(directory, `${which.name}.lua`, wrkScript(order));
  const before = cpuSeconds(pids);
  const { requests, ...result } = await wrk(order, script, signal);
  const cpuMicros = ((cpuSeconds(pids) - before) / requests) * MICROSECONDS;
  return [{ ...result, cpuMicros, residentMb: residentKb(pids) / KB_A_MB }, requests];
}

function tokenFile({ tokenFiles }: Bench, { who }: Case): string | undefined {
  switch (who) {
    case "one token":
      return tokenFiles.one;
    case "few tokens":
      return tokenFiles.few;
    case "distinct tokens":
      return tokenFiles.many;
    case "anonymous":
      return undefined;
    default:
      return who satisfies never;
  }
}
