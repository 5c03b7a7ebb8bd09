import type { Migration } from "./migration.ts";

/** Messages to webhooks: written in the transaction of what they tell of, one row for each receiver, gone when it has it. */
export const deliveries: Migration = {
  version: 10,
  name: "messages that are not delivered yet",
  sql: `
CREATE TABLE deliveries (
  -- A digest of the receiver's URL, whose path may be a secret; and its origin.
  hook text NOT NULL,
  receiver text NOT NULL,
  message text NOT NULL,
  place bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  -- What it is about: messages about one thing are delivered one after the other.
  about text NOT NULL,
  type text NOT NULL,
  body text NOT NULL,
  attempts integer NOT NULL DEFAULT 0,
  made_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- Nobody takes it before then: it waits for another try, or somebody has it.
  due_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (hook, message)
);

CREATE INDEX deliveries_order ON deliveries (hook, about, place);
CREATE INDEX deliveries_due ON deliveries (hook, place);
`,
};
