import type { Migration } from "./migration.ts";

/**
 * Access requests and the grants that they become, one row for both. What was asked and decided is in the document;
 * columns are what is looked for, and what counting a use changes.
 */
export const accessRequests: Migration = {
  version: 4,
  name: "access requests and grants",
  sql: `
CREATE TABLE access_requests (
  id text PRIMARY KEY CHECK (id ~ '^[0-9a-f]{16}$'),
  issuer text NOT NULL,
  subject text NOT NULL,
  namespace text NOT NULL,
  offer text NOT NULL,
  way text NOT NULL,
  state text NOT NULL,
  -- Whether something can still happen to it.
  open boolean NOT NULL,
  unreviewed boolean NOT NULL,
  created_at timestamptz NOT NULL,
  -- When its grant ends by itself.
  until timestamptz CHECK (isfinite(until)),
  max_uses integer CHECK (max_uses > 0),
  uses integer NOT NULL DEFAULT 0 CHECK (uses >= 0 AND (max_uses IS NULL OR uses <= max_uses)),
  document jsonb NOT NULL CHECK (jsonb_typeof(document) = 'object')
);

CREATE INDEX access_requests_open ON access_requests (issuer, subject) WHERE open;
CREATE INDEX access_requests_newest ON access_requests (created_at DESC, id);

-- Which sessions used a grant: one that asks twice counts once.
CREATE TABLE grant_uses (
  request text NOT NULL REFERENCES access_requests (id),
  session text NOT NULL,
  used_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (request, session)
);

CREATE CONSTRAINT TRIGGER access_requests_made AFTER INSERT OR DELETE ON access_requests
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION tell_change('grant', 'id');
-- That a grant was used concerns nobody, until it was used up.
CREATE CONSTRAINT TRIGGER access_requests_change AFTER UPDATE OF state, document ON access_requests
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
  WHEN (OLD.state IS DISTINCT FROM NEW.state OR OLD.document IS DISTINCT FROM NEW.document)
  EXECUTE FUNCTION tell_change('grant', 'id');
`,
};
