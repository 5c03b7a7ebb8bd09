import type { Migration } from "./migration.ts";

/** The ledger: one row a record, which is never changed or deleted by anything that Postern does. */
export const ledger: Migration = {
  version: 7,
  name: "ledger",
  sql: `
CREATE TABLE ledger (
  -- The chain: the node's name, a slash, and the chain's id.
  node text COLLATE "C" NOT NULL,
  seq bigint NOT NULL CHECK (seq > 0),
  time timestamptz NOT NULL,
  prev bytea NOT NULL CHECK (octet_length(prev) = 32),
  hash bytea NOT NULL CHECK (octet_length(hash) = 32),
  -- The line as it was sealed: jsonb would not give the same bytes back.
  record text NOT NULL,
  name text COLLATE "C" NOT NULL GENERATED ALWAYS AS (split_part(node, '/', 1)) STORED,
  PRIMARY KEY (node, seq)
);

CREATE INDEX ledger_newest ON ledger (name, time, seq);

CREATE FUNCTION ledger_only_grows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the ledger only grows' USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE TRIGGER ledger_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_only_grows();
`,
};
