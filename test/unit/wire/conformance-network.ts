import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Network, Wire } from "../../../src/wire/wire.ts";
import type { Case } from "./conformance.ts";
import { closed, LOOPBACK, listening, portOf, read } from "./peers.ts";

/** Listening and dialling. */
export const networkCases: readonly Case[] = [
  [
    "an address in use is refused with EADDRINUSE",
    async ({ network }) => {
      const server = await listening(createServer());
      const wanted = { ...LOOPBACK, port: portOf(server), onWire: unexpected, onError: unexpected };
      await assert.rejects(network.listen(wanted), { code: "EADDRINUSE" });
      server.close();
    },
  ],
  [
    "several listeners share a port when they are told to",
    async ({ network }) => {
      const options = { ...LOOPBACK, reusePort: true, onWire: unexpected, onError: unexpected };
      const first = await network.listen(options);
      const second = await network.listen({ ...options, port: first.port });
      assert.equal(second.port, first.port);
      first.close();
      second.close();
    },
  ],
  [
    "no host means all interfaces, IPv4 too",
    async ({ network }) => {
      const arrived = Promise.withResolvers<Wire>();
      const listener = await network.listen({
        ...LOOPBACK,
        host: "",
        onWire: arrived.resolve,
        onError: arrived.reject,
      });
      const peer = connect({ port: listener.port, host: "127.0.0.1" });
      const wire = await arrived.promise;
      if (peer.connecting) await once(peer, "connect");
      assert.match(wire.remoteAddress, /^(::ffff:)?127\.0\.0\.1$/);
      assert.equal(wire.remotePort, peer.localPort);
      wire.destroy();
      peer.destroy();
      listener.close();
    },
  ],
  [
    "a listener that closes frees its port and leaves its connections alone",
    async ({ network }) => {
      const arrived = Promise.withResolvers<Wire>();
      const onError = arrived.reject;
      const listener = await network.listen({ ...LOOPBACK, onWire: arrived.resolve, onError });
      const peer = connect({ port: listener.port, host: "127.0.0.1" });
      const wire = await arrived.promise;
      listener.close();
      const again = await network.listen({ ...LOOPBACK, port: listener.port, onWire: unexpected, onError });
      again.close();
      peer.write("still here");
      assert.equal((await read(wire, 10)).toString(), "still here");
      wire.destroy();
      peer.destroy();
    },
  ],
  [
    "dialling where nobody listens fails with ECONNREFUSED, and the wire is closed",
    async ({ network }) => {
      const server = await listening(createServer());
      const port = portOf(server);
      server.close();
      await once(server, "close");
      const { wire, opened } = network.dial({ kind: "tcp", ip: "127.0.0.1", port });
      const gone = closed(wire);
      await assert.rejects(opened, { code: "ECONNREFUSED" });
      await gone;
      assert.equal(wire.closed, true);
    },
  ],
  [
    "a connection that is given up while it is being made does not stay open",
    async ({ network }) => {
      const server = await listening(createServer((socket) => socket.on("error", () => {}).resume()));
      const { wire, opened } = network.dial({ kind: "tcp", ip: "127.0.0.1", port: portOf(server) });
      wire.destroy();
      await assert.rejects(opened);
      server.close();
      await once(server, "close"); // it waits for its connections
    },
  ],
  [
    "a Unix-domain socket is dialled by its path",
    async ({ network }) => {
      const directory = mkdtempSync(join(tmpdir(), "postern-wire-"));
      const path = join(directory, ".s.PGSQL.5432");
      const server = createServer((socket) => socket.end("hello")).listen(path);
      await once(server, "listening");
      const { wire, opened } = network.dial({ kind: "unix", path });
      await opened;
      assert.equal((await read(wire, 5)).toString(), "hello");
      wire.destroy();
      server.close();
      rmSync(directory, { recursive: true });
    },
  ],
  [
    "a Unix-domain socket that is listened on has its permissions, may not be taken, and is gone afterwards",
    ({ network }) =>
      inDirectory(async (directory) => {
        const options = { path: join(directory, "rest"), mode: 0o620, onError: unexpected };
        const arrived = Promise.withResolvers<Wire>();
        let visits = 0;
        // The second visitor is the one that asks whether anybody listens.
        const onWire = (wire: Wire) => (++visits === 1 ? arrived.resolve(wire) : wire.destroy());
        const listener = await network.listenUnix({ ...options, onWire });
        assert.deepEqual([listener.address, listener.port], [options.path, 0]);
        assert.equal(statSync(options.path).mode & 0o777, 0o620);
        const peer = connect(options.path);
        peer.write("hello");
        const wire = await arrived.promise;
        assert.equal((await read(wire, 5)).toString(), "hello");
        wire.destroy();
        peer.destroy();
        const refused = network.listenUnix({ ...options, onWire: unexpected });
        await assert.rejects(refused, { code: "EADDRINUSE" });
        listener.close();
        assert.equal(existsSync(options.path), false);
      }),
  ],
  [
    "a Unix-domain socket that a process left behind is replaced; a file is not",
    ({ network }) =>
      inDirectory(async (directory) => {
        const options = {
          path: join(directory, "rest"),
          mode: 0o660,
          onWire: unexpected,
          onError: unexpected,
        };
        await leaveSocket(network, options.path);
        (await network.listenUnix(options)).close();
        writeFileSync(options.path, "precious");
        await assert.rejects(network.listenUnix(options), { code: "EADDRINUSE" });
        assert.equal(readFileSync(options.path, "utf8"), "precious");
      }),
  ],
];

async function inDirectory(work: (directory: string) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "postern-wire-"));
  try {
    await work(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** Makes a socket that nobody listens on: it was moved away when its listener removed it. */
async function leaveSocket(network: Network, path: string): Promise<void> {
  const made = `${path}.made`;
  const listener = await network.listenUnix({
    path: made,
    mode: 0o660,
    onWire: unexpected,
    onError: unexpected,
  });
  renameSync(made, path);
  listener.close();
}

function unexpected(): void {
  assert.fail("a connection or an error that nobody made");
}
