import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { createAuthority } from "../../../src/demo/authority.ts";
import { startPostgres, type TestPostgres } from "../../support/postgres.ts";
import { once, upstreamsOf } from "../../support/upstream-suite.ts";

const login = { method: "trust" };
const SSL = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";

let server: TestPostgres;
let plainServer: TestPostgres;
let otherName: TestPostgres;
let directory: string;
let strangerCaFile: string;

before(async () => {
  directory = mkdtempSync(join(tmpdir(), "postern-tls-"));
  strangerCaFile = join(directory, "stranger.crt");
  writeFileSync(strangerCaFile, (await createAuthority("Stranger")).cert);
  const sql = "CREATE ROLE app LOGIN; CREATE ROLE no_tls LOGIN;";
  const hba = ["hostssl all no_tls 127.0.0.1/32 reject", "host all all 127.0.0.1/32 trust"];
  [server, plainServer, otherName] = await Promise.all([
    startPostgres({ hba, sql }),
    startPostgres({ hba: ["host all all 127.0.0.1/32 trust"], sql, tls: false }),
    startPostgres({ hba, sql, tls: ["db.example"] }),
  ]);
});

after(async () => {
  rmSync(directory, { recursive: true, force: true });
  await Promise.all([server.stop(), plainServer.stop(), otherName.stop()]);
});

const to = upstreamsOf(() => server);

interface Case {
  readonly what: string;
  readonly tls: () => Record<string, unknown>;
  readonly host?: string;
  readonly server?: () => TestPostgres;
  /** Whether the session has TLS, or the code it fails with. */
  readonly outcome: "t" | "f" | "upstream/tls";
}

const cases: readonly Case[] = [
  { what: "disable uses none", tls: () => ({ mode: "disable" }), outcome: "f" },
  { what: "prefer uses it where it is", tls: () => ({ mode: "prefer" }), outcome: "t" },
  { what: "prefer does without", tls: () => ({ mode: "prefer" }), server: () => plainServer, outcome: "f" },
  { what: "require takes any certificate", tls: () => ({ mode: "require" }), outcome: "t" },
  {
    what: "require insists",
    tls: () => ({ mode: "require" }),
    server: () => plainServer,
    outcome: "upstream/tls",
  },
  {
    what: "require with a CA file verifies it, as libpq does",
    tls: () => ({ mode: "require", caFile: strangerCaFile }),
    outcome: "upstream/tls",
  },
  { what: "verify-ca takes our CA", tls: () => ({ mode: "verify-ca", caFile: server.caFile }), outcome: "t" },
  {
    what: "verify-ca takes another name",
    tls: () => ({ mode: "verify-ca", caFile: otherName.caFile }),
    server: () => otherName,
    outcome: "t",
  },
  {
    what: "verify-ca refuses a stranger's CA",
    tls: () => ({ mode: "verify-ca", caFile: strangerCaFile }),
    outcome: "upstream/tls",
  },
  { what: "verify-full takes the right name", tls: () => ({ caFile: server.caFile }), outcome: "t" },
  {
    what: "verify-full takes the right address",
    tls: () => ({ caFile: server.caFile }),
    host: "127.0.0.1",
    outcome: "t",
  },
  {
    what: "verify-full refuses another name",
    tls: () => ({ caFile: otherName.caFile }),
    server: () => otherName,
    outcome: "upstream/tls",
  },
  { what: "verify-full needs a CA that is trusted", tls: () => ({}), outcome: "upstream/tls" },
  {
    what: "direct negotiation saves the request, from PostgreSQL 17 on",
    tls: () => ({ caFile: server.caFile, negotiation: server.major >= 17 ? "direct" : "postgres" }),
    outcome: "t",
  },
  {
    what: "direct negotiation insists on TLS whatever the mode",
    tls: () => ({ mode: "prefer", negotiation: "direct" }),
    server: () => plainServer,
    outcome: "upstream/tls",
  },
];

for (const { what, tls, host = "localhost", server: at = () => server, outcome } of cases) {
  test(`TLS to the server: ${what}`, async () => {
    const upstream = to({ login, tls: tls(), hosts: [{ host, port: at().port }] });
    if (outcome === "upstream/tls") await assert.rejects(upstream.open("app"), { code: outcome });
    else assert.deepEqual(await once(upstream, "app", SSL), [[outcome]]);
  });
}

test("prefer tries without TLS when pg_hba.conf has no line for it", async () => {
  assert.deepEqual(await once(to({ login, tls: { mode: "prefer" } }), "no_tls", SSL), [["f"]]);
  await assert.rejects(to({ login, tls: { mode: "require" } }).open("no_tls"), {
    name: "UpstreamRefused",
    sqlstate: "28000",
  });
});

test("a CA file that is replaced is used by the next login", async () => {
  const caFile = join(directory, "changing.crt");
  writeFileSync(caFile, server.authority.cert);
  const upstream = to({ login, tls: { caFile } });
  await once(upstream, "app", SSL);
  writeFileSync(caFile, (await createAuthority("Successor")).cert);
  await assert.rejects(upstream.open("app"), { code: "upstream/tls" });
});
