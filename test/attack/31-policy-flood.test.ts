/** Somebody who may write policy objects, and writes all that is taken. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { deletePolicyObject, putPolicyObject, StoredPolicyObjects } from "../../src/store/policy-objects.ts";
import type { TestPostgres } from "../support/postgres.ts";
import { startPostgres } from "../support/postgres.ts";
import { createStoreDatabase, freshStore } from "../support/store.ts";

let postgres: TestPostgres;
before(async () => {
  postgres = await startPostgres();
  await createStoreDatabase(postgres);
});
after(() => postgres.stop());

const key = (name: string) => ({ kind: "RoleBinding", namespace: "prod", name });
const tooLarge = { code: "store/too-large" };

test("attack 31: more policy objects than a node reads are not written, and there is a way back", async (t) => {
  const { store } = await freshStore(t, postgres);
  await store.query("ALTER TABLE policy_objects DISABLE TRIGGER USER"); // nobody has to be told of each
  await store.query(
    `INSERT INTO policy_objects (kind, namespace, name, object)
     SELECT 'RoleBinding', 'prod', 'flood-' || n, '{}' FROM generate_series(1, 19900) n`,
  );
  await assert.rejects(putPolicyObject(store, key("one-more"), {}, { kind: "absent" }), tooLarge);
  await putPolicyObject(store, key("flood-1"), { changed: true });
  assert.equal((await new StoredPolicyObjects(store).list()).length, 19_900);
  assert.equal(await deletePolicyObject(store, key("flood-2")), true);
  await putPolicyObject(store, key("one-more"), {}, { kind: "absent" });
});

test("attack 31: policy objects are not written that would take every node's memory", async (t) => {
  const { store } = await freshStore(t, postgres);
  await store.query("ALTER TABLE policy_objects DISABLE TRIGGER USER"); // nobody has to be told of each
  await store.query(
    `INSERT INTO policy_objects (kind, namespace, name, object)
     SELECT 'RoleBinding', 'prod', 'large-' || n, jsonb_build_object('filler', repeat('x', 1024 * 1024)) FROM generate_series(1, 63) n`,
  );
  const filler = "x".repeat(250 * 1024);
  for (const name of ["a", "b", "c", "d"]) await putPolicyObject(store, key(name), { filler });
  await assert.rejects(putPolicyObject(store, key("e"), { filler }), tooLarge);
  await putPolicyObject(store, key("a"), { filler });
});
