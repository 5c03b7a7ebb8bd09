import type { Migration } from "./migration.ts";

/**
 * How every node learns of a change: a trigger bumps the revision of its kind and notifies, in the transaction of the
 * change, so that nobody can forget it. The notification arrives when the transaction is committed (PostgreSQL docs,
 * "NOTIFY"); the revision tells who missed it.
 *
 * The trigger is deferred, so that the lock on the revision's row is held for the commit only.
 */
export const changes: Migration = {
  version: 1,
  name: "revisions and notifications of changes",
  sql: `
CREATE TABLE revisions (
  kind text PRIMARY KEY,
  revision bigint NOT NULL
);

-- TG_ARGV: the kind, and the column that names the object.
CREATE FUNCTION tell_change() RETURNS trigger LANGUAGE plpgsql AS $body$
DECLARE
  changed jsonb := to_jsonb(CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END);
  now_at bigint;
BEGIN
  INSERT INTO revisions AS r (kind, revision) VALUES (TG_ARGV[0], 1)
    ON CONFLICT (kind) DO UPDATE SET revision = r.revision + 1
    RETURNING r.revision INTO now_at;
  PERFORM pg_notify('postern_changes',
    jsonb_build_object('kind', TG_ARGV[0], 'id', changed ->> TG_ARGV[1], 'revision', now_at)::text);
  RETURN NULL;
END
$body$;
`,
};
