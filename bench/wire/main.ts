/** `npm run bench:wire`: Postern's wire door beside its peers. See docs/benchmarks.md. */
import { messageOf } from "../../src/base/error.ts";
import { stopSignal } from "../support/stop-signal.ts";
import { makeBed } from "./bed.ts";
import { fill } from "./data.ts";
import { interleave } from "./interleave.ts";
import type { Bench, Measure } from "./measure/measure.ts";
import { HELP, type Options, parseOptions } from "./options.ts";
import { BASES } from "./peers/all.ts";
import type { Peer } from "./peers/peer.ts";
import { Report } from "./report.ts";
import { versions } from "./versions.ts";

/** Runs the whole benchmark; true when nothing failed. */
async function bench(options: Options, signal: AbortSignal): Promise<boolean> {
  const wanted = peersOf(options.measures).filter(({ name }) => options.peers.includes(name));
  const peers = wanted.filter((peer) => present(peer));
  const report = new Report(expected(options, peers));
  await using bed = await makeBed((step) => report.step(step));
  await fill(bed, signal, (step) => report.step(step));
  const context: Bench = { bed, settings: options.settings, signal };
  for (const measure of options.measures) await run(context, measure, peers, report);
  process.stdout.write(`\n${report.text(options.measures, peers, BASES)}`);
  report.write(options, versions(), BASES);
  process.stdout.write(`\nEverything is in ${options.json}\n`);
  for (const { what, why } of report.problems) process.stdout.write(`FAILED ${what}: ${why}\n`);
  return report.problems.length === 0;
}

async function run(context: Bench, measure: Measure, peers: readonly Peer[], report: Report): Promise<void> {
  for (const legs of measure.legs)
    await interleave({
      bench: context,
      measure,
      legs,
      peers: measure.peers.filter((peer) => peers.includes(peer) && peer.legs.includes(legs)),
      watcher: report.watcher(measure),
    });
}

function peersOf(measures: readonly Measure[]): readonly Peer[] {
  return [...new Set(measures.flatMap(({ peers }) => peers))];
}

/** Says what is left out, and how to have it. */
function present(peer: Peer): boolean {
  const missing = peer.missing();
  if (missing !== undefined)
    process.stderr.write(`${peer.name} is not installed and is left out; run: ${missing}\n`);
  return missing === undefined;
}

function expected({ measures, settings }: Options, peers: readonly Peer[]): number {
  const perRound = measures.map(
    (measure) =>
      measure.cases.length *
      measure.legs.flatMap((legs) =>
        measure.peers.filter((peer) => peers.includes(peer) && peer.legs.includes(legs)),
      ).length,
  );
  return settings.rounds * perRound.reduce((sum, n) => sum + n, 0);
}

/** What shells report for a program that Ctrl-C ended: 128 + SIGINT. */
const INTERRUPTED = 130;
const signal = stopSignal();

try {
  const options = parseOptions(process.argv.slice(2));
  if (options === "help") process.stdout.write(HELP);
  else process.exitCode = (await bench(options, signal)) ? 0 : 1;
} catch (error) {
  process.exitCode = signal.aborted ? INTERRUPTED : 1;
  process.stderr.write(signal.aborted ? "bench:wire: stopped\n" : `bench:wire: ${messageOf(error)}\n`);
}
