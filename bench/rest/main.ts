/** `npm run bench:rest`: Postern's REST door beside its peers and below its ceiling. See docs/benchmarks.md. */
import { messageOf } from "../../src/base/error.ts";
import { present, runBench } from "../support/run-bench.ts";
import { type Bed, makeBed } from "./bed.ts";
import { interleave } from "./interleave.ts";
import { measureMemory } from "./memory.ts";
import { HELP, type Options, parseOptions } from "./options.ts";
import { LEFT_OUT, PEERS } from "./peers/all.ts";
import type { Bench } from "./peers/peer.ts";
import { postern } from "./peers/postern.ts";
import { Report } from "./report.ts";
import { versions } from "./versions.ts";
import { wrkProgram } from "./wrk.ts";

/** As many as a handful of applications have. */
const FEW_TOKENS = 4;
/** Gateways that are asked for memory: one process each. */
const LARGE = [postern("bun", 1), postern("node", 1)];

/** Runs the whole benchmark; true when nothing failed. */
async function bench(options: Options, signal: AbortSignal): Promise<boolean> {
  wrkProgram(); // says so at once when it is missing
  const peers = PEERS.filter(({ name }) => options.peers.includes(name)).filter(present);
  const report = new Report(options.settings.rounds * peers.length * options.cases.length);
  report.progress.step(LEFT_OUT);
  await using bed = await makeBed(report.progress.step);
  const context = await contextOf(bed, options, signal, report);
  for (const cases of byMemoryOfTokens(options))
    await interleave({ bench: context, settings: options.settings, cases, peers, watcher: report.watcher });
  if (options.memory) await memory(context, options, report);
  process.stdout.write(`\n${report.text(options)}`);
  report.write(options, versions());
  process.stdout.write(`\nEverything is in ${options.json}\n`);
  for (const { what, why } of report.progress.problems) process.stdout.write(`FAILED ${what}: ${why}\n`);
  return report.progress.problems.length === 0;
}

async function contextOf(
  bed: Bed,
  { cases, settings }: Options,
  signal: AbortSignal,
  report: Report,
): Promise<Bench> {
  const { workspace, issuer } = bed;
  const file = async (name: string, count: number) => {
    const tokens = await issuer.tokens(count, (signed) => {
      signal.throwIfAborted();
      if (signed % 1_000 === 0) report.progress.step(`signed ${signed} of ${count} tokens`);
    });
    return workspace.write(workspace.directory, name, `${tokens.join("\n")}\n`);
  };
  const distinct = cases.some(({ who }) => who === "distinct tokens");
  const one = await file("one-token", 1);
  const few = await file("few-tokens", FEW_TOKENS);
  const many = distinct ? await file("many-tokens", settings.distinctTokens) : few;
  return { bed, clients: settings.clients, tokenFiles: { one, few, many }, signal };
}

/** A gateway that remembers no tokens is another process than one that does. */
function byMemoryOfTokens({ cases }: Options): readonly Options["cases"][] {
  const distinct = cases.filter(({ who }) => who === "distinct tokens");
  const others = cases.filter(({ who }) => who !== "distinct tokens");
  return [others, distinct].filter(({ length }) => length > 0);
}

async function memory(context: Bench, { peers, settings }: Options, report: Report): Promise<void> {
  const [token = ""] = await context.bed.issuer.tokens(1, () => {});
  const wanted = LARGE.filter(({ name }) => peers.includes(name));
  for (let round = 0; round < settings.rounds; round++)
    for (const peer of wanted)
      try {
        await context.bed.empty("notes");
        for (const sample of await measureMemory(context, peer, { round, token })) report.memory(sample);
      } catch (error) {
        context.signal.throwIfAborted();
        report.progress.failed(`memory, ${peer.name}`, messageOf(error));
      }
}

await runBench({ name: "bench:rest", help: HELP, parse: parseOptions, bench });
