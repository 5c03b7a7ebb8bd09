/** Summaries as text for people. */
import { align, short } from "../support/text-table.ts";
import type { Case } from "./cases.ts";
import type { Base, Summary } from "./summary.ts";

/** One table: a peer a row. Empty when there is nothing to show. */
export function table(which: Case, summaries: readonly Summary[], bases: readonly Base[]): string {
  const mine = summaries.filter((s) => s.case === which.name);
  if (mine.length === 0) return "";
  const known = bases.filter((base) => mine.some(({ ratios }) => ratios[base.peer] !== undefined));
  const rows = [
    ["", "requests/s", ...known.map(({ head }) => head), "p50 ms", "p99 ms", "p99/p50", "CPU µs", "MB"],
    ...mine.map((s) => [
      s.peer,
      short(s.perSecond),
      ...known.map(({ peer }) => s.ratios[peer]?.toFixed(2) ?? "-"),
      ...[s.p50Ms, s.p99Ms, spread(s), s.cpuMicros, s.residentMb].map(shortOrNone),
    ]),
  ];
  const rounds = Math.max(...mine.map((s) => s.rounds));
  return `${which.title}; medians of ${rounds} round${rounds === 1 ? "" : "s"}\n${align(rows)}\n`;
}

/** How much slower the slowest hundredth is than the middle. */
export function spread({ p50Ms, p99Ms }: Pick<Summary, "p50Ms" | "p99Ms">): number | undefined {
  return p50Ms === undefined || p99Ms === undefined || p50Ms === 0 ? undefined : p99Ms / p50Ms;
}

function shortOrNone(value: number | undefined): string {
  return value === undefined ? "-" : short(value);
}
