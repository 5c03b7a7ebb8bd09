import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, test } from "node:test";
import { connect as connectTls } from "node:tls";
import type { Baseline } from "../support/leaks.ts";
import { baseline } from "../support/leaks.ts";
import { RawClient } from "../support/raw-client.ts";
import {
  cancelRequest,
  gssencRequest,
  packet,
  passwordMessage,
  sslRequest,
  startupPacket,
  typed,
} from "../support/wire-bytes.ts";
import type { World } from "../support/world.ts";
import { startWorld } from "../support/world.ts";

let world: World;
let clean: Baseline;
before(async () => {
  world = await startWorld();
  clean = await baseline(world);
});
after(() => world.stop());

const startup = startupPacket({ user: "ada", database: "postgres" });
const query = typed("Q", Buffer.from("SELECT 1\0"));
const target = () => ({ port: world.gateway.port, ca: world.ca });
const login = () => Buffer.concat([startup, passwordMessage(world.token("ada"))]);

/** A packet whose length word is a lie. */
function lying(length: number, body = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(4);
  head.writeInt32BE(length);
  return Buffer.concat([head, body]);
}

const PROTOCOL = "this is not the PostgreSQL protocol as expected here";
const STARTUP = "the startup packet is malformed";

interface Row {
  readonly name: string;
  readonly bytes: () => Buffer;
  readonly code: string;
  readonly text: string;
  /** What is answered before the refusal. */
  readonly before?: string;
}

