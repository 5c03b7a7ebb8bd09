/** Takes the readings of a measurement in rounds: each round has one of every peer, so that all meet the same noise. */
import { messageOf } from "../../src/base/error.ts";
import { rotated } from "../support/rotated.ts";
import type { Bench, Measure, Sample } from "./measure/measure.ts";
import type { Legs, Peer, RunningPeer } from "./peers/peer.ts";

/** Told what happens, in words and as samples. */
export interface Watcher {
  readonly step: (text: string) => void;
  readonly sample: (sample: Sample) => void;
  /** A peer could not be started or a reading failed; the rest goes on. */
  readonly failed: (what: string, why: string) => void;
}

/** One measurement of some peers on one kind of legs. */
export interface Run {
  readonly bench: Bench;
  readonly measure: Measure;
  readonly legs: Legs;
  readonly peers: readonly Peer[];
  readonly watcher: Watcher;
}

interface Contender {
  readonly peer: Peer;
  readonly running: RunningPeer;
}

interface Place {
  readonly round: number;
  readonly case: string;
}

/** Takes all readings of a run. */
export async function interleave(run: Run): Promise<void> {
  const { measure } = run;
  const places = Array.from({ length: run.bench.settings.rounds }, (_, round) =>
    measure.cases.map((which) => ({ round, case: which })),
  ).flat();
  await (measure.lifetime === "all rounds" ? sideBySide(run, places) : oneAtATime(run, places));
}

async function sideBySide(run: Run, places: readonly Place[]): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const contenders: Contender[] = [];
  for (const peer of run.peers) {
    const contender = await start(run, peer);
    if (contender === undefined) continue;
    stack.use(contender.running);
    contenders.push(contender);
  }
  for (const place of places)
    for (const contender of rotated(contenders, place.round)) await read(run, place, contender);
}

async function oneAtATime(run: Run, places: readonly Place[]): Promise<void> {
  for (const place of places)
    for (const peer of rotated(run.peers, place.round)) {
      const contender = await start(run, peer);
      if (contender === undefined) continue;
      await using _ = contender.running;
      await read(run, place, contender);
    }
}

async function start({ bench, measure, legs, watcher }: Run, peer: Peer): Promise<Contender | undefined> {
  watcher.step(`starting ${peer.name} (${legs})`);
  try {
    await using stack = new AsyncDisposableStack();
    const running = stack.use(await peer.start(bench.bed, legs));
    await measure.warmUp(bench, running, legs);
    stack.move(); // it runs on
    return { peer, running };
  } catch (error) {
    bench.signal.throwIfAborted();
    watcher.failed(`${peer.name} (${legs})`, messageOf(error));
    return undefined;
  }
}

async function read(run: Run, place: Place, { peer, running }: Contender): Promise<void> {
  const { bench, measure, legs, watcher } = run;
  bench.signal.throwIfAborted();
  try {
    const reading = await measure.read(bench, running, legs, place.case);
    watcher.sample({ measure: measure.name, legs, peer: peer.name, ...place, ...reading });
  } catch (error) {
    bench.signal.throwIfAborted();
    watcher.failed(`${measure.name}, ${legs}, ${place.case}, ${peer.name}`, messageOf(error));
  }
}
