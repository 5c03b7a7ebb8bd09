import type { Migration } from "./migration.ts";

/** Nodes, and the sessions that they have. Nothing is decided by it: it is there to be looked at, and to end sessions by. */
export const sessions: Migration = {
  version: 5,
  name: "nodes and their sessions",
  sql: `
CREATE TABLE nodes (
  id text PRIMARY KEY,
  name text NOT NULL,
  started_at timestamptz NOT NULL DEFAULT now(),
  beat_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE sessions (
  id text PRIMARY KEY,
  node text NOT NULL REFERENCES nodes (id) ON DELETE CASCADE,
  door text NOT NULL,
  subject text NOT NULL,
  username text NOT NULL,
  cluster text NOT NULL,
  database text NOT NULL,
  role text NOT NULL,
  rule text NOT NULL,
  address text NOT NULL,
  backend_pid integer,
  started_at timestamptz NOT NULL,
  until timestamptz,
  -- Somebody wants it ended.
  end_wanted_at timestamptz,
  end_wanted_by text
);

CREATE INDEX sessions_node ON sessions (node);

-- Sessions come and go all the time; nodes hear only of what they have to do.
CREATE CONSTRAINT TRIGGER sessions_end AFTER UPDATE OF end_wanted_at ON sessions
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION tell_change('session', 'id');
`,
};