const plainText: readonly Row[] = [
  {
    name: "attack 1: a startup packet stuffed beside an SSLRequest",
    bytes: () => Buffer.concat([sslRequest, startup]),
    code: "08P01",
    text: PROTOCOL,
  },
  {
    name: "attack 1: a whole login stuffed beside an SSLRequest",
    bytes: () => Buffer.concat([sslRequest, login(), query]),
    code: "08P01",
    text: PROTOCOL,
  },
  {
    name: "attack 1: one byte stuffed beside an SSLRequest",
    bytes: () => Buffer.concat([sslRequest, Buffer.alloc(1)]),
    code: "08P01",
    text: PROTOCOL,
  },
  {
    name: "attack 1: a ClientHello's first byte stuffed beside an SSLRequest",
    bytes: () => Buffer.concat([sslRequest, Buffer.from([0x16])]),
    code: "08P01",
    text: PROTOCOL,
  },
  {
    name: "attack 1: a startup packet stuffed beside a GSSENCRequest",
    bytes: () => Buffer.concat([gssencRequest, startup]),
    code: "08P01",
    text: PROTOCOL,
  },
  {
    name: "attack 1: an SSLRequest stuffed beside a GSSENCRequest",
    bytes: () => Buffer.concat([gssencRequest, sslRequest]),
    code: "08P01",
    text: PROTOCOL,
  },
  {
    name: "attack 2: GSSENCRequest in a loop",
    bytes: () => Buffer.concat(Array<Buffer>(1000).fill(gssencRequest)),
    code: "08P01",
    text: PROTOCOL,
  },
  {
    name: "attack 4: a startup packet of length 0",
    bytes: () => lying(0, startup.subarray(4)),
    code: "08P01",
    text: PROTOCOL,
  },
  {
    name: "attack 4: a startup packet of length 3",
    bytes: () => lying(3, startup.subarray(4)),
    code: "08P01",
    text: PROTOCOL,
  },
  {
    name: "attack 4: a startup packet of length 7",
    bytes: () => lying(7, startup.subarray(4)),
    code: "08P01",
    text: PROTOCOL,
  },
  {
    name: "attack 4: a startup packet of negative length",
    bytes: () => lying(-1, startup.subarray(4)),
    code: "08P01",
    text: PROTOCOL,
  },
  {
    name: "attack 4: a startup packet of the smallest length there is",
    bytes: () => lying(-(2 ** 31)),
    code: "08P01",
    text: PROTOCOL,
  },
  {
    name: "attack 4: a startup packet of the largest length there is",
    bytes: () => lying(2 ** 31 - 1),
    code: "08P01",
    text: PROTOCOL,
  },
  {
    name: "attack 4: a startup packet one byte over the limit",
    bytes: () => lying(10_001),
    code: "08P01",
    text: PROTOCOL,
  },
  {
    name: "attack 5: a startup packet without a terminator",
    bytes: () => packet(196608, Buffer.from("user\0ada\0")),
    code: "08P01",
    text: STARTUP,
  },
  {
    name: "attack 5: a startup packet with bytes behind the terminator",
    bytes: () => packet(196608, Buffer.from("user\0ada\0\0more")),
    code: "08P01",
    text: STARTUP,
  },
  {
    name: "attack 5: a startup packet with a name and no value",
    bytes: () => packet(196608, Buffer.from("user\0ada\0database\0")),
    code: "08P01",
    text: STARTUP,
  },
  {
    name: "attack 5: a startup packet with a parameter given twice",
    bytes: () => packet(196608, Buffer.from("user\0ada\0user\0root\0\0")),
    code: "08P01",
    text: STARTUP,
  },
  {
    name: "attack 5: a startup packet that is not UTF-8",
    bytes: () => packet(196608, Buffer.from("user\0"), Buffer.from([0xff, 0xc0, 0]), Buffer.from("\0")),
    code: "08P01",
    text: STARTUP,
  },
  { name: "attack 5: an empty startup packet", bytes: () => packet(196608), code: "08P01", text: STARTUP },
  {
    name: "attack 5: a startup packet without a user",
    bytes: () => packet(196608, Buffer.from("database\0postgres\0\0")),
    code: "28000",
    text: "no user name was given; connect as the role that the token names",
  },
  {
    name: "attack 5: protocol 2.0",
    bytes: () => startupPacket({ user: "ada" }, 0x0002_0000),
    code: "0A000",
    text: "this protocol version is not spoken here; use 3.0 or 3.2",
  },
  {
    name: "attack 5: protocol 4.0",
    bytes: () => startupPacket({ user: "ada" }, 0x0004_0000),
    code: "0A000",
    text: "this protocol version is not spoken here; use 3.0 or 3.2",
  },
  {
    name: "attack 5: an SSLRequest with a body",
    bytes: () => packet(80877103, Buffer.alloc(8)),
    code: "08P01",
    text: STARTUP,
  },
  {
    name: "attack 16: a cancel request with a key of 3 bytes",
    bytes: () => cancelRequest(1, Buffer.alloc(3)),
    code: "08P01",
    text: STARTUP,
  },
  {
    name: "attack 16: a cancel request with a key of 257 bytes",
    bytes: () => cancelRequest(1, Buffer.alloc(257)),
    code: "08P01",
    text: STARTUP,
  },
  {
    name: "attack 25: an HTTP request",
    bytes: () =>
      Buffer.from("GET /metrics HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: 127.0.0.1\r\n\r\n"),
    code: "08P01",
    text: PROTOCOL,
  },
  {
    name: "attack 25: the PROXY protocol from a stranger, version 1",
    bytes: () => Buffer.concat([Buffer.from("PROXY TCP4 10.0.0.1 10.0.0.2 5000 5432\r\n"), startup]),
    code: "08P01",
    text: PROTOCOL,
  },
  {
    name: "attack 25: the PROXY protocol from a stranger, version 2",
    bytes: () => Buffer.concat([Buffer.from("0d0a0d0a000d0a515549540a", "hex"), startup]),
    code: "08P01",
    text: PROTOCOL,
  },
];

for (const { name, bytes, code, text } of plainText) {
  test(`${name} is refused, and nothing of it is read as if it were inside`, async () => {
    const client = await RawClient.plain(target());
    client.send(bytes());
    const refusal = await client.refusal();
    assert.deepEqual(
      {
        severity: refusal.severity,
        code: refusal.code,
        message: refusal.message.replace(/ \([0-9a-f]{12}\)$/, ""),
      },
      { severity: "FATAL", code, message: text },
    );
    await clean.holds();
  });
}

test("attack 1: plain bytes sent after the S and before the ClientHello end the connection and are never read", async () => {
  const client = await RawClient.plain(target());
  client.send(sslRequest);
  await client.bytes(1);
  client.send(login(), query);
  await client.gone();
  assert.equal(world.gateway.output().includes('session.started.v1","session":"never'), false);
  await clean.holds();
});

test("attack 2: SSLRequest and GSSENCRequest may each be asked once, in either order, and then a login works", async () => {
  const client = await RawClient.plain(target());
  client.send(gssencRequest);
  assert.equal((await client.bytes(1)).toString(), "N");
  client.send(sslRequest);
  assert.equal((await client.bytes(1)).toString(), "S");
  await client.shakeHands({ ca: world.ca });
  await client.logIn("ada", world.token("ada"));
  client.vanish();
  await clean.holds();
});

