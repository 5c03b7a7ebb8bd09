import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { RestError } from "../../../../../src/doors/rest/errors.ts";
import { RequestHeaders } from "../../../../../src/doors/rest/http/headers.ts";
import { parseAccept } from "../../../../../src/doors/rest/request/accept.ts";
import { mediaTypeName, parseMediaType } from "../../../../../src/doors/rest/request/media-type.ts";
import { NO_PREFERENCES, parsePreferences } from "../../../../../src/doors/rest/request/preferences.ts";
import type { RequestSettings } from "../../../../../src/doors/rest/request/request.ts";
import { parseRequest } from "../../../../../src/doors/rest/request/request.ts";
import type { Action, MediaType, Preferences, Range } from "../../../../../src/doors/rest/request/types.ts";

const settings: RequestSettings = {
  schemas: ["v1", "v2", "ñ"],
  rootRoutine: undefined,
  described: true,
  clientEndsTransactions: true,
};

function parse(
  request: string,
  headers: Readonly<Record<string, string>> = {},
  more: Partial<RequestSettings> = {},
) {
  const [method = "", target = ""] = request.split(" ");
  const raw = Object.entries(headers).flat();
  return parseRequest({ method, target, headers: RequestHeaders.fromRaw(raw) }, { ...settings, ...more });
}

function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    assert.ok(error instanceof RestError, String(error));
    return error.code;
  }
  return "none";
}

describe("path and method", () => {
  const rows: readonly [request: string, action: Action][] = [
    ["GET /films", { kind: "read", relation: "films", headersOnly: false }],
    ["HEAD /films?id=eq.1", { kind: "read", relation: "films", headersOnly: true }],
    ["POST /films", { kind: "insert", relation: "films" }],
    ["PUT /films", { kind: "upsert", relation: "films" }],
    ["PATCH /films", { kind: "update", relation: "films" }],
    ["DELETE /films", { kind: "delete", relation: "films" }],
    ["OPTIONS /films", { kind: "options", of: { kind: "relation", relation: "films" } }],
    ["GET /Order%20Items", { kind: "read", relation: "Order Items", headersOnly: false }],
    ["GET /a%2Fb+c", { kind: "read", relation: "a/b+c", headersOnly: false }],
    ["GET /%E5%90%8D", { kind: "read", relation: "名", headersOnly: false }],
    ["GET /rpc", { kind: "read", relation: "rpc", headersOnly: false }],
    ["GET /rpc/add", { kind: "call", routine: "add", method: "GET" }],
    ["HEAD /rpc/add", { kind: "call", routine: "add", method: "HEAD" }],
    ["POST /rpc/add", { kind: "call", routine: "add", method: "POST" }],
    ["OPTIONS /rpc/add", { kind: "options", of: { kind: "routine", routine: "add" } }],
    ["GET /", { kind: "describe", headersOnly: false }],
    ["HEAD /", { kind: "describe", headersOnly: true }],
    ["OPTIONS /", { kind: "options", of: { kind: "root" } }],
  ];
  for (const [request, action] of rows) test(request, () => assert.deepEqual(parse(request).action, action));

  const refused: readonly [request: string, code: string][] = [
    ["PUT /rpc/add", "PGRST101"],
    ["TRACE /films", "PGRST117"],
    ["get /films", "PGRST117"],
    ["POST /", "PGRST117"],
    ["GET /films/1", "PGRST125"],
    ["GET /films/", "PGRST125"],
    ["GET //films", "PGRST125"],
    ["GET /rpc/", "PGRST125"],
    ["GET /rpc/a/b", "PGRST125"],
    ["GET films", "PGRST125"],
    ["GET *", "PGRST125"],
    ["PUT /films?limit=1", "PGRST114"],
  ];
  for (const [request, code] of refused)
    test(`${request} is refused`, () =>
      assert.equal(
        codeOf(() => parse(request)),
        code,
      ));

  test("a path that is no text names nothing", () => {
    assert.equal(
      codeOf(() => parse("GET /%00")),
      "PGRST125",
    );
    assert.equal(
      codeOf(() => parse("GET /%ff")),
      "PGRST125",
    );
  });

  test("a function may answer at the root", () => {
    for (const rootRoutine of ["root", "api.root"])
      assert.deepEqual(parse("GET /", {}, { rootRoutine }).action, {
        kind: "call",
        routine: "root",
        method: "GET",
      });
  });

  test("the root is not there when the API does not describe itself", () =>
    assert.equal(
      codeOf(() => parse("GET /", {}, { described: false })),
      "PGRST126",
    ));
});

