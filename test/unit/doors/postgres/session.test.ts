import assert from "node:assert/strict";
import { test } from "node:test";
import type { EndReason } from "../../../../src/base/event.ts";
import { WireSession } from "../../../../src/doors/postgres/session.ts";
import { message } from "../../../../src/protocol/bytes.ts";
import { query, terminate } from "../../../../src/protocol/client-messages.ts";
import { errorResponse, readyForQueryIdle } from "../../../../src/protocol/server-messages.ts";
import { Sessions } from "../../../../src/sessions/registry.ts";
import type { Wire } from "../../../../src/wire/wire.ts";
import { VirtualClock } from "../../../support/clock.ts";
import { sessionFacts } from "../../../support/session-facts.ts";

/** One end of a session, whose bytes a test sends and reads. */
function end() {
  const written: Buffer[] = [];
  const wire = {
    onData: (_: Buffer) => {},
    onDrain: () => {},
    onClose: () => {},
    closed: false,
    write: (bytes: Buffer) => written.push(bytes) > 0,
    pause: () => {},
    resume: () => {},
    end: () => {},
    destroy: () => {},
  };
  return { wire: wire as unknown as Wire, written };
}

/** A session at rest, with whatever is done to its server process. */
function started(clock = new VirtualClock()) {
  const [client, server] = [end(), end()];
  const reasons: EndReason[] = [];
  const done: string[] = [];
  const does = (what: string) => async () => {
    done.push(what);
  };
  const session = new WireSession({
    client: client.wire,
    backend: { wire: server.wire, cancel: does("cancel"), terminate: does("terminate"), close: () => {} },
    clock,
    idleTimeout: undefined,
    id: "0123456789ab",
    onClosed: (reason) => reasons.push(reason),
  });
  session.start(readyForQueryIdle, Buffer.alloc(0));
  return { session, client, server, reasons, done };
}

/** Whatever comes first: the end of the client's connection or that of the server's, which hangs up upon Terminate. */
const ENDS: readonly { readonly name: string; readonly parts: boolean; readonly reason: EndReason }[] = [
  { name: "said goodbye", parts: true, reason: "client-closed" },
  { name: "said nothing", parts: false, reason: "upstream-closed" },
];

for (const { name, parts, reason } of ENDS) {
  test(`a server that hangs up on a client that ${name} ends the session as ${reason}`, () => {
    const { client, server, reasons } = started();
    if (parts) client.wire.onData(terminate);
    server.wire.onClose(undefined);
    client.wire.onClose(undefined);
    assert.deepEqual(reasons, [reason]);
  });
}

test("a session that is cut in a query is told why where ReadyForQuery would have said that all is answered", () => {
  const cancelled = errorResponse({ severity: "ERROR", sqlstate: "57014", message: "canceling statement" });
  const answer = Buffer.concat([cancelled, readyForQueryIdle]);
  for (let cut = 0; cut < answer.length; cut++) {
    const { session, client, server, reasons } = started();
    client.wire.onData(query("SELECT pg_sleep(60)"));
    session.end("revoked");
    for (const chunk of [answer.subarray(0, cut), answer.subarray(cut)])
      if (chunk.length > 0) server.wire.onData(chunk);
    const said = Buffer.concat(client.written.slice(1)).toString("latin1");
    assert.match(said, /SERROR.*SFATAL.*its right was taken away/s);
    assert.match(client.written.at(-1)?.toString("latin1") ?? "", /its right was taken away/);
    const ready = said.includes(readyForQueryIdle.toString("latin1"));
    assert.equal(
      ready,
      cut > cancelled.length,
      "a ReadyForQuery that has begun is ended, and no other is said",
    );
    assert.deepEqual(reasons, ["revoked"]);
  }
});

interface State {
  readonly name: string;
  /** What the client asked, and what the server has said to that. */
  readonly asked?: Buffer;
  readonly said?: Buffer;
  /** How long after the end the client is told at the latest, and what was done to the server process by then. */
  readonly graceMs: number;
  readonly done: readonly string[];
}

const copyIn = message("G", "\0\0\x01\0\0");
const inTransaction = Buffer.concat([message("C", "BEGIN\0"), message("Z", "T")]);
/** The states in which the end of a right can find a session; a server that answers nothing is the worst of each. */
const STATES: readonly State[] = [
  { name: "idle", graceMs: 0, done: [] },
  { name: "in a transaction", asked: query("BEGIN"), said: inTransaction, graceMs: 0, done: [] },
  {
    name: "in COPY",
    asked: query("COPY t FROM STDIN"),
    said: copyIn,
    graceMs: 1000,
    done: ["cancel", "terminate"],
  },
  { name: "waiting for a lock", asked: query("LOCK t"), graceMs: 1000, done: ["cancel", "terminate"] },
];

for (const { name, asked, said, graceMs, done } of STATES) {
  test(`attack 17: a session that is ${name} ends when its right does, not a moment before, and is told why`, () => {
    const clock = new VirtualClock();
    const until = { at: clock.now() + 60_000, reason: "expired" } as const;
    const permitted = new Sessions(clock).open(sessionFacts({ until }));
    const { session, client, server, reasons, done: did } = started(clock);
    permitted.attach((reason) => session.end(reason));
    if (asked !== undefined) client.wire.onData(asked);
    if (said !== undefined) server.wire.onData(said);
    clock.advance(59_999);
    assert.deepEqual([reasons, did], [[], []]);
    clock.advance(1 + graceMs);
    assert.deepEqual([reasons, did], [["expired"], done]);
    assert.match(client.written.at(-1)?.toString("latin1") ?? "", /SFATAL.*its token has expired/s);
  });
}

test("a warning waits for the end of the server's message, wherever that is cut", () => {
  const row = message("D", Buffer.alloc(40, 7));
  for (let cut = 1; cut < row.length; cut++) {
    const { session, client, server } = started();
    server.wire.onData(row.subarray(0, cut));
    session.warn(60_000);
    assert.equal(client.written.length, 2, "nothing is said inside a message");
    server.wire.onData(row.subarray(cut));
    const types = client.written.map((bytes) => bytes.toString("latin1", 0, 1));
    assert.deepEqual([types[0], types[1], types[3]], ["Z", "D", "N"]);
    assert.equal(client.written.length, 4);
    server.wire.onData(readyForQueryIdle);
    assert.equal(client.written.length, 5, "it is said once");
  }
});