test("attack 2: a second GSSENCRequest is refused", async () => {
  const client = await RawClient.plain(target());
  client.send(gssencRequest);
  assert.equal((await client.bytes(1)).toString(), "N");
  client.send(gssencRequest);
  const { code, message } = await client.refusal();
  assert.equal(code, "08P01");
  assert.match(message, /not the PostgreSQL protocol/);
  await clean.holds();
});

for (const [name, request] of [
  ["SSLRequest", sslRequest],
  ["GSSENCRequest", gssencRequest],
] as const) {
  test(`attack 2: ${name} inside TLS is refused`, async () => {
    const client = await RawClient.tls(target());
    client.send(request);
    const { code, message } = await client.refusal();
    assert.equal(code, "08P01");
    assert.match(message, /not the PostgreSQL protocol/);
    await clean.holds();
  });
}

test("attack 2: TLS inside TLS is refused", async () => {
  const client = await RawClient.tls(target());
  client.send(Buffer.from([0x16, 0x03, 0x01, 0x00, 0xc8, 0x01, 0x00, 0x00]));
  const { code } = await client.refusal();
  assert.equal(code, "08P01");
  await clean.holds();
});

/** Direct TLS with these ALPN protocols; what became of the handshake. */
async function direct(ALPNProtocols: string[] | undefined) {
  const socket = connectTls({
    host: "127.0.0.1",
    port: world.gateway.port,
    ca: world.ca,
    servername: "localhost",
    ...(ALPNProtocols === undefined ? {} : { ALPNProtocols }),
  });
  socket.on("error", () => {});
  socket.on("secureConnect", () => socket.write(login()));
  const received: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => received.push(chunk));
  const timer = setTimeout(() => socket.destroy(), 10_000);
  await new Promise((closed) => socket.on("close", closed));
  clearTimeout(timer);
  return Buffer.concat(received).toString("latin1");
}

test("attack 3: direct TLS without ALPN is refused with its reason", async () => {
  assert.match(
    await direct(undefined),
    /^E.{4}SFATAL\0VFATAL\0C08P01\0Mdirect TLS needs the ALPN protocol postgresql/s,
  );
  await clean.holds();
});

for (const protocols of [["http/1.1"], ["h2", "http/1.1"], ["POSTGRESQL"], ["postgresql2"]]) {
  test(`attack 3: direct TLS that means ${protocols.join(", ")} is refused in the handshake`, async () => {
    assert.equal(await direct(protocols), "");
    await clean.holds();
  });
}

test("attack 3: direct TLS with ALPN postgresql among others logs in", async () => {
  const socket = connectTls({
    host: "127.0.0.1",
    port: world.gateway.port,
    ca: world.ca,
    servername: "localhost",
    ALPNProtocols: ["http/1.1", "postgresql"],
  });
  await once(socket, "secureConnect");
  assert.equal(socket.alpnProtocol, "postgresql");
  socket.write(login());
  const [first] = (await once(socket, "data")) as [Buffer];
  assert.equal(first.toString("latin1", 0, 1), "R");
  socket.destroy();
  await clean.holds();
});

test("attack 4: a client that sends one byte at a time logs in, and costs nobody else anything", async () => {
  const client = await RawClient.tls(target());
  for (const byte of startup) client.send(Buffer.from([byte]));
  await client.messagesUntil("R");
  for (const byte of passwordMessage(world.token("ada"))) client.send(Buffer.from([byte]));
  await client.messagesUntil("Z");
  client.vanish();
  await clean.holds();
});

test("attack 5: a hundred kinds of garbage end their connections one by one", async () => {
  for (let seed = 0; seed < 100; seed++) {
    const client = await RawClient.plain(target());
    client.send(garbage(seed));
    client.socket.end();
    await client.gone();
  }
  await clean.holds();
});

/** 64 bytes of a linear congruential generator: the same on every run. */
function garbage(seed: number): Buffer {
  const bytes = Buffer.alloc(64);
  let state = seed;
  for (let at = 0; at < bytes.length; at++) {
    state = (state * 1103515245 + 12345) % 2147483648;
    bytes[at] = state >>> 16;
  }
  return bytes;
}
