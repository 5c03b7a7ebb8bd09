/** `npm run bench:wire`: Postern's wire door beside its peers. See docs/benchmarks.md. */
import { present, runBench } from "../support/run-bench.ts";
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
  const peers = wanted.filter(present);
  const report = new Report(expected(options, peers));
  await using bed = await makeBed(report.progress.step);
  await fill(bed, signal, report.progress.step);
  const context: Bench = { bed, settings: options.settings, signal };
  for (const measure of options.measures) await run(context, measure, peers, report);
  process.stdout.write(`\n${report.text(options.measures, peers, BASES)}`);
  report.write(options, versions(), BASES);
  process.stdout.write(`\nEverything is in ${options.json}\n`);
  for (const { what, why } of report.progress.problems) process.stdout.write(`FAILED ${what}: ${why}\n`);
  return report.progress.problems.length === 0;
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

await runBench({ name: "bench:wire", help: HELP, parse: parseOptions, bench });
