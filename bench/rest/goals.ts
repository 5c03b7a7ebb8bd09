/** What the REST door is to reach, beside what it reached. */
import { median } from "../support/median.ts";
import type { Sample } from "./interleave.ts";
import { type MemorySample, overBody } from "./memory.ts";
import { ceiling } from "./peers/ceiling.ts";
import { ratioOf, summarise } from "./summary.ts";
import { spread } from "./table.ts";

/** Of what pgbench does with the same SQL and as many clients. */
const POINT_READ_SHARE = 0.6;
const P99_TO_P50 = 5;
/** What a token that is remembered may cost, of the requests a second. */
const TOKEN_COST = 0.05;
/** Peak memory over idle, in bodies. */
const BODIES_IN_MEMORY = 3;

interface Goal {
  readonly text: string;
  readonly of: (peer: string, results: Results) => number | undefined;
  readonly met: (value: number) => boolean;
  readonly show: (value: number) => string;
}

export interface Results {
  readonly samples: readonly Sample[];
  readonly memory: readonly MemorySample[];
}

const times = (value: number) => value.toFixed(2);
const cpu = ({ cpuMicros }: Sample) => cpuMicros;
const percent = (value: number) => `${(value * 100).toFixed(1)} %`;

const GOALS: readonly Goal[] = [
  {
    text: `point read: at least ${POINT_READ_SHARE} of the ceiling`,
    of: (peer, { samples }) =>
      ratioOf(samples, { case: "point", peer }, { case: "point", peer: ceiling.name }),
    met: (share) => share >= POINT_READ_SHARE,
    show: times,
  },
  {
    text: `point read: p99 below ${P99_TO_P50} times p50`,
    of: (peer, { samples }) => {
      const [point] = summarise(
        samples.filter((s) => s.case === "point" && s.peer === peer),
        [],
      );
      return point === undefined ? undefined : spread(point);
    },
    met: (ratio) => ratio < P99_TO_P50,
    show: times,
  },
  {
    text: `a token that is remembered costs less than ${percent(TOKEN_COST)} of the requests a second`,
    of: (peer, { samples }) => {
      const ratio = ratioOf(samples, { case: "single", peer }, { case: "anonymous", peer });
      return ratio === undefined ? undefined : 1 - ratio;
    },
    met: (cost) => cost < TOKEN_COST,
    show: percent,
  },
  {
    text: `a token that is remembered adds less than ${percent(TOKEN_COST)} to the CPU of a request`,
    of: (peer, { samples }) => {
      const ratio = ratioOf(samples, { case: "single", peer }, { case: "anonymous", peer }, cpu);
      return ratio === undefined ? undefined : ratio - 1;
    },
    met: (cost) => cost < TOKEN_COST,
    show: percent,
  },
  ...(["insert", "read"] as const).map(
    (what): Goal => ({
      text: `memory of a large ${what} below ${BODIES_IN_MEMORY} times its body`,
      of: (peer, { memory }) =>
        median(memory.filter((m) => m.peer === peer && m.what === what).map(overBody)),
      met: (bodies) => bodies < BODIES_IN_MEMORY,
      show: times,
    }),
  ),
];

/** One line for each goal and peer that was measured; empty when none was. */
export function goalsText(peers: readonly string[], results: Results): string {
  const lines = GOALS.flatMap(({ text, of, met, show }) => {
    const found = peers.flatMap((peer) => {
      const value = of(peer, results);
      return value === undefined ? [] : [`${peer} ${show(value)} (${met(value) ? "met" : "missed"})`];
    });
    return found.length === 0 ? [] : [`  ${text}\n    ${found.join(", ")}`];
  });
  return lines.length === 0 ? "" : `Goals\n${lines.join("\n")}\n`;
}
