/** Takes readings in rounds: each round has one of every peer in every case, so that all meet the same noise. */
import { messageOf } from "../../src/base/error.ts";
import { rotated } from "../support/rotated.ts";
import type { Case } from "./cases.ts";
import type { Settings } from "./options.ts";
import type { Bench, Peer, Reading, RunningPeer } from "./peers/peer.ts";

/** A reading with its place in the run. */
export interface Sample extends Reading {
  readonly case: string;
  readonly peer: string;
  readonly round: number;
}

/** Told what happens, in words and as samples. */
export interface Watcher {
  readonly step: (text: string) => void;
  readonly sample: (sample: Sample) => void;
  /** A peer could not be started or a reading failed; the rest goes on. */
  readonly failed: (what: string, why: string) => void;
}

export interface Run {
  readonly bench: Bench;
  readonly settings: Settings;
  /** Of which either all or none may remember tokens. */
  readonly cases: readonly Case[];
  readonly peers: readonly Peer[];
  readonly watcher: Watcher;
}

interface Contender {
  readonly name: string;
  readonly running: RunningPeer;
}

/** Starts all peers, and reads one after the other while the rest is idle. */
export async function interleave(run: Run): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const contenders: Contender[] = [];
  for (const peer of run.peers) {
    const running = await start(run, peer);
    if (running !== undefined) contenders.push({ name: peer.name, running: stack.use(running) });
  }
  for (let round = 0; round < run.settings.rounds; round++)
    for (const which of run.cases)
      for (const contender of rotated(contenders, round)) await read(run, which, contender, round);
}

async function start({ bench, settings, cases, watcher }: Run, peer: Peer): Promise<RunningPeer | undefined> {
  watcher.step(`starting ${peer.name}`);
  try {
    await using stack = new AsyncDisposableStack();
    const running = stack.use(await peer.start(bench, cases));
    for (const which of cases) await running.load(which, settings.warmUpSeconds);
    stack.move(); // it runs on
    return running;
  } catch (error) {
    bench.signal.throwIfAborted();
    watcher.failed(peer.name, messageOf(error));
    return undefined;
  }
}

async function read(run: Run, which: Case, { name, running }: Contender, round: number): Promise<void> {
  const { bench, settings, watcher } = run;
  bench.signal.throwIfAborted();
  try {
    if (which.empties !== undefined) await bench.bed.empty(which.empties);
    const reading = await running.load(which, settings.seconds);
    watcher.sample({ case: which.name, peer: name, round, ...reading });
  } catch (error) {
    bench.signal.throwIfAborted();
    watcher.failed(`${which.name}, ${name}`, messageOf(error));
  }
}
