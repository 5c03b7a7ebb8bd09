import type { Migration } from "./migration.ts";

/** Policy as it was applied: one row an object, with the version that a conditional change names. */
export const policyObjects: Migration = {
  version: 2,
  name: "policy objects",
  sql: `
CREATE SEQUENCE resource_versions;

CREATE TABLE policy_objects (
  kind text NOT NULL CHECK (kind <> '' AND length(kind) <= 63),
  -- Empty for kinds without a namespace.
  namespace text NOT NULL CHECK (length(namespace) <= 63),
  name text NOT NULL CHECK (name <> '' AND length(name) <= 253),
  resource_version bigint NOT NULL DEFAULT nextval('resource_versions'),
  object jsonb NOT NULL CHECK (jsonb_typeof(object) = 'object'),
  created_at timestamptz NOT NULL DEFAULT now(),
  changed_at timestamptz NOT NULL DEFAULT now(),
  -- kind/namespace/name: what a notification names.
  id text NOT NULL GENERATED ALWAYS AS (kind || '/' || namespace || '/' || name) STORED,
  PRIMARY KEY (kind, namespace, name)
);

CREATE CONSTRAINT TRIGGER policy_objects_change AFTER INSERT OR UPDATE OR DELETE ON policy_objects
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION tell_change('policy', 'id');
`,
};
