/** PyPI's postgrest as a client of the REST door, over TLS; python/postgrest_checks.py is the program. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { createAuthority } from "../../src/demo/authority.ts";
import { mintToken, newKeyPair } from "../../src/identity/mint.ts";
import type { RestWorld } from "../support/rest.ts";
import { startLibrary } from "./rest/library.ts";
import type { Run } from "./support/program.ts";
import { runProgram } from "./support/program.ts";
import { missing, prepare } from "./support/toolchains.ts";

const CHECKS = [
  "reads with each of its filters",
  "has no method that is not tried here",
  "embeds, and filters, orders and limits what is embedded",
  "orders by several columns, nulls first",
  "counts the rows beside a range of them, and without reading any",
  "reads one object, or none",
  "leaves nulls out",
  "reads CSV and plans",
  "inserts, upserts, updates and deletes",
  "is told which constraint is violated",
  "calls functions",
  "switches to another schema",
  "works asynchronously, many requests at once",
  "gives a query up, which ends on the server",
  "does not trust a server certificate of another CA",
  "is refused with a wrong token, an expired one, and none",
];

const SKIPPED = process.env["CI"] === "true" ? undefined : missing("python");

describe("postgrest-py", { skip: SKIPPED === undefined ? false : `skipped: ${SKIPPED}` }, () => {
  const directory = mkdtempSync(join(tmpdir(), "postern-rest-interop-"));
  let world: RestWorld;
  let run: Run;

  before(async () => {
    const [authority, other] = await Promise.all([createAuthority(), createAuthority("Another CA")]);
    const { cert, key } = await authority.server(["localhost"]);
    const file = (name: string, text: string) => {
      writeFileSync(join(directory, name), text, { mode: 0o600 });
      return join(directory, name);
    };
    world = await startLibrary({
      env: {
        POSTERN__DOORS__REST__TLS__CERT_FILE: file("server.crt", cert),
        POSTERN__DOORS__REST__TLS__KEY_FILE: file("server.key", key),
      },
    });
    const now = Math.floor(Date.now() / 1000);
    run = await runProgram((await prepare("python"))("postgrest_checks"), {
      REST_URL: `https://localhost:${world.gateway.port}`,
      REST_CA: file("ca.crt", authority.cert),
      OTHER_CA: file("other-ca.crt", other.cert),
      TOKEN: world.token("web"),
      EXPIRED_TOKEN: world.token("web", { exp: now - 600 }),
      WRONG_TOKEN: mintToken(newKeyPair("ES256").privatePem, { role: "web", exp: now + 600 }),
    });
  });
  after(async () => {
    await world?.stop();
    rmSync(directory, { recursive: true });
  });

  for (const check of CHECKS)
    test(`postgrest-py ${check}`, () => {
      const result = run.results.find((line) => line.check === check);
      assert(result?.ok, result?.error ?? run.said);
    });

  test("postgrest-py does what is expected of it and nothing else", () => {
    assert.deepEqual(
      run.results.map(({ check }) => check),
      CHECKS,
      run.said,
    );
  });
});
