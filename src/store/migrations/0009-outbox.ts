import type { Migration } from "./migration.ts";

/** What was changed and is not in a ledger yet: written in the transaction of the change, gone when its record is durable. */
export const outbox: Migration = {
  version: 9,
  name: "changes that are not recorded yet",
  sql: `
CREATE TABLE outbox (
  id text PRIMARY KEY CHECK (id ~ '^evt_[0-9a-f]{32}$'),
  -- The order of changes: behind one lock, it is that of their commits.
  place bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  -- By the clock of the node that made the change, milliseconds since the epoch.
  time bigint NOT NULL,
  -- JSON as text: jsonb does not hold every text that JSON does.
  event text NOT NULL,
  -- The chain of the ledger whose process records it; NULL when the next may.
  chain text,
  claimed_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
`,
};
