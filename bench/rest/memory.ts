/** The most memory that one large body takes, beyond what an idle gateway has. */
import { median } from "../support/median.ts";
import { align, short } from "../support/text-table.ts";
import { peakKb, resetPeak, residentKb } from "../support/usage.ts";
import type { Ask } from "./cases.ts";
import { CASES } from "./cases.ts";
import { send } from "./http.ts";
import type { Bench } from "./peers/peer.ts";
import type { Postern } from "./peers/postern.ts";

export type Large = "insert" | "read";

export interface MemorySample {
  readonly what: Large;
  readonly peer: string;
  readonly round: number;
  readonly bodyMb: number;
  readonly idleMb: number;
  readonly peakMb: number;
}

const KB_A_MB = 1024;
const MEGABYTE = KB_A_MB * KB_A_MB;
/** 50 MB of JSON. */
const INSERT_BYTES = 50 * MEGABYTE;
const ROW = JSON.stringify({ title: "a note that comes with very many others", body: "x".repeat(440) });
/** Every row of `items`: 100,000. */
const READ: Ask = { method: "GET", target: "/items", headers: {} };

/** How many bodies the peak is above the idle gateway. */
export function overBody({ bodyMb, idleMb, peakMb }: MemorySample): number {
  return (peakMb - idleMb) / bodyMb;
}

/** Takes readings of one gateway, each from a fresh process. */
export async function measureMemory(
  bench: Bench,
  peer: Postern,
  { round, token }: { readonly round: number; readonly token: string },
): Promise<readonly MemorySample[]> {
  const samples: MemorySample[] = [];
  for (const [what, ask] of [
    ["insert", insert()],
    ["read", READ],
  ] as const) {
    await using gateway = await peer.start(
      bench,
      CASES.filter(({ who }) => who !== "distinct tokens"),
    );
    const idleMb = residentKb(gateway.pids) / KB_A_MB;
    resetPeak(gateway.pids);
    const headers = { ...ask.headers, Authorization: `Bearer ${token}` };
    const answer = await send(gateway.port, { ...ask, headers }, bench.signal);
    if (answer.status >= 300) throw new Error(`${what}: ${answer.status} ${answer.body.slice(0, 500)}`);
    const bytes = Buffer.byteLength(ask.body ?? answer.body);
    const peakMb = peakKb(gateway.pids) / KB_A_MB;
    samples.push({ what, peer: peer.name, round, bodyMb: bytes / MEGABYTE, idleMb, peakMb });
  }
  return samples;
}

function insert(): Ask {
  const rows = Array.from({ length: Math.ceil(INSERT_BYTES / (ROW.length + 1)) }, () => ROW);
  return {
    method: "POST",
    target: "/notes",
    headers: { "Content-Type": "application/json", Prefer: "return=minimal" },
    body: `[${rows.join(",")}]`,
  };
}

const TITLES: Readonly<Record<Large, string>> = {
  insert: "Insert of 50 MB of JSON in one request",
  read: "Read of 100,000 rows in one request",
};

/** A table for each of the two. Empty when there is nothing to show. */
export function memoryText(samples: readonly MemorySample[]): string {
  const tables = (["insert", "read"] as const).map((what) => {
    const peers = Map.groupBy(
      samples.filter((sample) => sample.what === what),
      ({ peer }) => peer,
    );
    const rows = [...peers].map(([peer, mine]) => [
      peer,
      ...[
        (m: MemorySample) => m.bodyMb,
        (m: MemorySample) => m.idleMb,
        (m: MemorySample) => m.peakMb,
        overBody,
      ].map((of) => short(median(mine.map(of)) ?? Number.NaN)),
    ]);
    const head = ["", "body MB", "idle MB", "peak MB", "bodies over idle"];
    return rows.length === 0 ? "" : `${TITLES[what]}: resident memory\n${align([head, ...rows])}\n`;
  });
  return tables.filter((text) => text !== "").join("\n");
}
