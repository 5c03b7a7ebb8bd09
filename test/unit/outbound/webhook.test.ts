import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock } from "../../../src/base/clock.ts";
import { Secret } from "../../../src/base/secret.ts";
import { webhookPost } from "../../../src/outbound/webhook.ts";
import { startKeyServer } from "../../support/key-server.ts";

const hook = (url: string, more = {}) => ({
  url,
  secret: new Secret("x".repeat(32)),
  events: undefined,
  timeout: 300,
  caFile: undefined,
  refusePrivateNetworks: false,
  ...more,
});

test("a message is posted as JSON with its headers, and the answer's status comes back", async (t) => {
  const server = await startKeyServer();
  t.after(() => server.close());
  let received = "";
  server.serve((request, response) => {
    request.on("data", (chunk) => {
      received += chunk;
    });
    request.on("end", () => response.writeHead(202).end());
  });
  const post = webhookPost(systemClock, new AbortController().signal);
  assert.equal(await post(hook(`${server.url}/hooks/1`), "msg_1", '{"type":"x"}'), 202);
  const [request] = server.requests;
  assert.equal(received, '{"type":"x"}');
  assert.deepEqual(
    [request?.method, request?.url, request?.headers["content-type"], request?.headers["webhook-id"]],
    ["POST", "/hooks/1", "application/json", "msg_1"],
  );
});

test("redirects are not followed, silence is not waited for, private networks can be refused, and all is called off", async (t) => {
  const server = await startKeyServer();
  t.after(() => server.close());
  const stop = new AbortController();
  const post = webhookPost(systemClock, stop.signal);
  server.serve((_, response) => response.writeHead(302, { location: "/elsewhere" }).end());
  await assert.rejects(post(hook(server.url), "msg_1", "{}"), /redirects are not followed/);
  server.serve(() => {});
  await assert.rejects(post(hook(server.url), "msg_1", "{}"), /no whole answer within 300 ms/);
  await assert.rejects(
    post(hook(server.url, { refusePrivateNetworks: true }), "msg_1", "{}"),
    /private address/,
  );
  const waiting = post(hook(server.url, { timeout: 30_000 }), "msg_1", "{}");
  stop.abort();
  await assert.rejects(waiting, /called off/);
});
