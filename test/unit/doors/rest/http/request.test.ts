import assert from "node:assert/strict";
import { test } from "node:test";
import { Budget } from "../../../../../src/base/budget.ts";
import { HttpError } from "../../../../../src/doors/rest/http/errors.ts";
import { parseHead } from "../../../../../src/doors/rest/http/head.ts";
import { Request } from "../../../../../src/doors/rest/http/request.ts";
import { VirtualClock } from "../../../../support/clock.ts";

const HEAD = Buffer.from("GET / HTTP/1.1\r\nHost: here");

function requestOf({ closed = false } = {}): Request {
  const head = parseHead(HEAD, { targetBytes: 100, headerBytes: 100 });
  const peer = { address: "192.0.2.1", port: 1024, tls: false };
  const readBody = async () => Buffer.alloc(0);
  const answerRoom = () => new Budget(new VirtualClock(), () => 0).share();
  return new Request(head, {
    peer,
    closed,
    readBody,
    bodyBecomes: () => undefined,
    dropBody: () => {},
    vouch: () => {},
    answerRoom,
  });
}

test("a request that is aborted before anybody asks for its signal is found aborted, for the same reason", () => {
  const request = requestOf();
  request.abort("token-expired");
  assert.equal(request.signal.aborted, true);
  assert.equal(request.signal.reason, "token-expired");
});

test("who waits on the signal is told once, with the reason that came first", () => {
  const request = requestOf();
  const reasons: unknown[] = [];
  const { signal } = request;
  signal.addEventListener("abort", () => reasons.push(signal.reason));
  request.abort("revoked");
  request.leave();
  assert.deepEqual(reasons, ["revoked"]);
});

test("a request whose client has gone is found aborted", () => {
  for (const request of [requestOf({ closed: true }), requestOf()]) {
    request.leave();
    assert.equal(request.signal.aborted, true);
    assert.ok(request.signal.reason instanceof HttpError);
    assert.equal(request.signal.reason.code, "http/client-gone");
  }
  assert.equal(requestOf({ closed: true }).signal.aborted, true);
});