describe("schemas", () => {
  const rows: readonly [request: string, headers: Record<string, string>, schema: string][] = [
    ["GET /a", {}, "v1"],
    ["GET /a", { "Accept-Profile": "v2" }, "v2"],
    ["GET /a", { "Content-Profile": "v2" }, "v1"],
    ["POST /a", { "Content-Profile": "v2" }, "v2"],
    ["DELETE /a", { "Content-Profile": "v2", "Accept-Profile": "v1" }, "v2"],
    ["GET /a", { "Accept-Profile": Buffer.from("ñ").toString("latin1") }, "ñ"],
  ];
  for (const [request, headers, schema] of rows)
    test(`${request} ${JSON.stringify(headers)}`, () => assert.equal(parse(request, headers).schema, schema));

  test("an unknown one is refused", () =>
    assert.equal(
      codeOf(() => parse("GET /a", { "Accept-Profile": "private" })),
      "PGRST106",
    ));

  test("one alone that nobody asked for is not named in the answer", () => {
    assert.equal(parse("GET /a", {}, { schemas: ["v1"] }).schemaNegotiated, false);
    assert.equal(parse("GET /a", { "Accept-Profile": "v1" }, { schemas: ["v1"] }).schemaNegotiated, true);
    assert.equal(parse("GET /a").schemaNegotiated, true);
  });
});

describe("ranges", () => {
  const rows: readonly [request: string, header: string, range: Range][] = [
    ["GET /a", "0-19", { offset: 0, limit: 20 }],
    ["GET /a", "10-", { offset: 10, limit: undefined }],
    ["GET /a", "bytes=0-1", { offset: 0, limit: undefined }],
    ["HEAD /a", "0-19", { offset: 0, limit: undefined }],
    ["DELETE /a", "0-19", { offset: 0, limit: undefined }],
    ["GET /a?limit=3", "0-1", { offset: 0, limit: 2 }],
    ["GET /a?limit=3&offset=1", "2-9", { offset: 2, limit: 2 }],
    ["GET /a?limit=0", "2-9", { offset: 0, limit: 0 }],
  ];
  for (const [request, header, range] of rows)
    test(`${request} with Range: ${header}`, () =>
      assert.deepEqual(parse(request, { Range: header }).range, range));

  test("what cannot be satisfied is refused", () => {
    assert.equal(
      codeOf(() => parse("GET /a", { Range: "1-0" })),
      "PGRST103",
    );
    assert.equal(
      codeOf(() => parse("GET /a?limit=2", { Range: "5-9" })),
      "PGRST103",
    );
  });
});

describe("preferences", () => {
  const rows: readonly [header: string, preferences: Partial<Preferences>][] = [
    [
      "resolution=ignore-duplicates, count=exact, timezone=America/Los_Angeles, max-affected=100",
      { resolution: "ignore-duplicates", count: "exact", timezone: "America/Los_Angeles", maxAffected: 100 },
    ],
    [
      "count=exact,    tx=commit   ,return=representation , missing=default, handling=lenient, anything",
      {
        count: "exact",
        tx: "commit",
        return: "representation",
        missing: "default",
        handling: "lenient",
        invalid: ["anything"],
      },
    ],
    ["tx=commit, tx=rollback", { tx: "commit" }],
    ["return=nothing", { invalid: ["return=nothing"] }],
    ["max-affected=many", {}],
  ];
  for (const [header, preferences] of rows)
    test(header, () =>
      assert.deepEqual(parsePreferences(header, true), { ...NO_PREFERENCES, ...preferences }),
    );

  test("how the transaction ends is only asked where clients may choose", () => {
    assert.equal(parsePreferences("tx=rollback", false).tx, undefined);
    assert.deepEqual(parsePreferences("tx=rollback, handling=strict", false).invalid, []);
  });

  test("strict handling refuses what is not understood", () => {
    const refused = () => parse("GET /a", { Prefer: "handling=strict, foo, bar" });
    assert.equal(codeOf(refused), "PGRST122");
    assert.throws(refused, { details: "Invalid preferences: foo, bar" });
  });
});

