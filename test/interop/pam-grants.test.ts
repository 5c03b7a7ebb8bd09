/** PostgreSQL 15 that is not behind Postern obeys the same bindings, grants and personal tokens, by PAM. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { AccessWorld } from "../support/access-world.ts";
import { bind, group, may, putWriteOffer, role, startAccessWorld, user } from "../support/access-world.ts";
import type { PamServer } from "../support/pam.ts";
import { pamMissing, startPamServer } from "../support/pam.ts";

const SKIPPED = process.env["CI"] === "true" ? false : pamMissing;

describe("PAM and grants", { skip: SKIPPED }, () => {
  let server: PamServer;
  let world: AccessWorld;

  before(async () => {
    server = await startPamServer("CREATE ROLE reports LOGIN; CREATE ROLE writer LOGIN");
    const path = join(server.directory, "door.sock");
    const pam = { unixSocket: { path, mode: "666" }, database: "orders", endSessions: true };
    world = await startAccessWorld({ config: async () => ({ doors: { pam } }) });
    const line = `${server.module} socket=${path}`;
    server.use({ auth: line, account: line });
    await world.put(role("connect", may("connect", "databases", "main/orders")));
    await world.put(bind("everybody", "connect", group("system:authenticated")));
    await world.put(role("reports", may("assume", "databaseroles", "reports")));
    await world.put(bind("ada", "reports", user("ada")));
    // Personal tokens are in no namespace.
    const { metadata: _, ...tokens } = role("tokens", may("create", "personaltokens"));
    await world.put({ ...tokens, kind: "ClusterRole", metadata: { name: "tokens" } });
    const { metadata: __, ...everybody } = bind("tokens", "tokens", group("system:authenticated"));
    const roleRef = { kind: "ClusterRole", name: "tokens" };
    await world.put({ ...everybody, kind: "ClusterRoleBinding", metadata: { name: "tokens" }, roleRef });
    await world.put(role("writer", may("assume", "databaseroles", "writer")));
    await putWriteOffer(world);
  });
  after(async () => {
    await world?.stop();
    await server?.stop();
  });

  const closed = (as: string, credential: string) =>
    assert.rejects(server.psql(as, credential), {
      message: new RegExp(`PAM authentication failed for user "${as}"`),
    });

  test("a binding opens a role to its subject, and to nobody else", async () => {
    assert.equal(await server.psql("reports", world.token("ada")), "reports");
    await closed("reports", world.token("ben"));
    await closed("writer", world.token("ada"));
  });

  test("a personal access token opens what its owner may, from where it may, until it is revoked", async () => {
    const create = async (name: string, more = {}) => {
      const answer = await world.as("ada")("POST", "/tokens", { name, expiresIn: "1h", ...more });
      assert.equal(answer.status, 201, JSON.stringify(answer.body));
      return answer.body as { readonly token: string; readonly listed: { readonly id: string } };
    };
    const { token, listed } = await create("laptop");
    assert.equal(await server.psql("reports", token), "reports");
    await closed("writer", token);
    await closed("reports", (await create("office", { cidrs: ["10.0.0.0/8"] })).token);
    assert.equal(
      await server.psql("reports", (await create("here", { cidrs: ["127.0.0.0/8"] })).token),
      "reports",
    );
    const revoked = await world.as("ada")("DELETE", `/tokens/${listed.id}`);
    assert.equal(revoked.status, 200, JSON.stringify(revoked.body));
    await closed("reports", token);
  });

  test("a request that a colleague approves opens the role, and its revocation ends the session within seconds", async () => {
    const token = world.token("eve", { groups: ["engineers"] });
    await closed("writer", token);
    const asked = await world.as("eve", "engineers")("POST", "/namespaces/shop/accessrequests", {
      offer: "write",
      duration: "30m",
      reason: "ticket 4711",
    });
    await closed("writer", token);
    const lead = world.as("lea", "leads");
    const path = `/accessrequests/${asked.body.id}`;
    const approved = await lead("POST", `${path}/approve`, { digest: asked.body.digest });
    assert.equal(approved.body.state, "active");
    const before = new Set(world.gateway.log);
    const session = assert.rejects(server.psql("writer", token, "SELECT pg_sleep(60)"), {
      message: /terminating connection due to administrator command/,
    });
    await world.gateway.logged(
      ({ event, door, role: as }) => event === "login.allowed.v1" && door === "pam" && as === "writer",
    );
    await world.gateway.logged((line) => line.event === "session.started.v1" && !before.has(line));
    await lead("POST", `${path}/revoke`, { note: "done" });
    await session;
    await closed("writer", token);
  });
});
