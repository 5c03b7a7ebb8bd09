import assert from "node:assert/strict";
import { test } from "node:test";
import { subjectId } from "../../../src/base/ids.ts";
import { Census } from "../../../src/sessions/census.ts";

const ada = subjectId("https://issuer.test", "ada");
const ben = subjectId("https://issuer.test", "ben");

test("an identity's sessions are counted over all workers, each by what it said last", () => {
  const census = new Census();
  census.take({ worker: 1, subject: ada, sessions: 2 });
  census.take({ worker: 2, subject: ada, sessions: 5 });
  census.take({ worker: 2, subject: ada, sessions: 3 });
  census.take({ worker: 2, subject: ben, sessions: 1 });
  assert.deepEqual([census.of(ada), census.of(ben)], [5, 1]);
});

test("who asks may be left out of the count", () => {
  const census = new Census();
  census.take({ worker: 0, subject: ada, sessions: 2 });
  census.take({ worker: 1, subject: ada, sessions: 3 });
  assert.deepEqual([census.of(ada), census.of(ada, 0), census.of(ada, 2), census.of(ben, 0)], [5, 3, 5, 0]);
});

test("a worker that is gone has no sessions", () => {
  const census = new Census();
  census.take({ worker: 1, subject: ada, sessions: 2 });
  census.take({ worker: 2, subject: ada, sessions: 3 });
  census.forget(2);
  assert.deepEqual(census.list(), [{ worker: 1, subject: ada, sessions: 2 }]);
});

test("who has no session left is not kept in memory", () => {
  const census = new Census();
  census.take({ worker: 1, subject: ada, sessions: 2 });
  census.take({ worker: 1, subject: ada, sessions: 0 });
  census.take({ worker: 2, subject: ben, sessions: 0 });
  assert.deepEqual(census.list(), []);
  assert.equal(census.of(ada), 0);
});
