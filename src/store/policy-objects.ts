import { z } from "zod";
import { StoreError } from "./errors.ts";
import type { Queries, Row } from "./queries.ts";

/** What names a policy object; `namespace` is empty for kinds without one. */
export interface ObjectKey {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

export interface StoredObject extends ObjectKey {
  /** Another one after each change; who changes an object says which one he saw. */
  readonly resourceVersion: number;
  /** As it was applied; who reads it validates it again. */
  readonly object: Readonly<Record<string, unknown>>;
}

/** What must be there for a change to be made. */
export type Expected =
  | { readonly kind: "any" }
  | { readonly kind: "absent" }
  | { readonly kind: "version"; readonly resourceVersion: number };

/** ~1.5 times the size at which decisions were measured; more is a mistake that would take every node's memory. */
const MAX_OBJECTS = 20_000;
/** etcd's limit for an object of Kubernetes is 1.5 MB; a policy object that large cannot be read by people. */
const MAX_OBJECT_BYTES = 256 * 1024;
/** How many are written, so that writes at the same moment do not come to more than are read. */
const MAX_WRITTEN = MAX_OBJECTS - 100;
/** Every node holds all of them, as written and as understood: 20,000 bindings of ten subjects each are half of that. */
const MAX_TOTAL_BYTES = 64 * 1024 * 1024;

const rowSchema = z
  .object({
    kind: z.string(),
    namespace: z.string(),
    name: z.string(),
    resource_version: z.number(),
    object: z.record(z.string(), z.unknown()),
  })
  .transform(
    ({ resource_version: resourceVersion, ...rest }): StoredObject => ({ ...rest, resourceVersion }),
  );

const COLUMNS = "kind, namespace, name, resource_version, object";

/**
 * Every object, read again and again. What did not change since is not sent again, and is the very same object as
 * before: a node reads thousands to learn that one is gone.
 */
export class StoredPolicyObjects {
  readonly #store: Queries;
  /** By resource version, which no two objects share, now or ever. */
  #known: ReadonlyMap<number, StoredObject> = new Map();

  constructor(store: Queries) {
    this.#store = store;
  }

  /**
   * All of them, in one snapshot, in a fixed order.
   * @throws StoreError store/too-large when there are more than a node takes up: half a policy is none
   */
  async list(): Promise<readonly StoredObject[]> {
    const before = this.#known;
    // A key of a JSON object is found by bisection, whatever the planner knows of the table: a join may be a loop in a loop.
    const rows = await this.#store.query(
      `SELECT kind, namespace, name, resource_version, CASE WHEN $1::jsonb ? resource_version::text THEN NULL ELSE object END AS object
       FROM policy_objects ORDER BY kind, namespace, name LIMIT ${MAX_OBJECTS + 1}`,
      [JSON.stringify(Object.fromEntries([...before.keys()].map((version) => [version, 0])))],
    );
    if (rows.length > MAX_OBJECTS)
      throw new StoreError("store/too-large", `more than ${MAX_OBJECTS} policy objects are stored`);
    const objects = rows.map((row) => before.get(Number(row["resource_version"])) ?? rowSchema.parse(row));
    this.#known = new Map(objects.map((object) => [object.resourceVersion, object]));
    return objects;
  }
}

/**
 * Makes or replaces an object and returns it as it is now.
 * @throws StoreError store/too-large when it, or all of them together, would be more than a node takes up
 * @throws StoreError store/conflict when something else is there than was expected
 */
export async function putPolicyObject(
  queries: Queries,
  key: ObjectKey,
  object: Readonly<Record<string, unknown>>,
  expected: Expected = { kind: "any" },
): Promise<StoredObject> {
  const text = JSON.stringify(object);
  if (Buffer.byteLength(text) > MAX_OBJECT_BYTES)
    throw new StoreError("store/too-large", `a policy object is larger than ${MAX_OBJECT_BYTES} bytes`);
  await refuseFull(queries, key, Buffer.byteLength(text));
  const [row] = await putRow(queries, key, text, expected);
  if (row === undefined)
    throw new StoreError("store/conflict", `${key.kind} ${key.name} is not what it was expected to be`);
  return rowSchema.parse(row);
}

/** One that is written nevertheless would be read by no node, nor anything else: whoever may write one could shut out all. */
async function refuseFull(
  queries: Queries,
  { kind, namespace, name }: ObjectKey,
  size: number,
): Promise<void> {
  const [others] = await queries.query(
    `SELECT count(*) AS objects, coalesce(sum(octet_length(object::text)), 0)::bigint AS bytes FROM policy_objects
     WHERE (kind, namespace, name) <> ($1, $2, $3)`,
    [kind, namespace, name],
  );
  if (Number(others?.["objects"]) >= MAX_WRITTEN)
    throw new StoreError("store/too-large", `${MAX_WRITTEN} policy objects are stored already`);
  if (Number(others?.["bytes"]) + size > MAX_TOTAL_BYTES)
    throw new StoreError("store/too-large", `policy objects would take more than ${MAX_TOTAL_BYTES} bytes`);
}

const REPLACED = "object = $4::jsonb, resource_version = nextval('resource_versions'), changed_at = now()";

function putRow(queries: Queries, key: ObjectKey, text: string, expected: Expected): Promise<readonly Row[]> {
  const values = [key.kind, key.namespace, key.name, text];
  const insert =
    "INSERT INTO policy_objects (kind, namespace, name, object) VALUES ($1, $2, $3, $4::jsonb) ON CONFLICT (kind, namespace, name)";
  switch (expected.kind) {
    case "any":
      return queries.query(`${insert} DO UPDATE SET ${REPLACED} RETURNING ${COLUMNS}`, values);
    case "absent":
      return queries.query(`${insert} DO NOTHING RETURNING ${COLUMNS}`, values);
    case "version":
      return queries.query(
        `UPDATE policy_objects SET ${REPLACED} WHERE kind = $1 AND namespace = $2 AND name = $3 AND resource_version = $5 RETURNING ${COLUMNS}`,
        [...values, expected.resourceVersion],
      );
    default:
      return expected satisfies never;
  }
}

/** Deletes an object, when it is (still) what was expected. Returns whether it did. */
export async function deletePolicyObject(
  queries: Queries,
  key: ObjectKey,
  resourceVersion?: number,
): Promise<boolean> {
  const rows = await queries.query(
    "DELETE FROM policy_objects WHERE kind = $1 AND namespace = $2 AND name = $3 AND ($4::bigint IS NULL OR resource_version = $4) RETURNING name",
    [key.kind, key.namespace, key.name, resourceVersion ?? null],
  );
  return rows.length > 0;
}
