/** Grants on two gateways that share a store: what is decided on one counts on the other, at once. */
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { after, before, test } from "node:test";
import pg from "pg";
import type { AccessWorld } from "../../support/access-world.ts";
import { bind, group, may, offer, role, startAccessWorld } from "../../support/access-world.ts";
import { type Ask, apiOf } from "../../support/api.ts";
import { eventually, SOON_MS, withinSeconds } from "../../support/eventually.ts";
import { type Gateway, startGateway } from "../../support/gateway.ts";
import { type KeyServer, startKeyServer } from "../../support/key-server.ts";

let world: AccessWorld;
let other: Gateway;
let chat: KeyServer;
const messages: { readonly headers: IncomingHttpHeaders; readonly body: string }[] = [];
before(async () => {
  chat = await startKeyServer();
  chat.serve((request, response) => {
    let body = "";
    request.on("data", (chunk) => {
      body += chunk;
    });
    request.on("end", () => {
      messages.push({ headers: request.headers, body });
      response.writeHead(204).end();
    });
  });
  const webhooks = [{ url: `${chat.url}/hooks/1`, secret: SECRET, events: ["access.requested.v1"] }];
  world = await startAccessWorld({ config: { webhooks } });
  other = await startGateway(world.config);
  await world.put(role("connect", may("connect", "databases", "main/*")));
  await world.put(bind("everybody", "connect", group("system:authenticated")));
  await world.put(role("writer", may("assume", "databaseroles", "ben")));
  await world.put(role("approver", may("approve", "accessrequests"), may("get", "accessrequests")));
  await world.put(bind("leads", "approver", group("leads")));
  await world.put(WRITE);
});
after(async () => {
  await other.stop();
  await world.stop();
  await chat.close();
});

const SECRET = "a secret of the chat and the gateway";

const SPEC = {
  role: { kind: "Role", name: "writer" },
  requesters: [group("engineers")],
  maxDuration: "1h",
  approvals: { by: [group("leads")] },
  breakGlass: { subjects: [group("oncall")] },
};
const WRITE = offer("write", SPEC);

/** Somebody at the other gateway. */
const there = (sub: string, ...groups: string[]): Ask => apiOf(other, world.token(sub, { groups }));
const lead = () => there("lea", "leads");

async function ask(sub: string, more = {}): Promise<{ id: string; digest: string }> {
  const wish = { offer: "write", duration: "30m", reason: "ticket 4711", ...more };
  const groups = "breakGlass" in more ? ["oncall"] : ["engineers"];
  const asked = await world.as(sub, ...groups)("POST", "/namespaces/shop/accessrequests", wish);
  assert.equal(asked.status, 201, JSON.stringify(asked.body));
  return asked.body;
}

async function granted(sub: string, more = {}): Promise<string> {
  const { id } = await ask(sub, more);
  const approved = await lead()("POST", `/accessrequests/${id}/approve`, {});
  assert.equal(approved.body.state, "active", JSON.stringify(approved.body));
  return id;
}

/** Logs in at a gateway, and says when and with what the session was ended. */
async function login(sub: string, at: Gateway = world.gateway) {
  const client = new pg.Client({
    host: "localhost",
    port: at.port,
    database: "postgres",
    user: "ben",
    password: world.token(sub, { groups: ["engineers"] }),
    ssl: { ca: world.ca },
  });
  const ended = new Promise<{ code: string | undefined; at: number }>((resolve) =>
    client.on("error", (error: Error & { code?: string }) => resolve({ code: error.code, at: Date.now() })),
  );
  await client.connect();
  return { client, ended };
}

/** Logs in as soon as the gateway has heard of the grant. */
function loginSoon(sub: string, at: Gateway) {
  return eventually("the gateway has heard of the grant", () => login(sub, at).catch(() => undefined));
}

test("what is approved at one gateway opens at both, and what is revoked at one ends at both at once", async () => {
  const id = await granted("ada");
  const sessions = [await loginSoon("ada", world.gateway), await login("ada", other)];
  const before = Date.now();
  await lead()("POST", `/accessrequests/${id}/revoke`, { note: "enough" });
  for (const { ended } of sessions) {
    const { code, at } = await ended;
    assert.equal(code, "57P01");
    assert.ok(at - before < SOON_MS, `it took ${at - before} ms`);
  }
  await assert.rejects(login("ada"), { code: "28000" });
  await assert.rejects(login("ada", other), { code: "28000" });
});

