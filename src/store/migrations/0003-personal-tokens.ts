import type { Migration } from "./migration.ts";

/** People whom Postern knows by more than their tokens, and the personal access tokens that they made. */
export const personalTokens: Migration = {
  version: 3,
  name: "users and personal access tokens",
  sql: `
CREATE TABLE users (
  issuer text NOT NULL,
  subject text NOT NULL,
  username text NOT NULL,
  groups text[] NOT NULL DEFAULT '{}',
  first_seen_at timestamptz NOT NULL DEFAULT now(),
  disabled_at timestamptz,
  id text NOT NULL GENERATED ALWAYS AS (issuer || ':' || subject) STORED,
  PRIMARY KEY (issuer, subject)
);

CREATE CONSTRAINT TRIGGER users_change AFTER INSERT OR UPDATE OR DELETE ON users
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION tell_change('user', 'id');

CREATE TABLE personal_tokens (
  id text PRIMARY KEY CHECK (id ~ '^[0-9A-Za-z]{8,64}$'),
  -- A keyed hash of the secret; the secret itself is nowhere.
  hash bytea NOT NULL CHECK (octet_length(hash) = 32),
  issuer text NOT NULL,
  subject text NOT NULL,
  name text NOT NULL CHECK (name <> '' AND length(name) <= 128),
  -- Of the owner when the token was made.
  username text NOT NULL,
  groups text[] NOT NULL DEFAULT '{}',
  -- NULL: no narrower than its owner.
  roles text[],
  cidrs text[],
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL CHECK (isfinite(expires_at)),
  revoked_at timestamptz,
  revoked_by text,
  last_used_at timestamptz,
  last_used_from text,
  FOREIGN KEY (issuer, subject) REFERENCES users (issuer, subject)
);

CREATE INDEX personal_tokens_owner ON personal_tokens (issuer, subject);

-- Its last use changes nothing that anybody waits for.
CREATE CONSTRAINT TRIGGER personal_tokens_made AFTER INSERT OR DELETE ON personal_tokens
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION tell_change('token', 'id');
CREATE CONSTRAINT TRIGGER personal_tokens_change AFTER UPDATE OF
  hash, issuer, subject, username, groups, roles, cidrs, expires_at, revoked_at ON personal_tokens
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION tell_change('token', 'id');
`,
};
