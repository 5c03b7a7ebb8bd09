import assert from "node:assert/strict";
import { test } from "node:test";
import type { Event } from "../../../../src/base/event.ts";
import { Secret } from "../../../../src/base/secret.ts";
import { JIT_PATH } from "../../../../src/doors/control/api/jit.ts";
import { API_ROOT } from "../../../../src/doors/control/api/openapi.ts";
import { apiRoutes } from "../../../../src/doors/control/api/routes.ts";
import { createApp } from "../../../../src/doors/control/app.ts";
import { controlErrors } from "../../../../src/doors/control/errors.ts";
import type { Permission } from "../../../../src/doors/control/permission.ts";
import { routes } from "../../../../src/doors/control/routes.ts";
import type { Readiness, Running } from "../../../../src/doors/control/running.ts";
import { testFeature } from "../../../support/feature.ts";

const TOKEN = "0123456789abcdef0123456789abcdef";
const READY: Readiness = { ready: true, checks: [{ check: "keys", ok: true }] };

/** The socket that the server would hand in. */
const bindings = { incoming: { socket: { remoteAddress: "::ffff:192.0.2.7", remotePort: 5000 } } };

function appWith(running: Partial<Running> = {}, token?: string) {
  const events: Event[] = [];
  const whole: Running = {
    logins: () => assert.fail("no login is asked about"),
    api: () => assert.fail("the API is not asked"),
    readiness: async () => READY,
    metrics: async () => ({ text: "postern_sessions 1\n", mediaType: "text/plain; version=0.0.4" }),
    catalog: async () => '{"dbTables": []}',
    configuration: async () => '{"issuers": []}',
    ...running,
  };
  const secret = token === undefined ? undefined : new Secret(token);
  const app = createApp({
    routes,
    running: whole,
    observe: (event) => events.push(event),
    token: () => secret,
  });
  const ask = (path: string, authorization?: string, method = "GET") =>
    app.request(
      path,
      { method, ...(authorization === undefined ? {} : { headers: { authorization } }) },
      bindings,
    );
  return { app, ask, events };
}

/** What each permission says to a request without a token while one is set. Total: a new permission must say. */
const STATUS_WITHOUT_TOKEN: Readonly<Record<Permission, number>> = { public: 200, operator: 401 };

test("every route that is mounted declares the permission that it needs", () => {
  const { app } = appWith();
  const mounted = app.routes.map(({ method, path }) => `${method} ${path}`);
  const declared = routes
    .filter(({ permission }) => permission in STATUS_WITHOUT_TOKEN)
    .map(({ method, path }) => `${method} ${path}`);
  const ofApi = apiRoutes.map(
    ({ method, path }) => `${method} ${API_ROOT}${path.replaceAll(/\{(\w+)\}/g, ":$1")}`,
  );
  // A login that is asked about has no operator; what access says of its credential decides.
  assert.deepEqual(mounted, [...declared, `POST ${API_ROOT}${JIT_PATH}`, ...ofApi]);
});

for (const { method, path } of apiRoutes)
  test(`${method} ${path} of the API answers nobody who does not say who they are`, async () => {
    const { app } = appWith();
    const at = `${API_ROOT}${path.replaceAll(/\{\w+\}/g, "x")}`;
    const response = await app.request(at, { method }, bindings);
    assert.equal(response.status, 401);
    assert.match(response.headers.get("www-authenticate") ?? "", /^Bearer/);
  });

for (const { path, permission } of routes) {
  test(`${path} keeps to its permission, which is ${permission}`, async () => {
    const { ask } = appWith({}, TOKEN);
    assert.equal((await ask(path)).status, STATUS_WITHOUT_TOKEN[permission]);
    assert.equal((await ask(path, "Bearer wrong")).status, STATUS_WITHOUT_TOKEN[permission]);
    assert.equal((await ask(path, `Bearer ${TOKEN}`)).status, 200);
  });

  test(`${path} is open to whoever reaches the listener while no token is set`, async () => {
    assert.equal((await appWith().ask(path)).status, 200);
  });

  test(`${path} says that its answer is for no cache`, async () => {
    assert.equal((await appWith().ask(path)).headers.get("cache-control"), "no-store");
  });
}

const LOCAL = { incoming: { socket: { remoteAddress: "::1", remotePort: 5000 } } };
const UNIX_SOCKET = { incoming: { socket: {} } };
for (const { who, token, from, authorization, sees } of [
  { who: "a stranger", token: undefined, from: bindings, authorization: undefined, sees: false },
  {
    who: "a stranger with some token",
    token: undefined,
    from: bindings,
    authorization: "Bearer x",
    sees: false,
  },
  {
    who: "a stranger without the token",
    token: TOKEN,
    from: bindings,
    authorization: undefined,
    sees: false,
  },
  { who: "the token's bearer", token: TOKEN, from: bindings, authorization: `Bearer ${TOKEN}`, sees: true },
  { who: "this machine", token: undefined, from: LOCAL, authorization: undefined, sees: true },
  { who: "this machine's socket", token: undefined, from: UNIX_SOCKET, authorization: undefined, sees: true },
  { who: "this machine without the token", token: TOKEN, from: LOCAL, authorization: undefined, sees: false },
]) {
  test(`attack 28: /readyz ${sees ? "shows its checks, with names," : "tells no name"} to ${who}`, async () => {
    const headers = authorization === undefined ? {} : { authorization };
    const response = await appWith({}, token).app.request("/readyz", { headers }, from);
    assert.equal(response.status, 200);
    assert.deepEqual(await response.json(), sees ? READY : { ready: true });
  });
}