describe("media types", () => {
  const plan = (more: Partial<Extract<MediaType, { kind: "plan" }>> = {}): MediaType => ({
    kind: "plan",
    for: { kind: "json" },
    format: "text",
    options: [],
    ...more,
  });
  const rows: readonly [text: string, type: MediaType][] = [
    ["application/json", { kind: "json" }],
    ["application/json; charset=utf-8", { kind: "json" }],
    ["TEXT/CSV;charset=x", { kind: "csv" }],
    ["application/vnd.pgrst.object+json", { kind: "object", stripped: false }],
    ["ApplicatIon/vnd.PgRsT.object", { kind: "object", stripped: false }],
    ["application/vnd.pgrst.object+json;nulls=stripped", { kind: "object", stripped: true }],
    ["application/vnd.pgrst.array+json", { kind: "json" }],
    ["application/vnd.pgrst.array;Nulls=stripped", { kind: "array-stripped" }],
    ["application/vnd.pgrst.plan;", plan()],
    [
      'application/vnd.pgrst.plan+json ; for="text/xml" ; options=wal|analyze|x',
      plan({ for: { kind: "xml" }, format: "json", options: ["analyze", "wal"] }),
    ],
    [
      'application/vnd.pgrst.plan; for="application/vnd.pgrst.object+json;nulls=stripped"',
      plan({ for: { kind: "object", stripped: true } }),
    ],
    ['application/vnd.pgrst.plan; for="application/vnd.pgrst.plan+json"', plan()],
    ["Text/HTML; level=1", { kind: "other", essence: "text/html", sent: "Text/HTML; level=1" }],
    [
      "application/vnd.pgrst.nothing",
      { kind: "other", essence: "application/vnd.pgrst.nothing", sent: "application/vnd.pgrst.nothing" },
    ],
    ["", { kind: "other", essence: "", sent: "" }],
  ];
  for (const [text, type] of rows)
    test(text || "an empty one", () => assert.deepEqual(parseMediaType(text), type));

  test("are written as headers have them", () => {
    const written = 'application/vnd.pgrst.plan+json; for="text/csv"; options=analyze|verbose';
    assert.equal(mediaTypeName(parseMediaType(written.replaceAll("; ", ";"))), written);
    assert.equal(
      mediaTypeName({ kind: "object", stripped: true }),
      "application/vnd.pgrst.object+json;nulls=stripped",
    );
  });

  const accepted: readonly [header: string | undefined, names: readonly string[]][] = [
    [undefined, ["*/*"]],
    ["text/csv", ["text/csv"]],
    ["text/csv;q=0.5, application/json", ["application/json", "text/csv"]],
    ["*/*, text/csv, text/*", ["text/csv", "text/*", "*/*"]],
    ["text/csv;q=0, application/json;q=0.1", ["application/json"]],
    ["text/csv;q=2, application/json", ["application/json"]],
    [
      'application/vnd.pgrst.plan;for="a,b";q=0.9, application/json',
      ["application/json", 'application/vnd.pgrst.plan+text; for="a,b"'],
    ],
    ["text/html,application/xml;q=0.9,*/*;q=0.8", ["text/html", "application/xml", "*/*"]],
  ];
  for (const [header, names] of accepted)
    test(`Accept: ${header}`, () => assert.deepEqual(parseAccept(header).map(mediaTypeName), names));
});
