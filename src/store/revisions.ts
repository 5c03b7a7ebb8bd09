import type { ChangeKind } from "./changes.ts";
import type { Queries } from "./queries.ts";

/** Another one after each change of what is of a kind. Read it before what it tells of: then the next look finds a change. */
export async function revisionOf(queries: Queries, kind: ChangeKind): Promise<string> {
  const [row] = await queries.query("SELECT revision FROM revisions WHERE kind = $1", [kind]);
  return String(row?.["revision"] ?? 0);
}