for (const [what, authorization] of [
  ["nothing", undefined],
  ["an empty token", "Bearer "],
  ["another token of the same length", `Bearer ${TOKEN.replace("0", "1")}`],
  ["the beginning of the token", `Bearer ${TOKEN.slice(0, -1)}`],
  ["the token and more", `Bearer ${TOKEN}0`],
  ["the token by another scheme", `Basic ${TOKEN}`],
  ["the bare token", TOKEN],
  ["two tokens", `Bearer ${TOKEN} ${TOKEN}`],
] as const) {
  test(`/metrics with ${what} is refused, and the log gets to know without the token`, async () => {
    const { ask, events } = appWith({}, TOKEN);
    const response = await ask("/metrics", authorization);
    assert.equal(response.status, 401);
    assert.equal(response.headers.get("www-authenticate"), 'Bearer realm="postern"');
    assert.deepEqual(await response.json(), {
      code: "control/unauthorized",
      message: controlErrors["control/unauthorized"].publicMessage,
    });
    assert.deepEqual(events, [
      {
        event: "connection.refused.v1",
        session: undefined,
        door: "control",
        peer: { address: "192.0.2.7", port: 5000, tls: false },
        code: "control/unauthorized",
        detail: "GET /metrics without the token",
      },
    ]);
  });
}

test("the token's scheme may be written in any letter case", async () => {
  assert.equal((await appWith({}, TOKEN).ask("/metrics", `bearer ${TOKEN}`)).status, 200);
});

test("/readyz says 200 and each check while logins can succeed", async () => {
  const response = await appWith({}, TOKEN).ask("/readyz", `Bearer ${TOKEN}`);
  assert.equal(response.status, 200);
  assert.deepEqual(await response.json(), READY);
});

test("/readyz says 503 and which check failed while they cannot", async () => {
  const readiness = { ready: false, checks: [{ check: "keys", ok: false, detail: "no key of issuer corp" }] };
  const response = await appWith({ readiness: async () => readiness }, TOKEN).ask(
    "/readyz",
    `Bearer ${TOKEN}`,
  );
  assert.equal(response.status, 503);
  assert.deepEqual(await response.json(), readiness);
});

test("/livez answers although nothing else works", async () => {
  const broken = async () => assert.fail("it is broken");
  const response = await appWith({ readiness: broken, metrics: broken }).ask("/livez");
  assert.deepEqual([response.status, await response.json()], [200, { live: true }]);
});

for (const [ready, status] of [
  [true, 200],
  [false, 503],
] as const) {
  testFeature(
    { feature: "admin.ready" },
    `/ready answers ${status} without a body, as PostgREST's`,
    async () => {
      const response = await appWith({ readiness: async () => ({ ready, checks: [] }) }).ask("/ready");
      assert.deepEqual([response.status, await response.text()], [status, ""]);
    },
  );
}

testFeature(
  { feature: "admin.live" },
  "/live answers 200 without a body, whatever is wrong elsewhere",
  async () => {
    const broken = async () => assert.fail("it is broken");
    const response = await appWith({ readiness: broken }).ask("/live");
    assert.deepEqual([response.status, await response.text()], [200, ""]);
  },
);

for (const [path, text] of [
  ["/schema_cache", '{"dbTables": []}'],
  ["/config", '{"issuers": []}'],
] as const) {
  test(`${path} is JSON`, async () => {
    const response = await appWith().ask(path);
    assert.equal(response.headers.get("content-type"), "application/json");
    assert.equal(await response.text(), text);
  });
}

test("/schema_cache leads nowhere while there is no catalog", async () => {
  assert.equal((await appWith({ catalog: async () => undefined }).ask("/schema_cache")).status, 404);
});

test("/metrics has the media type of its text", async () => {
  const response = await appWith().ask("/metrics");
  assert.equal(response.headers.get("content-type"), "text/plain; version=0.0.4");
  assert.equal(await response.text(), "postern_sessions 1\n");
});

test("an answer that cannot be made says nothing of the reason; the log does", async () => {
  const metrics = async () => {
    throw new Error("worker 3 is at 10.0.0.7");
  };
  const { ask, events } = appWith({ metrics });
  const response = await ask("/metrics");
  assert.equal(response.status, 500);
  assert.deepEqual(await response.json(), {
    code: "control/failed",
    message: controlErrors["control/failed"].publicMessage,
  });
  assert.equal(events[0]?.event === "connection.refused.v1" && events[0].detail, "worker 3 is at 10.0.0.7");
});

for (const [path, method] of [
  ["/", "GET"],
  ["/metrics/", "GET"],
  ["//metrics", "GET"],
  ["/METRICS", "GET"],
  ["/%2e/metrics", "POST"],
  ["/metrics", "POST"],
  ["/debug/pprof", "GET"],
] as const) {
  test(`${method} ${path} leads nowhere`, async () => {
    const response = await appWith({}, TOKEN).ask(path, `Bearer ${TOKEN}`, method);
    assert.equal(response.status, 404);
    assert.deepEqual(await response.json(), {
      code: "control/not-found",
      message: controlErrors["control/not-found"].publicMessage,
    });
  });
}
