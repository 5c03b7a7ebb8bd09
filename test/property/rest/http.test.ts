import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Backlog } from "../../../src/doors/rest/http/backlog.ts";
import { ChunkedBody } from "../../../src/doors/rest/http/chunked.ts";
import { HttpError } from "../../../src/doors/rest/http/errors.ts";
import { parseHead } from "../../../src/doors/rest/http/head.ts";
import { KnownFields } from "../../../src/doors/rest/http/known-fields.ts";

const BOUNDS = { targetBytes: 1000, headerBytes: 4000 };

/** Cuts `bytes` at any places. */
const pieces = (bytes: Buffer) =>
  fc.array(fc.nat(bytes.length), { maxLength: 12 }).map((cuts) => {
    const places = [0, ...cuts.sort((a, b) => a - b), bytes.length];
    return places.slice(1).map((end, at) => bytes.subarray(places[at], end));
  });

const chunked = fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 8 }).map((chunks) => {
  const parts = chunks.flatMap((chunk) => [
    Buffer.from(`${chunk.length.toString(16)};x=y\r\n`),
    Buffer.from(chunk),
    Buffer.from("\r\n"),
  ]);
  return { coded: Buffer.concat([...parts, Buffer.from("0\r\nX: 1\r\n\r\n")]), plain: Buffer.concat(chunks) };
});

test("a chunked body comes out whole however it is cut, and what is behind it is left alone", () => {
  const behind = Buffer.from("GET / HTTP/1.1\r\n");
  const cut = chunked.chain(({ coded, plain }) =>
    fc.record({ parts: pieces(Buffer.concat([coded, behind])), plain: fc.constant(plain) }),
  );
  fc.assert(
    fc.property(cut, ({ parts, plain }) => {
      const backlog = new Backlog();
      const body = new ChunkedBody(1000);
      for (const part of parts) {
        if (part.length > 0) backlog.push(part);
        if (!body.done) backlog.skip(body.read(backlog.view));
      }
      assert.ok(body.done);
      assert.deepEqual(Buffer.from(body.take()), plain);
      assert.deepEqual(Buffer.from(backlog.view), behind);
    }),
  );
});

test("a backlog gives back what was put in, and never changes what it gave", () => {
  const step = fc.oneof(
    fc.uint8Array({ minLength: 1, maxLength: 700 }).map((bytes) => ({ push: Buffer.from(bytes) })),
    fc.nat(900).map((take) => ({ take })),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const backlog = new Backlog();
      const given: { readonly bytes: Buffer; readonly copy: Buffer }[] = [];
      let model = Buffer.alloc(0);
      for (const one of steps) {
        if ("push" in one) {
          backlog.push(one.push);
          model = Buffer.concat([model, one.push]);
        } else {
          const length = Math.min(one.take, backlog.length);
          const bytes = backlog.take(length);
          assert.ok(bytes.equals(model.subarray(0, length)));
          given.push({ bytes, copy: Buffer.from(bytes) });
          model = Buffer.from(model.subarray(length));
        }
        assert.ok(backlog.view.equals(model));
      }
      for (const { bytes, copy } of given) assert.ok(bytes.equals(copy));
    }),
  );
});

test("whatever bytes a head is made of, it is read or refused", () => {
  const line = fc.string({ unit: "binary", maxLength: 60 });
  const head = fc
    .array(line, { maxLength: 8 })
    .map((lines) => `GET /x HTTP/1.1\r\nHost: a\r\n${lines.join("\r\n")}`);
  fc.assert(
    fc.property(fc.oneof(head, line), (text) => {
      try {
        const { method, target } = parseHead(Buffer.from(text, "latin1"), BOUNDS);
        assert.match(method, /^[!-~]+$/);
        assert.match(target, /^[/*][^\s#]*$/);
      } catch (error) {
        assert.ok(error instanceof HttpError, String(error));
      }
    }),
    { numRuns: 2000 },
  );
});

test("a head is read the same whether its fields were met before or not", () => {
  const value = fc.stringMatching(/^[ -~]{0,20}$/);
  const field = fc.constantFrom("Accept", "Authorization", "Content-Length", "Cookie", "X-A", "Connection");
  const lines = fc.array(fc.tuple(field, value), { maxLength: 4 });
  const known = new KnownFields();
  const outcome = (bytes: Buffer, fields?: KnownFields) => {
    try {
      const { headers, ...rest } = parseHead(bytes, BOUNDS, fields);
      return { ...rest, fields: [...headers] };
    } catch (error) {
      assert.ok(error instanceof HttpError, String(error));
      return error.code;
    }
  };
  fc.assert(
    fc.property(
      lines,
      fc.constantFrom("1.0", "1.1"),
      fc.constantFrom("/", "/\u00e9", "/a?b"),
      (some, version, target) => {
        const written = some.map(([name, text]) => `${name}: ${text}`);
        const bytes = Buffer.from([`GET ${target} HTTP/${version}`, "Host: a", ...written].join("\r\n"));
        const alone = outcome(bytes);
        for (let time = 0; time < 2; time++) assert.deepEqual(outcome(bytes, known), alone);
      },
    ),
    { numRuns: 2000 },
  );
});
