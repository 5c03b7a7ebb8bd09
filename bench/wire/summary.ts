/** What samples come to. */
import { median } from "../support/median.ts";
import type { Sample } from "./measure/measure.ts";

/** What others are compared with. */
export interface Base {
  readonly peer: string;
  /** How the ratio is named in a table. */
  readonly head: string;
}

export interface Summary {
  readonly measure: string;
  readonly legs: string;
  readonly case: string;
  readonly peer: string;
  readonly rounds: number;
  /** Medians. */
  readonly value: number;
  readonly cost: number | undefined;
  /** Base → the median of the ratios of each round: what a whole round suffers from cancels out. */
  readonly ratios: Readonly<Record<string, number>>;
}

/** One summary for each peer in each case, in the order in which they first appear. */
export function summarise(samples: readonly Sample[], bases: readonly Base[]): readonly Summary[] {
  const groups = Map.groupBy(samples, (s) => JSON.stringify([s.measure, s.legs, s.case, s.peer]));
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const { measure, legs, peer } = first;
    const costs = group.flatMap(({ cost }) => (cost === undefined ? [] : [cost]));
    const ratios = bases.flatMap((base) => {
      const ratio = median(ratiosTo(base.peer, group, samples));
      return ratio === undefined ? [] : [[base.peer, ratio] as const];
    });
    return {
      measure,
      legs,
      case: first.case,
      peer,
      rounds: group.length,
      value: median(group.map(({ value }) => value)) ?? Number.NaN,
      cost: median(costs),
      ratios: Object.fromEntries(ratios),
    };
  });
}

function ratiosTo(base: string, group: readonly Sample[], samples: readonly Sample[]): number[] {
  return group.flatMap((sample) => {
    const other = samples.find(
      (s) =>
        s.peer === base &&
        s.measure === sample.measure &&
        s.legs === sample.legs &&
        s.case === sample.case &&
        s.round === sample.round,
    );
    return other === undefined ? [] : [sample.value / other.value];
  });
}
