/** docs/tokens.md: its programs run, its configurations load, its tables are true. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { parseDatabaseName, parseRoleName } from "../../src/base/ids.ts";
import { noTrace } from "../../src/base/trace.ts";
import { issuerSchema } from "../../src/config/schema.ts";
import { route } from "../../src/doors/postgres/route.ts";
import { mintToken, newKeyPair } from "../../src/identity/mint.ts";
import { decide } from "../../src/policy/decide.ts";
import { clusterOf } from "../support/admission.ts";
import { bearerOf, noPolicy } from "../support/bearer.ts";
import { directoryWith } from "../support/config-files.ts";
import { assertIssued, blocks, chapter, explain, fragment } from "../support/token-examples.ts";

const pair = newKeyPair("EdDSA");

test("the program in JavaScript issues a token that Postern takes", async (t) => {
  const [program = ""] = blocks("Your own issuer", "js");
  const cwd = directoryWith(t, { "issue.mjs": program, "issuer.key": pair.privatePem });
  const printed = execFileSync(process.execPath, [join(cwd, "issue.mjs")], { cwd, encoding: "utf8" });
  await assertIssued(pair.publicPem, printed);
});

/** The chapters about issuers of others: the role that their example token gives. */
const given: Readonly<Record<string, string>> = {
  "An OpenID provider": "reporting",
  "Kubernetes service accounts": "reporting",
  "GitHub Actions": "migrations",
};

for (const [heading, role] of Object.entries(given))
  test(`${heading}: the example token gives the role ${role} and no other, and only with the audience`, async () => {
    const claims = JSON.parse(blocks(heading, "json")[0] ?? "");
    const exp = Math.floor(Date.now() / 1000) + 600;
    const ask = (changed: object, wanted: string) =>
      explain(heading, pair.publicPem, mintToken(pair.privatePem, { ...claims, exp, ...changed }), wanted);
    const allowed = await ask({}, role);
    assert.equal(allowed.message, "", JSON.stringify(allowed.steps));
    assert.equal((await ask({}, "postgres")).code, "policy/role");
    assert.equal((await ask({ aud: "another" }, role)).code, "identity/audience");
    assert.equal((await ask({ sub: "other", groups: ["other"] }, role)).code, "policy/role-claim");
    for (const issuer of fragment(heading).issuers)
      assert.doesNotThrow(() => issuerSchema.parse(issuer), "the issuer's own settings are right too");
  });

/** The cells of a chapter's table, row by row, as the text between back quotes. */
function rows(heading: string): string[][][] {
  const lines = chapter(heading).match(/^\| .+$/gm) ?? [];
  return lines.slice(1).map((line) =>
    line
      .slice(2, -1)
      .split(" |")
      .map((cell) => [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? "")),
  );
}

const server = { hosts: [{ host: "localhost" }], login: { method: "trust" } };
const peer = { address: "127.0.0.1", port: 0, tls: true };

test("the table of claims and roles is true", () => {
  const table = rows("Which role");
  assert.equal(table.length, 8);
  for (const [claims = [], path = [], roles = []] of table) {
    const cluster = clusterOf({ ...server, decide: { mode: "token", roleClaim: path[0] } });
    const permits = (name: string) => {
      const role = parseRoleName(name) ?? assert.fail(name);
      const database = parseDatabaseName("shop") ?? assert.fail();
      const wish = { cluster, database, role, door: "postgres", peer, replication: false } as const;
      return decide(bearerOf(JSON.parse(claims[0] ?? "")), wish, noTrace, noPolicy).kind === "permit";
    };
    const all = ["analyst", "clerk", "boss", "db_analyst", "everyone"];
    assert.deepEqual(all.filter(permits).sort(), [...roles].sort(), `${claims} ${path}`);
  }
});

test("the table of clusters is true", () => {
  const { clusters } = fragment("Which cluster");
  const configured = clusters.map((cluster) => clusterOf({ ...server, ...cluster }));
  const table = rows("Which cluster");
  assert.equal(table.length, 4);
  for (const [[host] = [], [asked = ""] = [], [database, name] = []] of table) {
    const found = route(configured, "main", host, asked);
    assert.deepEqual([found.database, found.cluster?.name], [database, name], `${host} ${asked}`);
  }
});
