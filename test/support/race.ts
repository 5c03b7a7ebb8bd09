/** Many requests at once, of different kinds in ever changing company: whether one gets to see what is another's. */
import assert from "node:assert/strict";

interface Field<Deed> {
  readonly requests: number;
  /** How many requests are under way at the same time. */
  readonly clients: number;
  /** What requests do. */
  readonly deeds: readonly Deed[];
}

/** So that each deed comes with each role, and those before and behind it change. */
const [STRIDE, SHIFT] = [7, 13];

/** Makes so many requests, numbered from 0, each with a deed. */
export async function race<Deed>(
  { requests, clients, deeds }: Field<Deed>,
  request: (n: number, deed: Deed) => Promise<void>,
): Promise<void> {
  let next = 0;
  const client = async () => {
    while (next < requests) {
      const n = next++;
      const deed = deeds[(n * STRIDE + Math.floor(n / SHIFT)) % deeds.length];
      assert.ok(deed !== undefined);
      await request(n, deed);
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
}

/** What a transaction of a race does. */
export interface PoolDeed {
  readonly sql: string;
  /** The SQLSTATE with which it fails. */
  readonly fails?: string;
  /** It is given up, unless it is done before. */
  readonly leaves?: true;
  readonly timeout?: string;
}

/** What became of a transaction; it fails for no other reason than its own. */
export async function outcomeOf(
  deed: PoolDeed,
  transaction: () => Promise<void>,
): Promise<"done" | "failed" | "left"> {
  try {
    await transaction();
    return "done";
  } catch (error) {
    if (error instanceof assert.AssertionError) throw error;
    assert.ok(error instanceof Error);
    const { code, sqlstate } = error as { code?: string; sqlstate?: string };
    if (code === "pool/aborted") {
      assert.ok(deed.leaves, "another's transaction was given up");
      return "left";
    }
    assert.equal(sqlstate, deed.fails, `${deed.sql}: ${error.message}`);
    return "failed";
  }
}

/** Gives a transaction up that leaves, after some milliseconds that differ. */
export function leaver(deed: PoolDeed, n: number): AbortSignal {
  const leave = new AbortController();
  if (deed.leaves) setImmediate(() => setTimeout(() => leave.abort(), n % 25));
  return leave.signal;
}
