/** Summaries as text for people. */
import { align, short } from "../support/text-table.ts";
import type { Measure } from "./measure/measure.ts";
import type { Legs, Peer } from "./peers/peer.ts";
import type { Base, Summary } from "./summary.ts";

/** Columns of one case. */
interface Column {
  readonly head: string;
  readonly text: (summary: Summary) => string;
}

const LEGS: Readonly<Record<Legs, string>> = {
  tls: "TLS on both legs",
  plain: "no TLS",
};

/** One table: a peer a row, a group of columns a case. Empty when there is nothing to show. */
export function table(
  measure: Measure,
  legs: Legs,
  summaries: readonly Summary[],
  bases: readonly Base[],
): string {
  const mine = summaries.filter((s) => s.measure === measure.name && s.legs === legs);
  if (mine.length === 0) return "";
  const columns = columnsOf(measure, mine, bases);
  const peers = [...new Set(mine.map(({ peer }) => peer))];
  const groups = measure.cases.map((which) => ({ which, cells: cellsOf(peers, which, mine, columns) }));
  const rows = [
    ["", ...groups.flatMap(({ which }) => columns.map((_, i) => (i === 0 ? which : "")))],
    ["", ...groups.flatMap(() => columns.map(({ head }) => head))],
    ...peers.map((peer, i) => [peer, ...groups.flatMap(({ cells }) => cells[i] ?? [])]),
  ];
  const rounds = Math.max(...mine.map((s) => s.rounds));
  const title = `${measure.title}, ${LEGS[legs]}; medians of ${rounds} round${rounds === 1 ? "" : "s"}`;
  return `${title}\n${align(rows)}\n`;
}

function columnsOf(measure: Measure, mine: readonly Summary[], bases: readonly Base[]): Column[] {
  const known = bases.filter((base) => mine.some(({ ratios }) => ratios[base.peer] !== undefined));
  return [
    { head: measure.unit, text: ({ value }) => short(value) },
    ...known.map(({ peer, head }) => ({
      head,
      text: ({ ratios }: Summary) => ratios[peer]?.toFixed(2) ?? "-",
    })),
    { head: measure.costUnit, text: ({ cost }) => (cost === undefined ? "-" : short(cost)) },
  ];
}

function cellsOf(
  peers: readonly string[],
  which: string,
  mine: readonly Summary[],
  columns: readonly Column[],
): string[][] {
  return peers.map((peer) => {
    const summary = mine.find((s) => s.peer === peer && s.case === which);
    return columns.map(({ text }) => (summary === undefined ? "failed" : text(summary)));
  });
}

/** What each peer does when a client logs in, without which their figures cannot be compared. */
export function perLoginText(peers: readonly Peer[]): string {
  const lines = peers.map(({ name, perLogin }) =>
    [
      `  ${name}`,
      `    TLS:     ${perLogin.tls}`,
      `    client:  ${perLogin.client}`,
      `    server:  ${perLogin.server}`,
    ].join("\n"),
  );
  return `What happens at a login\n${lines.join("\n")}\n`;
}
