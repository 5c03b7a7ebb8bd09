import type { Migration } from "./migration.ts";

/**
 * Many changes in one transaction bump the revision of their kind once: each new version of the one row would be found
 * behind all those before it, so that thousands took as long as their square.
 */
export const changesAtOnce: Migration = {
  version: 6,
  name: "one revision for all changes of a transaction",
  sql: `
CREATE OR REPLACE FUNCTION tell_change() RETURNS trigger LANGUAGE plpgsql AS $body$
DECLARE
  changed jsonb := to_jsonb(CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END);
  bumped text := 'postern.revision_of_' || TG_ARGV[0];
  -- Ends with the transaction.
  now_at bigint := nullif(current_setting(bumped, true), '')::bigint;
BEGIN
  IF now_at IS NULL THEN
    INSERT INTO revisions AS r (kind, revision) VALUES (TG_ARGV[0], 1)
      ON CONFLICT (kind) DO UPDATE SET revision = r.revision + 1
      RETURNING r.revision INTO now_at;
    PERFORM set_config(bumped, now_at::text, true);
  END IF;
  PERFORM pg_notify('postern_changes',
    jsonb_build_object('kind', TG_ARGV[0], 'id', changed ->> TG_ARGV[1], 'revision', now_at)::text);
  RETURN NULL;
END
$body$;
`,
};