test("a grant ends by itself, and its sessions with it", async () => {
  const { bea, session } = await withinSeconds(4, async (seconds) => {
    const bea = `bea ${seconds}`;
    await granted(bea, { duration: `${seconds}s` });
    return { bea, session: await login(bea, other) };
  });
  assert.equal((await session.ended).code, "57P01");
  await assert.rejects(login(bea, other), { code: "28000" });
});

test("a grant with one use lets one session in, at whichever gateway, and that one goes on", async () => {
  await world.put(offer("once", { ...SPEC, maxUses: 1 }));
  await granted("cem", { offer: "once" });
  const { client } = await loginSoon("cem", world.gateway);
  await assert.rejects(login("cem", other), { code: "28000" });
  await assert.rejects(login("cem"), { code: "28000" });
  assert.equal((await client.query("SELECT 1 AS one")).rows[0].one, 1);
  await client.end();
});

test("attack 18: a role that is made to give more ends the grants of it, and voids what was asked for", async () => {
  await world.put(role("growing", may("assume", "databaseroles", "ben")));
  await world.put(offer("grow", { ...SPEC, role: { kind: "Role", name: "growing" } }));
  await granted("dia", { offer: "grow" });
  const { ended } = await loginSoon("dia", world.gateway);
  const { id } = await ask("eli", { offer: "grow" });
  await world.put(role("growing", may("assume", "databaseroles", "ben", "root")));
  assert.equal((await ended).code, "57P01");
  const late = await world.as("lea", "leads")("POST", `/accessrequests/${id}/approve`, {});
  assert.deepEqual([late.status, late.body.code], [409, "grants/changed"]);
});

test("break-glass opens at once, is loud in the log, and waits for its review", async () => {
  const { id } = await ask("fin", { breakGlass: true, reason: "the shop is down" });
  const { client } = await loginSoon("fin", world.gateway);
  await client.end();
  const started = await world.gateway.logged(
    (line) => line.event === "grant.started.v1" && line["grant"] === id,
  );
  assert.deepEqual([started["level"], started["way"]], ["warn", "break-glass"]);
  const due = await lead()("GET", "/accessrequests?state=all&unreviewed=true");
  assert.deepEqual(
    due.body.items.map((item: { id: string }) => item.id),
    [id],
  );
  const reviewed = await lead()("POST", `/accessrequests/${id}/review`, { note: "it was" });
  assert.equal(reviewed.body.review.note, "it was");
});

test("an extension that was approved in time lets the session go on when the first grant has ended", async () => {
  const { id, client } = await withinSeconds(5, async (seconds) => {
    const gia = `gia ${seconds}`;
    const first = await granted(gia, { duration: `${seconds}s` });
    const session = await login(gia, other);
    const extended = await world.as(gia, "engineers")("POST", `/accessrequests/${first}/extend`, {
      duration: "10m",
      reason: "not done",
    });
    assert.equal(extended.body.extends, first);
    await lead()("POST", `/accessrequests/${extended.body.id}/approve`, {});
    return { id: first, client: session.client };
  });
  await eventually("the first grant has ended", async () => {
    const { body } = await lead()("GET", `/accessrequests/${id}`);
    return body.state === "ended";
  });
  assert.equal((await client.query("SELECT 1 AS one")).rows[0].one, 1);
  await client.end();
});

test("a webhook is told of a request, once and signed, and its digest approves exactly that", async () => {
  const { id } = await ask("hal");
  const about = (body: string) => JSON.parse(body).data.about;
  const found = () => messages.find(({ body }) => about(body).id === id);
  const { headers, body } = await eventually("the message", found);
  const signed = `${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`;
  const signature = createHmac("sha256", SECRET).update(signed).digest("base64");
  assert.equal(headers["webhook-signature"], `v1,${signature}`);
  assert.equal(about(body).reason, "ticket 4711");
  const wrong = await lead()("POST", `/accessrequests/${id}/approve`, { digest: "x".repeat(43) });
  assert.equal(wrong.body.code, "grants/changed");
  const approved = await lead()("POST", `/accessrequests/${id}/approve`, { digest: about(body).digest });
  assert.equal(approved.body.state, "active");
  assert.equal(messages.filter((one) => about(one.body).id === id).length, 1);
  assert.ok(!world.gateway.output().includes("hooks/1"), "the path of a hook may be a secret");
});
