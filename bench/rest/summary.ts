/** What samples come to. */
import { median } from "../support/median.ts";
import type { Sample } from "./interleave.ts";
import type { Reading } from "./peers/peer.ts";

/** What others are compared with. */
export interface Base {
  readonly peer: string;
  /** How the ratio is named in a table. */
  readonly head: string;
}

export interface Summary extends Reading {
  readonly case: string;
  readonly peer: string;
  readonly rounds: number;
  /** Base → the median of the ratios of each round: what a whole round suffers from cancels out. */
  readonly ratios: Readonly<Record<string, number>>;
}

/** One summary of medians for each peer in each case, in the order in which they first appear. */
export function summarise(samples: readonly Sample[], bases: readonly Base[]): readonly Summary[] {
  const groups = Map.groupBy(samples, (s) => JSON.stringify([s.case, s.peer]));
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const ratios = bases.flatMap(({ peer }) => {
      const ratio = ratioOf(samples, first, { case: first.case, peer });
      return ratio === undefined ? [] : [[peer, ratio] as const];
    });
    return {
      case: first.case,
      peer: first.peer,
      rounds: group.length,
      perSecond: median(group.map(({ perSecond }) => perSecond)) ?? Number.NaN,
      p50Ms: middle(group, ({ p50Ms }) => p50Ms),
      p99Ms: middle(group, ({ p99Ms }) => p99Ms),
      cpuMicros: middle(group, ({ cpuMicros }) => cpuMicros),
      residentMb: middle(group, ({ residentMb }) => residentMb),
      ratios: Object.fromEntries(ratios),
    };
  });
}

function middle(group: readonly Sample[], of: (sample: Sample) => number | undefined): number | undefined {
  return median(group.map(of).filter((value) => value !== undefined));
}

type Place = Pick<Sample, "case" | "peer">;

/** The median over the rounds of how much more one place does than another; undefined when they never met. */
export function ratioOf(
  samples: readonly Sample[],
  one: Place,
  other: Place,
  of: (sample: Sample) => number | undefined = ({ perSecond }) => perSecond,
): number | undefined {
  const at = (place: Place) => samples.filter((s) => s.case === place.case && s.peer === place.peer);
  const others = at(other);
  const ratios = at(one).flatMap((sample) => {
    const met = others.find(({ round }) => round === sample.round);
    const [above, below] = [of(sample), met === undefined ? undefined : of(met)];
    return above === undefined || below === undefined ? [] : [above / below];
  });
  return median(ratios);
}
