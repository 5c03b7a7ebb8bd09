import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { get } from "node:http";
import { request } from "node:https";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import type { TestContext } from "node:test";
import { test } from "node:test";
import type { Event } from "../../../../src/base/event.ts";
import { Secret } from "../../../../src/base/secret.ts";
import { createAuthority } from "../../../../src/demo/authority.ts";
import { ControlDoor } from "../../../../src/doors/control/door.ts";
import { directoryWith } from "../../../support/config-files.ts";

function doorFor(t: TestContext) {
  const events: Event[] = [];
  const running = {
    logins: () => assert.fail("no login is asked about"),
    api: () => assert.fail("the API is not asked"),
    readiness: async () => ({ ready: true, checks: [] }),
    metrics: async () => ({ text: "", mediaType: "text/plain" }),
    catalog: async () => undefined,
    configuration: async () => "{}",
  };
  const door = new ControlDoor(running, (event) => events.push(event));
  t.after(() => door.close());
  const status = async (path: string, port = door.address?.port) =>
    (await fetch(`http://127.0.0.1:${port}${path}`)).status;
  return { door, events, status };
}

const HERE = { host: "127.0.0.1", port: 0 };

test("the door opens where it is told, and says so", async (t) => {
  const { door, events, status } = doorFor(t);
  await door.apply(HERE);
  assert.equal(await status("/livez"), 200);
  assert.deepEqual(events, [
    { event: "door.opened.v1", door: "control", address: "127.0.0.1", port: door.address?.port },
  ]);
});

test("a new token is in force at once, and the door stays where it is", async (t) => {
  const { door, status } = doorFor(t);
  await door.apply(HERE);
  const port = door.address?.port;
  assert.equal(await status("/metrics"), 200);
  await door.apply({ ...HERE, token: new Secret("0123456789abcdef") });
  assert.equal(await status("/metrics"), 401);
  await door.apply(HERE);
  assert.equal(await status("/metrics"), 200);
  assert.equal(door.address?.port, port);
});

test("a door that is moved answers at the new address only", async (t) => {
  const { door, status } = doorFor(t);
  await door.apply(HERE);
  const before = door.address?.port;
  await door.apply({ ...HERE, port: await freePort() });
  assert.notEqual(door.address?.port, before);
  assert.equal(await status("/livez"), 200);
  await assert.rejects(status("/livez", before));
});

test("a door that cannot be moved stays where it is", async (t) => {
  const { door, status } = doorFor(t);
  await door.apply(HERE);
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
  t.after(() => other.close());
  const address = other.address();
  const port = typeof address === "object" ? (address?.port ?? 0) : 0;
  await assert.rejects(door.apply({ ...HERE, port }), /EADDRINUSE/);
  assert.equal(await status("/livez"), 200);
});

test("a door that is no longer configured is closed", async (t) => {
  const { door, events, status } = doorFor(t);
  await door.apply(HERE);
  const port = door.address?.port;
  await door.apply(undefined);
  await assert.rejects(status("/livez", port));
  assert.equal(events.at(-1)?.event, "door.closed.v1");
});

test("a door on a Unix socket answers there, lets in whom its mode says, and takes over a socket left behind", async (t) => {
  const { door, events } = doorFor(t);
  const path = join(directoryWith(t), "admin.sock");
  const settings = { ...HERE, unixSocket: { path, mode: "600" } };
  await door.apply(settings);
  assert.equal(await statusAt(path, "/livez"), 200);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.deepEqual(events.at(-1), { event: "door.opened.v1", door: "control", address: path, port: 0 });
  const second = doorFor(t);
  await assert.rejects(
    second.door.apply(settings),
    /admin\.sock 600 \(EADDRINUSE\).*admin\.unixSocket\.path/,
  );
  leaveSocket(path);
  await second.door.apply({ ...settings, unixSocket: { path, mode: "660" } });
  assert.equal(await statusAt(path, "/livez"), 200);
});

/** Makes the socket one that nobody listens on, as a process that was killed leaves it. */
function leaveSocket(path: string): void {
  const abandoned = `${path}.abandoned`;
  const made = spawnSync(process.execPath, [
    "-e",
    `require("net").createServer().listen(${JSON.stringify(abandoned)}, () => process.kill(process.pid, "SIGKILL"))`,
  ]);
  assert.equal(made.signal, "SIGKILL");
  renameSync(abandoned, path);
}

function statusAt(socketPath: string, path: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    get({ socketPath, path }, (response) => {
      response.resume();
      resolve(response.statusCode);
    }).on("error", reject);
  });
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" ? (address?.port ?? 0) : 0;
}

test("the door speaks TLS with its certificate, and takes a new one up where it is", async (t) => {
  const { door, events } = doorFor(t);
  const directory = mkdtempSync(join(tmpdir(), "postern-control-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const tls = {
    certFile: join(directory, "c"),
    keyFile: join(directory, "k"),
    minVersion: "TLSv1.3",
  } as const;
  const issue = async () => {
    const authority = await createAuthority("control");
    const { cert, key } = await authority.server(["127.0.0.1"]);
    writeFileSync(tls.certFile, cert);
    writeFileSync(tls.keyFile, key);
    return authority.cert;
  };
  const ask = (ca: string) =>
    new Promise<number | undefined>((resolve, reject) => {
      const asked = request({
        host: "127.0.0.1",
        port: door.address?.port,
        path: "/livez",
        ca,
        agent: false,
      });
      asked.on("response", (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      asked.on("error", reject).end();
    });
  const first = await issue();
  await door.apply({ ...HERE, tls });
  const port = door.address?.port;
  assert.equal(await ask(first), 200);
  const second = await issue();
  await door.apply({ ...HERE, tls });
  assert.equal(door.address?.port, port);
  assert.equal(await ask(second), 200);
  await assert.rejects(ask(first));
  assert.equal(events.filter(({ event }) => event === "tls.loaded.v1").length, 2);
  writeFileSync(tls.keyFile, "no key");
  await assert.rejects(door.apply({ ...HERE, tls }), /does not hold an unencrypted PEM private key/);
  assert.equal(await ask(second), 200);
});

test("attack 31: one address cannot have so many connections that another is not answered", async (t) => {
  const { door } = doorFor(t);
  await door.apply({ host: "127.0.0.1", port: 0 });
  const port = door.address?.port ?? 0;
  const held = Array.from({ length: 40 }, () =>
    connect({ host: "127.0.0.1", port, localAddress: "127.0.0.2" }),
  );
  t.after(() => {
    for (const socket of held) socket.destroy();
  });
  const closed = held.map(
    (socket) =>
      new Promise<boolean>((resolve) => {
        socket.on("error", () => {}).on("close", () => resolve(true));
        socket.write("GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n");
        socket.on("data", () => resolve(false));
      }),
  );
  const refused = (await Promise.all(closed)).filter(Boolean).length;
  assert.equal(refused, 8);
  const probe = connect({ host: "127.0.0.1", port, localAddress: "127.0.0.3" });
  t.after(() => probe.destroy());
  probe.write("GET /livez HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
  assert.match(String(await text(probe)), /^HTTP\/1.1 200/);
});
