/**
 * The doors in front of older PostgreSQL: the tables of test/e2e and what touches the server most of test/attack and
 * test/fault. Everything else runs with PostgreSQL 18.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startPostgres } from "../../support/postgres.ts";
import {
  type OtherPostgres,
  otherPostgres,
  runAgainst,
  VERSIONS,
  versionsMissing,
} from "./postgres-versions.ts";
import type { Ended } from "./suite-reporter.ts";

/** What reads the catalog, and roles, settings and logins, which are not the same in any two versions. */
const EACH: Readonly<Record<string, string>> = {
  "e2e/rest/reading.test.ts": "reading over HTTP",
  "e2e/rest/embedding.test.ts": "embedding",
  "e2e/rest/writing.test.ts": "writing and upserts",
  "e2e/rest/functions.test.ts": "functions",
  "e2e/rest/openapi.test.ts": "the description at the root",
  "e2e/rest/schema-cache.test.ts": "loading the catalog",
  "e2e/rest/in-database.test.ts": "settings in the database",
  "e2e/rest/database-settings.test.ts": "settings of roles and functions",
  "e2e/login.test.ts": "logging in over the wire",
  "e2e/upstream/logins.test.ts": "SCRAM, MD5 and certificates to the server",
  "e2e/upstream/session.test.ts": "sessions and cancelling",
  "attack/12-rest-roles.test.ts": "roles and their settings",
};

/** Where versions hardly differ. The oldest and 18 speak for those between, which saves minutes. */
const OLDEST: Readonly<Record<string, string>> = {
  "e2e/rest/representations.test.ts": "media types and representations",
  "e2e/rest/protocol.test.ts": "HTTP",
  "e2e/protocol.test.ts": "PostgreSQL's protocol",
  "e2e/upstream/tls.test.ts": "TLS to the server",
  "e2e/upstream/protocol-version.test.ts": "negotiating the version of the protocol",
  "e2e/upstream/terminate.test.ts": "ending a server process",
  "e2e/upstream/pool/transactions.test.ts": "transactions of the pool",
  "e2e/upstream/pool/connections.test.ts": "connections of the pool",
  "attack/15-rest-race.test.ts": "no request sees another's role",
  "attack/23-account-state.test.ts": "the state of accounts",
  "fault/pool.test.ts": "recovery of the pool",
};

/** Makes the tests of one version. Each has a file of its own, whose time is bounded. */
export function testPostgres(major: (typeof VERSIONS)[number]): void {
  const files = major === VERSIONS[0] ? { ...EACH, ...OLDEST } : EACH;
  describe(`PostgreSQL ${major}`, { skip: versionsMissing() ?? false }, () => {
    let other: OtherPostgres;
    let ended: readonly Ended[];
    before(async () => {
      other = await otherPostgres(major);
      ended = await runAgainst(other.native, Object.keys(files));
    });
    after(() => other?.[Symbol.dispose]());

    test(`PostgreSQL ${major} is what was installed`, async () => {
      const server = await startPostgres({ native: other.native });
      await server.stop();
      assert.equal(server.major, major);
    });

    for (const [file, what] of Object.entries(files))
      test(`PostgreSQL ${major}: ${what}`, () => {
        const result = ended.find((one) => one.file === file);
        assert.deepEqual(result?.failures, []);
        assert.ok(result.passed > 0, `${file} ran no test`);
      });
  });
}
