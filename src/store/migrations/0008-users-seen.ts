import type { Migration } from "./migration.ts";

/**
 * Users are all who were seen, not only those with tokens, so that anybody can be disabled. When somebody was seen last
 * changes nothing that a node waits for: only what does is told.
 */
export const usersSeen: Migration = {
  version: 8,
  name: "users who were seen, and why one is disabled",
  sql: `
DROP TRIGGER users_change ON users;

ALTER TABLE users
  -- NULL: disabled before they ever came.
  ALTER COLUMN first_seen_at DROP NOT NULL,
  ALTER COLUMN first_seen_at DROP DEFAULT,
  ADD COLUMN last_seen_at timestamptz,
  -- When their issuer last said so; what is there already counts from now on.
  ADD COLUMN groups_seen_at timestamptz DEFAULT now(),
  ADD COLUMN disabled_by text,
  ADD COLUMN disabled_reason text;
ALTER TABLE users ALTER COLUMN groups_seen_at DROP DEFAULT;

CREATE CONSTRAINT TRIGGER users_made AFTER INSERT ON users
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
  WHEN (NEW.disabled_at IS NOT NULL) EXECUTE FUNCTION tell_change('user', 'id');
CREATE CONSTRAINT TRIGGER users_gone AFTER DELETE ON users
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION tell_change('user', 'id');
CREATE CONSTRAINT TRIGGER users_change AFTER UPDATE ON users
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
  WHEN ((OLD.username, OLD.groups, OLD.disabled_at) IS DISTINCT FROM (NEW.username, NEW.groups, NEW.disabled_at))
  EXECUTE FUNCTION tell_change('user', 'id');

CREATE INDEX users_disabled ON users (issuer, subject) WHERE disabled_at IS NOT NULL;
`,
};
