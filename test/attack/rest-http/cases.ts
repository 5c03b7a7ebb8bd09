/** What the HTTP server of the REST door must survive, and how it serves those who mean well. Run on both runtimes. */
import assert from "node:assert/strict";
import { connect as connectTls } from "node:tls";
import { ROOM_MS } from "../../../src/base/budget.ts";
import { HttpError } from "../../../src/doors/rest/http/errors.ts";
import type { Stage } from "./stage.ts";
import { BECOMES_BYTES, BOUNDS, eventually, ROWS_BYTES } from "./stage.ts";

export type Case = readonly [name: string, play: (stage: Stage) => Promise<void>];

const HOST = "Host: a\r\n";
const get = (target: string, more = "") => `GET ${target} HTTP/1.1\r\n${HOST}${more}\r\n`;
const post = (target: string, headers: string, body: string) =>
  `POST ${target} HTTP/1.1\r\n${HOST}${headers}\r\n${body}`;

/** Bytes that are answered by one refusal and the end of the connection; nothing behind them is read as a request. */
const refused: readonly (readonly [what: string, bytes: string, status: number])[] = [
  [
    "Content-Length beside Transfer-Encoding",
    post("/body", "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
    400,
  ],
  [
    "Transfer-Encoding beside Content-Length",
    post("/body", "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", "0\r\n\r\n"),
    400,
  ],
  ["two lengths", post("/body", "Content-Length: 3\r\nContent-Length: 4\r\n", "abc"), 400],
  ["the same length twice", post("/body", "Content-Length: 3\r\nContent-Length: 3\r\n", "abc"), 400],
  ["a list of lengths", post("/body", "Content-Length: 3, 3\r\n", "abc"), 400],
  ["a signed length", post("/body", "Content-Length: +3\r\n", "abc"), 400],
  ["a hexadecimal length", post("/body", "Content-Length: 0x3\r\n", "abc"), 400],
  ["a length of many digits", post("/body", `Content-Length: ${"9".repeat(400)}\r\n`, "abc"), 400],
  ["an empty length", post("/body", "Content-Length:\r\n", "abc"), 400],
  [
    "a coding that only looks like chunked",
    post("/body", "Transfer-Encoding: xchunked\r\n", "0\r\n\r\n"),
    400,
  ],
  [
    "a coding behind a space that is none of HTTP's",
    post("/body", "Transfer-Encoding: chunked\u00c2\u00a0\r\n", "0\r\n\r\n"),
    400,
  ],
  [
    "a length behind a space that is none of HTTP's",
    post("/body", "Content-Length:\u00e3\u0080\u0080 3\r\n", "abc"),
    400,
  ],
  [
    "a coding with a letter that is ASCII's in lower case only",
    post("/body", "Transfer-Encoding: chun\u00e2\u0084\u00aaed\r\n", "0\r\n\r\n"),
    400,
  ],
  ["a list of codings", post("/body", "Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"), 400],
  [
    "Transfer-Encoding twice",
    post("/body", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
    400,
  ],
  ["chunked in HTTP/1.0", `POST /body HTTP/1.0\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, 400],
  ["a space before the colon", post("/body", "Content-Length : 3\r\n", "abc"), 400],
  ["a folded header", get("/x", "X: 1\r\n 2\r\n"), 400],
  ["a header without a name", get("/x", ": 1\r\n"), 400],
  ["a header without a colon", get("/x", "nothing\r\n"), 400],
  ["a bare line feed as a line end", "GET /x HTTP/1.1\nHost: a\n\n\r\n\r\n", 400],
  ["a bare carriage return in a header", get("/x", "X: a\rb\r\n"), 400],
  ["a NUL in a header", get("/x", "X: a\0b\r\n"), 400],
  ["a header that is not UTF-8", get("/x", "X: \xff\xfe\r\n"), 400],
  ["no Host", "GET /x HTTP/1.1\r\n\r\n", 400],
  ["Host twice", get("/x", "Host: b\r\n"), 400],
  ["Authorization twice", get("/x", "Authorization: Bearer a\r\nAuthorization: Bearer b\r\n"), 400],
  ["a space in the target", get("/x y"), 400],
  ["a tab in the target", get("/x\ty"), 400],
  ["a NUL in the target", get("/x\0"), 400],
  ["a fragment", get("/x#y"), 400],
  ["a target that is no path", get("films"), 400],
  ["CONNECT", `CONNECT a:1 HTTP/1.1\r\n${HOST}\r\n`, 400],
  ["no version", `GET /x\r\n${HOST}\r\n`, 400],
  ["HTTP/2 without asking", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505],
  ["HTTP/3.0", `GET /x HTTP/3.0\r\n${HOST}\r\n`, 505],
  ["a TLS handshake on a plain port", "\x16\x03\x01\x00\x05\r\n\r\n", 400],
  ["a PostgreSQL startup packet", "\0\0\0\x08\x04\xd2\x16\x2f\r\n\r\n", 400],
  ["a huge target", get(`/${"x".repeat(BOUNDS.targetBytes)}`), 414],
  ["a target without an end", `GET /${"x".repeat(BOUNDS.targetBytes + BOUNDS.headerBytes)}`, 414],
  ["a huge header", get("/x", `X: ${"x".repeat(BOUNDS.headerBytes)}\r\n`), 431],
  ["headers without an end", `GET /x HTTP/1.1\r\n${`X: ${"x".repeat(100)}\r\n`.repeat(60)}`, 431],
  ["a flood of headers", get("/x", "X:1\r\n".repeat(200)), 431],
  ["an expectation that nobody knows", get("/x", "Expect: the-unexpected\r\n"), 417],
];

/** Chunked bodies that are broken: the handler learns of it, and the connection ends. */
const brokenChunks: readonly (readonly [what: string, body: string, status: number])[] = [
  ["a size that is no number", "zz\r\nabc\r\n0\r\n\r\n", 400],
  ["a size with a sign", "-3\r\nabc\r\n0\r\n\r\n", 400],
  ["a size with 0x", "0x3\r\nabc\r\n0\r\n\r\n", 400],
  ["a size that would wrap around", "100000000000000003\r\nabc\r\n0\r\n\r\n", 400],
  ["a chunk longer than its size", "3\r\nabcd\r\n0\r\n\r\n", 400],
  ["a bare line feed behind a size", "3\nabc\r\n0\r\n\r\n", 400],
  ["a size line without an end", "3;".padEnd(1000, "x"), 400],
  ["a flood in the trailer", `0\r\n${"X: 1\r\n".repeat(2000)}\r\n`, 431],
  [
    "more than the bound",
    `${BOUNDS.bodyBytes.toString(16)}\r\n${"x".repeat(BOUNDS.bodyBytes)}\r\n1\r\ny\r\n0\r\n\r\n`,
    413,
  ],
  ["a size above the bound", "ffffffff\r\n", 413],
];

/** Requests that are odd but mean one thing only. */
const served: readonly (readonly [what: string, bytes: string, answer: RegExp])[] = [
  [
    "a target is handed on as it was sent",
    get("/a%2Fb/..//%00?x=%zz&y=;'"),
    /\r\n\r\n\/a%2Fb\/\.\.\/\/%00\?x=%zz&y=;'$/,
  ],
  ["UTF-8 in a target", get("/\xc3\xa9"), /\r\n\r\n\/\xc3\xa9$/],
  ["the whole URL, as to a proxy", get("http://evil.example/films?a=b"), /\r\n\r\n\/films\?a=b$/],
  ["the whole URL without a path", get("http://evil.example?a=b"), /\r\n\r\n\/\?a=b$/],
  ["an empty line in front", `\r\n${get("/x")}`, /^HTTP\/1\.1 200 OK\r\n/],
  [
    "a chunked body",
    post(
      "/body",
      "Transfer-Encoding: Chunked\r\n",
      '3;x="y"\r\nabc\r\n00A\r\n0123456789\r\n0\r\nX: 1\r\n\r\n',
    ),
    /Content-Length: 13\r\n\r\nabc0123456789$/,
  ],
  ["no body at all", post("/body", "", ""), /Content-Length: 0\r\n\r\n$/],
  [
    "an answer without a body says nothing of its length",
    get("/none"),
    /^HTTP\/1\.1 204 No Content\r\nDate: [^\r]+\r\n\r\n$/,
  ],
  [
    "an answer that may have no body has none, although there was one",
    get("/mistaken"),
    /^HTTP\/1\.1 204 No Content\r\nDate: [^\r]+\r\n\r\n$/,
  ],
  ["HEAD gets the length and no body", `HEAD /12345 HTTP/1.1\r\n${HOST}\r\n`, /Content-Length: 6\r\n\r\n$/],
  [
    "an upgrade that nobody offers",
    get("/x", "Connection: Upgrade\r\nUpgrade: h2c\r\n"),
    /^HTTP\/1\.1 200 OK\r\n/,
  ],
  [
    "a method that nobody knows is for the handler to refuse",
    `BREW /x HTTP/1.1\r\n${HOST}\r\n`,
    /^HTTP\/1\.1 200 OK\r\n/,
  ],
  [
    "HTTP/1.0 with keep-alive is told that it may go on",
    "GET /x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    /Connection: keep-alive\r\n\r\n\/x$/,
  ],
  ["a header breaking out of its line is kept in", get("/split"), /^HTTP\/1\.1 500 /],
  ["a fault of ours tells the client nothing of it", get("/break"), /^HTTP\/1\.1 500 (?!.*a fault of ours)/s],
];

function statusOf(answer: string): number {
  return Number(/^HTTP\/1\.1 (\d{3}) /.exec(answer)?.[1]);
}

/** Whether the text holds one answer and no more. */
function isOne(answer: string): boolean {
  return answer.split("HTTP/1.1 ").length === 2;
}

const table: readonly Case[] = [
  ...refused.map(
    ([what, bytes, status]): Case => [
      `${what} is refused by ${status}, and nothing behind it is read`,
      async ({ client, asked, events }) => {
        const stranger = await client();
        stranger.send(bytes + get("/smuggled"));
        const answer = await stranger.toEnd();
        assert.equal(statusOf(answer), status, answer);
        assert.ok(isOne(answer), answer);
        assert.match(answer, /^Connection: close\r$/m);
        assert.match(
          answer,
          /\r\n\r\n\{"code":"http\/[a-z-]+","details":null,"hint":null,"message":"[^"]+"\}$/,
        );
        assert.deepEqual(asked, []);
        assert.equal(events.filter(({ event }) => event === "connection.refused.v1").length, 1);
      },
    ],
  ),
  ...brokenChunks.map(
    ([what, body, status]): Case => [
      `a chunked body with ${what} is refused by ${status}, and nothing behind it is read`,
      async ({ client, asked }) => {
        const stranger = await client();
        stranger.send(post("/body", "Transfer-Encoding: chunked\r\n", body + get("/smuggled")));
        const answer = await stranger.toEnd();
        assert.equal(statusOf(answer), status, answer);
        assert.ok(isOne(answer), answer);
        assert.deepEqual(asked, ["POST /body"]);
      },
    ],
  ),
  ...served.map(
    ([what, bytes, answer]): Case => [
      `${what}, in one piece and byte by byte`,
      async ({ client }) => {
        const whole = await client();
        whole.send(bytes.replace(HOST, `${HOST}Connection: close\r\n`));
        const piecemeal = await client();
        for (const byte of bytes) {
          piecemeal.send(byte);
          await new Promise(setImmediate);
        }
        const expected = await whole.upTo("\r\n\r\n");
        const gone = whole.toEnd();
        if (/Connection: close/.test(expected))
          assert.match((expected + (await gone)).replace("Connection: close\r\n", ""), answer);
        const again = await piecemeal.upTo("\r\n\r\n");
        assert.equal(statusOf(again), statusOf(expected));
      },
    ],
  ),
];

const slow: readonly Case[] = [
  [
    "a connection on which nothing comes is closed",
    async ({ client, clock, server }) => {
      const stranger = await client();
      await eventually(() => server.size === 1, "the connection");
      clock.advance(BOUNDS.headersMs + 1000);
      assert.equal(await stranger.toEnd(), "");
    },
  ],
  [
    "headers that come one byte at a time end at the deadline of the whole",
    async ({ client, clock, server }) => {
      const stranger = await client();
      await eventually(() => server.size === 1, "the connection");
      for (const byte of "GET / HTTP/1.1\r\nX: 1") {
        stranger.send(byte);
        await new Promise(setImmediate);
        clock.advance(400);
      }
      clock.advance(BOUNDS.headersMs);
      assert.equal(statusOf(await stranger.toEnd()), 408);
    },
  ],
  [
    "empty lines without end do not keep a connection",
    async ({ client, clock, server }) => {
      const stranger = await client();
      await eventually(() => server.size === 1, "the connection");
      for (let at = 0; at < 30; at++) {
        stranger.send("\r\n");
        await new Promise(setImmediate);
        clock.advance(500);
      }
      assert.equal(statusOf(await stranger.toEnd()), 400);
    },
  ],
  [
    "a body that does not come ends at its deadline",
    async ({ client, clock, asked }) => {
      const stranger = await client();
      stranger.send(post("/body", "Content-Length: 10\r\n", "x"));
      await eventually(() => asked.length === 1, "the request");
      clock.advance(BOUNDS.bodyMs + 1000);
      assert.equal(statusOf(await stranger.toEnd()), 408);
    },
  ],
  [
    "a connection without another request is closed after a while",
    async ({ client, clock }) => {
      const idle = await client();
      idle.send(get("/x"));
      await idle.upTo("\r\n\r\n/x");
      clock.advance(BOUNDS.keepAliveMs - 2000);
      idle.send(get("/y"));
      await idle.upTo("\r\n\r\n/y");
      clock.advance(BOUNDS.keepAliveMs + 1000);
      assert.equal(await idle.toEnd(), "");
    },
  ],
  [
    "a client that does not read its answer is let go",
    async ({ client, clock, server, asked }) => {
      const lazy = await client();
      lazy.socket.pause();
      lazy.send(get("/big"));
      await eventually(() => asked.length === 1, "the request");
      for (let at = 0; at < 200 && server.size > 0; at++) {
        clock.advance(1000);
        await new Promise(setImmediate);
      }
      assert.equal(server.size, 0);
    },
  ],
  [
    "a client that stays after its last answer is let go",
    async ({ client, clock, server }) => {
      const stayer = await client();
      stayer.send(get("/x", "Connection: close\r\n"));
      await stayer.upTo("\r\n\r\n/x");
      clock.advance(3000);
      await eventually(() => server.size === 0, "the end");
    },
  ],
];

const LARGE = 6_000_000;
const announced = (length: number) => post("/body", `Content-Length: ${length}\r\n`, "");
const held = (bodies: number, answers: number) => ({ bodies, answers });

/** What the connections hold together of bodies and of answers. */
const memory: readonly Case[] = [
  [
    "bodies that do not fit beside those of others wait for them",
    async ({ client, server, held: reply, kept, asked }) => {
      const first = await client();
      first.send(post("/keep", `Content-Length: ${LARGE}\r\n`, "x".repeat(LARGE)));
      await kept;
      const second = await client();
      second.send(post("/body", `Content-Length: ${LARGE}\r\n`, "y".repeat(LARGE)));
      await eventually(() => server.short.bodies, "the waiting");
      const small = await client();
      small.send(post("/body", "Content-Length: 3\r\n", "abc"));
      await small.upTo("\r\n\r\nabc");
      assert.equal(asked.length, 3);
      assert.ok(server.held.bodies <= BOUNDS.bodiesInMemory);
      reply.resolve({ status: 200, headers: [], body: Buffer.from("kept") });
      await first.upTo("kept");
      await second.upTo("y".repeat(LARGE));
      await eventually(() => server.held.bodies === 0, "what was held");
    },
  ],
  [
    "bodies that come at the same time and do not fit together are taken one after the other",
    async ({ client, server }) => {
      const senders = await Promise.all([client(), client(), client()]);
      const half = "x".repeat(LARGE / 2);
      for (const sender of senders) sender.send(announced(LARGE) + half.slice(0, LARGE / 5));
      await eventually(() => server.short.bodies, "the waiting");
      for (const sender of senders) sender.send(half + half.slice(LARGE / 5));
      for (const sender of senders) await sender.upTo("x".repeat(LARGE));
      await eventually(() => server.held.bodies === 0, "what was held");
    },
  ],
  [
    "a body that finds no room in time is refused, and told when to come back",
    async ({ client, clock, server, kept, asked }) => {
      const first = await client();
      first.send(post("/keep", `Content-Length: ${LARGE}\r\n`, "x".repeat(LARGE)));
      await kept;
      const second = await client();
      second.send(post("/body", "Transfer-Encoding: chunked\r\n", `${LARGE.toString(16)}\r\n`));
      second.send("y".repeat(LARGE));
      await eventually(() => asked.length === 2, "the second request");
      await eventually(() => server.short.bodies, "the waiting");
      clock.advance(ROOM_MS);
      const answer = await second.toEnd();
      assert.equal(statusOf(answer), 503, answer.slice(0, 300));
      assert.match(answer, /"code":"http\/too-many-bodies"/);
      assert.deepEqual(server.held, held(LARGE, 0));
    },
  ],
  [
    "what a body becomes is counted beside it, and alone once the body was dropped",
    async ({ client, clock, server, held: reply, kept }) => {
      const first = await client();
      first.send(post("/keep", `Content-Length: ${LARGE}\r\n`, "x".repeat(LARGE)));
      await kept;
      const refused = await client();
      refused.send(post("/become", `Content-Length: ${LARGE / 3}\r\n`, "y".repeat(LARGE / 3)));
      await eventually(() => server.short.bodies, "the waiting for what it becomes");
      assert.equal(server.held.bodies, LARGE + LARGE / 3);
      clock.advance(ROOM_MS);
      assert.match(await refused.upTo("}"), /^HTTP\/1.1 503 .*"code":"http\/too-many-bodies"/s);
      const second = await client();
      second.send(post("/become", `Content-Length: ${LARGE / 6}\r\n`, "z".repeat(LARGE / 6)));
      await eventually(() => server.held.bodies === LARGE + BECOMES_BYTES, "what it becomes, without it");
      reply.resolve({ status: 200, headers: [], body: Buffer.from("kept") });
      await second.upTo("kept");
      await eventually(() => server.held.bodies === 0, "what was held");
    },
  ],
  [
    "a large body that is announced and hardly sent holds little",
    async ({ client, server, asked }) => {
      const sly = await client();
      sly.send(announced(LARGE) + "x".repeat(100_000));
      await eventually(() => server.held.bodies > 0, "what came");
      const others = await client();
      others.send(post("/body", `Content-Length: ${LARGE}\r\n`, "y".repeat(LARGE)));
      await others.upTo("y".repeat(LARGE));
      assert.equal(asked.length, 2);
    },
  ],
  [
    "who sends a large body slowly must go when others wait, and not before",
    async ({ client, clock, server }) => {
      const slow = await client();
      slow.send(announced(LARGE) + "x".repeat(LARGE / 2));
      await eventually(() => server.held.bodies === LARGE, "half of a body");
      clock.advance(30_000);
      assert.equal(server.size, 1);
      const next = await client();
      next.send(post("/body", `Content-Length: ${LARGE}\r\n`, "y".repeat(LARGE)));
      await eventually(() => server.short.bodies, "the waiting");
      clock.advance(1000);
      assert.equal(statusOf(await slow.toEnd()), 408);
      await next.upTo("y".repeat(LARGE));
    },
  ],
  [
    "a body's room is given back when its client leaves in the middle",
    async ({ client, server }) => {
      const fickle = await client();
      fickle.send(announced(LARGE) + "x".repeat(LARGE / 2));
      await eventually(() => server.held.bodies === LARGE, "half of a body");
      fickle.socket.destroy();
      await eventually(() => server.held.bodies === 0, "what was held");
    },
  ],
  [
    "who reads a large answer slowly must go when others wait, and not before",
    async ({ client, clock, server }) => {
      const lazy = await client();
      lazy.socket.pause();
      lazy.send(get("/rows"));
      await eventually(() => server.held.answers === ROWS_BYTES, "the answer");
      clock.advance(30_000);
      await new Promise(setImmediate);
      assert.equal(server.size, 1, "nobody is in a hurry");
      const next = await client();
      next.send(get("/rows"));
      await eventually(() => server.short.answers, "the waiting");
      clock.advance(1000);
      await next.upTo("x".repeat(ROWS_BYTES));
      assert.equal(server.size, 1);
      await eventually(() => server.held.answers === 0, "what was held");
    },
  ],
  [
    "no more slow readers are let go than is needed, and the one that began first goes first",
    async ({ client, clock, server }) => {
      const lazy = [await client(), await client()];
      for (const [at, one] of lazy.entries()) {
        one.socket.pause();
        one.send(get("/rows/half"));
        await eventually(() => server.held.answers === ((at + 1) * ROWS_BYTES) / 2, "the answer");
      }
      clock.advance(30_000);
      const next = await client();
      next.send(get("/rows/half"));
      await eventually(() => server.short.answers, "the waiting");
      clock.advance(1000);
      await next.upTo("x".repeat(ROWS_BYTES / 2));
      clock.advance(1000);
      assert.equal(server.size, 2);
      lazy[1]?.socket.resume();
      await lazy[1]?.upTo("x".repeat(ROWS_BYTES / 2));
    },
  ],
  [
    "who takes a little of a large answer now and then is let go in the end, and its memory with it",
    async ({ client, clock, server, events }) => {
      const slow = await client();
      slow.socket.pause();
      slow.send(get("/rows"));
      await eventually(() => server.held.answers === ROWS_BYTES, "the answer");
      for (let at = 0; at < 20 && server.size > 0; at++) {
        clock.advance(30_000);
        slow.socket.resume();
        await slow.upTo("x".repeat(100_000)).catch(() => "");
        slow.socket.pause();
      }
      await eventually(() => server.size === 0, "the end");
      assert.deepEqual(server.held, held(0, 0));
      const [refusal] = events.filter(({ event }) => event === "connection.refused.v1");
      assert.ok(refusal?.event === "connection.refused.v1" && refusal.code === "http/slow");
    },
  ],
];

const manners: readonly Case[] = [
  [
    "requests sent ahead are answered one after the other, in order",
    async ({ client, asked, held }) => {
      const eager = await client();
      eager.send(get("/wait") + get("/2") + post("/body", "Content-Length: 3\r\n", "abc") + get("/4"));
      await eventually(() => asked.length === 1, "the first");
      await new Promise(setImmediate);
      assert.deepEqual(asked, ["GET /wait"]);
      held.resolve({ status: 200, headers: [], body: Buffer.from("/1") });
      for (const body of ["/1", "/2", "abc", "/4"]) await eager.upTo(`\r\n\r\n${body}`);
      assert.deepEqual(asked, ["GET /wait", "GET /2", "POST /body", "GET /4"]);
    },
  ],
  [
    "a flood of requests sent ahead waits in the kernel, and garbage behind them harms nobody",
    async ({ client, asked, held }) => {
      const flood = await client();
      flood.send(get("/wait") + get("/x").repeat(20_000));
      await eventually(() => asked.length === 1, "the first");
      assert.equal(asked.length, 1);
      held.resolve({ status: 200, headers: [], body: undefined });
      flood.send("garbage\r\n\r\n");
      const answers = await flood.toEnd();
      assert.equal(asked.length, 20_001);
      assert.equal(statusOf(answers.slice(answers.lastIndexOf("HTTP/1.1 "))), 400);
    },
  ],
  [
    "a body that nobody reads is passed over when it is there, and ends the connection when it is not",
    async ({ client, asked }) => {
      const patient = await client();
      patient.send(post("/unread", "Content-Length: 3\r\n", "GET") + get("/next"));
      await patient.upTo("\r\n\r\n/next");
      patient.send(post("/unread", "Content-Length: 300\r\n", "GET /smuggled HTTP/1.1\r\n"));
      assert.match(await patient.toEnd(), /Connection: close\r\n/);
      assert.deepEqual(asked, ["POST /unread", "GET /next", "POST /unread"]);
    },
  ],
  [
    "a body that is announced to be too large is refused before it is sent",
    async ({ client }) => {
      const large = await client();
      large.send(post("/body", `Content-Length: ${BOUNDS.bodyBytes + 1}\r\nExpect: 100-continue\r\n`, ""));
      const answer = await large.toEnd();
      assert.equal(statusOf(answer), 413);
      assert.ok(isOne(answer));
    },
  ],
  [
    "a client that waits for 100 Continue is told to go on",
    async ({ client }) => {
      const careful = await client();
      careful.send(post("/body", "Content-Length: 3\r\nExpect: 100-Continue\r\n", ""));
      await careful.upTo("HTTP/1.1 100 Continue\r\n\r\n");
      careful.send("abc");
      await careful.upTo("\r\n\r\nabc");
    },
  ],
  [
    "a client that goes away aborts what runs for it, and the server goes on",
    async ({ client, exchanges, server }) => {
      const fickle = await client();
      fickle.send(get("/x") + get("/wait"));
      await eventually(() => exchanges.length === 2, "the request");
      const signal = exchanges[1]?.signal;
      assert.ok(signal !== undefined && !signal.aborted);
      fickle.socket.destroy();
      await eventually(() => signal.aborted, "the abort");
      assert.ok(signal.reason instanceof HttpError && signal.reason.code === "http/client-gone");
      await eventually(() => server.size === 0, "the end");
      assert.equal(exchanges[0]?.signal.aborted, true, "what is asked for late says so too");
      const next = await client();
      next.send(get("/x"));
      await next.upTo("\r\n\r\n/x");
    },
  ],
  [
    "a client that goes away in the middle of its body ends the reading",
    async ({ client, asked, server }) => {
      const fickle = await client();
      fickle.send(post("/body", "Content-Length: 10\r\n", "x"));
      await eventually(() => asked.length === 1, "the request");
      fickle.socket.destroy();
      await eventually(() => server.size === 0, "the end");
    },
  ],
  [
    "one address has so many connections of strangers and no more; those who are known do not count",
    async ({ client, server, asked }) => {
      const limit = BOUNDS.unauthenticatedPerAddress;
      for (let at = 0; at < limit; at++) (await client()).send(get("/known"));
      await eventually(() => asked.length === limit, "the requests");
      for (let at = 0; at < limit; at++) await client();
      await eventually(() => server.size === 2 * limit, "the strangers");
      assert.equal(await (await client()).toEnd(), "");
      assert.equal(server.size, 2 * limit);
    },
  ],
  [
    "there are so many connections in all and no more",
    async ({ client, server, asked }) => {
      for (let at = 1; at <= BOUNDS.connections; at++) {
        (await client()).send(get("/known"));
        await eventually(() => asked.length === at, "the request");
      }
      assert.equal(await (await client()).toEnd(), "");
      assert.equal(server.size, BOUNDS.connections);
    },
  ],
  [
    "a server that drains closes idle connections at once and busy ones behind their answers",
    async ({ client, server, held, asked }) => {
      const idle = await client();
      idle.send(get("/x"));
      await idle.upTo("\r\n\r\n/x");
      const busy = await client();
      busy.send(get("/wait") + get("/never"));
      await eventually(() => asked.length === 2, "the requests");
      const drained = server.drain();
      assert.equal(await idle.toEnd(), "");
      held.resolve({ status: 200, headers: [], body: Buffer.from("done") });
      const answer = await busy.upTo("done");
      assert.match(answer, /Connection: close\r\n/);
      assert.equal(await busy.toEnd(), "");
      busy.socket.destroy();
      await drained;
      assert.deepEqual(asked, ["GET /x", "GET /wait"]);
      await assert.rejects(client());
    },
  ],
];

const tls: readonly Case[] = [
  [
    "TLS: what is not a handshake is refused; a new certificate is shown from the next connection on",
    async (stage) => {
      const { certificates } = await import("./certificates.ts");
      const [first, second] = await certificates();
      stage.certificate = first;
      const plain = await stage.client();
      plain.send(get("/smuggled"));
      await plain.toEnd();
      const { port = 0 } = stage.server.address ?? {};
      const visit = (protocols: readonly string[]) =>
        new Promise<string>((resolve, reject) => {
          const socket = connectTls({
            port,
            host: "127.0.0.1",
            rejectUnauthorized: false,
            ALPNProtocols: [...protocols],
          });
          let text = "";
          socket.on("secureConnect", () => {
            text = `${socket.getPeerCertificate().subject.CN} ${socket.alpnProtocol} `;
            socket.write(get("/x", "Connection: close\r\n"));
          });
          socket.on("data", (chunk: Buffer) => {
            text += chunk.toString("latin1");
          });
          socket.on("error", reject);
          socket.on("end", () => resolve(text.replace(/HTTP.*\r\n\r\n/s, "")));
        });
      assert.equal(await visit(["h2", "http/1.1"]), "first http/1.1 /x");
      stage.certificate = second;
      assert.equal(await visit([]), "second false /x");
      await assert.rejects(visit(["postgresql"]));
      assert.deepEqual(stage.asked, ["GET /x", "GET /x"]);
      assert.equal(stage.exchanges[0]?.peer.tls, true);
    },
  ],
  [
    "TLS: a handshake that does not come ends at the deadline",
    async (stage) => {
      const { certificates } = await import("./certificates.ts");
      [stage.certificate] = await certificates();
      const silent = await stage.client();
      await eventually(() => stage.server.size === 1, "the connection");
      stage.clock.advance(BOUNDS.headersMs + 1000);
      assert.equal(await silent.toEnd(), "");
      await eventually(() => stage.server.size === 0, "the end");
    },
  ],
];

export const cases: readonly Case[] = [...table, ...slow, ...memory, ...manners, ...tls];
