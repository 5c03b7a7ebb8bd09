import assert from "node:assert/strict";
import { test } from "node:test";
import type { SessionId } from "../../../../../src/base/ids.ts";
import type { HeaderField } from "../../../../../src/doors/rest/errors.ts";
import { RestError } from "../../../../../src/doors/rest/errors.ts";
import type { Exchange, Reply } from "../../../../../src/doors/rest/http/exchange.ts";
import { RequestHeaders } from "../../../../../src/doors/rest/http/headers.ts";
import type { Preferences } from "../../../../../src/doors/rest/request/types.ts";
import { contentLocation } from "../../../../../src/doors/rest/respond/content-location.ts";
import { corsFields, preflight } from "../../../../../src/doors/rest/respond/cors.ts";
import { finished } from "../../../../../src/doors/rest/respond/finish.ts";
import { overridden } from "../../../../../src/doors/rest/respond/overrides.ts";
import { preferenceApplied } from "../../../../../src/doors/rest/respond/preference-applied.ts";

const REPLY: Reply = { status: 200, headers: [["Content-Type", "a/b"]], body: undefined };
const headers = (fields: Readonly<Record<string, string>>) =>
  RequestHeaders.fromRaw(Object.entries(fields).flat());
const override = (responseHeaders: string | null, responseStatus: string | null = null) =>
  overridden(REPLY, { responseHeaders, responseStatus });

test("the database's headers take the place of ours and may repeat", () => {
  const json = '[{"content-type":"x/y"},{"Set-Cookie":"a=1"},{"Set-Cookie":"b=2"}]';
  assert.deepEqual(override(json).headers, [
    ["content-type", "x/y"],
    ["Set-Cookie", "a=1"],
    ["Set-Cookie", "b=2"],
  ]);
  assert.equal(override(null, "418").status, 418);
  assert.equal(override("", ""), REPLY);
});

test("how the body is framed is not for the database to say", () => {
  const json = '[{"Content-Length":"1"},{"transfer-encoding":"chunked"},{"Connection":"close"}]';
  assert.deepEqual(override(json).headers, REPLY.headers);
});

const badHeaders = ["{}", "[", '"a"', '[{"a":1}]', '[{"a":"b","c":"d"}]', "[{}]", "[null]", '[{"a b":"c"}]'];
for (const json of [...badHeaders, '[{"":"c"}]', '[{"a":"b\\r\\nc: d"}]', '[{"a":"\\u0000"}]', '[["a","b"]]'])
  test(`response.headers ${json} is PGRST111`, () => {
    assert.throws(
      () => override(json),
      (error) => error instanceof RestError && error.code === "PGRST111",
    );
  });

for (const status of ["x", "-1", "20", "2000", "200.5", "099", "101", " 200", "1e2"])
  test(`response.status "${status}" is PGRST112`, () => {
    assert.throws(
      () => override(null, status),
      (error) => error instanceof RestError && error.code === "PGRST112",
    );
  });

const PREFERENCES: Preferences = {
  resolution: "merge-duplicates",
  return: "representation",
  count: "exact",
  tx: "rollback",
  missing: "default",
  handling: "strict",
  timezone: "UTC",
  maxAffected: 5,
  invalid: [],
};
const applied: readonly (readonly [Parameters<typeof preferenceApplied>[0], string])[] = [
  ["read", "count=exact, tx=rollback, handling=strict, timezone=UTC"],
  [
    "insert",
    "resolution=merge-duplicates, missing=default, return=representation, count=exact, tx=rollback, handling=strict, timezone=UTC",
  ],
  ["upsert", "return=representation, count=exact, tx=rollback, handling=strict, timezone=UTC"],
  [
    "update",
    "missing=default, return=representation, count=exact, tx=rollback, handling=strict, timezone=UTC, max-affected=5",
  ],
  [
    "delete",
    "return=representation, count=exact, tx=rollback, handling=strict, timezone=UTC, max-affected=5",
  ],
  ["call", "count=exact, tx=rollback, handling=strict, timezone=UTC, max-affected=5"],
];
for (const [action, said] of applied)
  test(`Preference-Applied of ${action} has what means something to it`, () => {
    assert.deepEqual(preferenceApplied(action, PREFERENCES), [["Preference-Applied", said]]);
  });

test("Preference-Applied is left out when nothing was applied", () => {
  const none = { ...PREFERENCES, count: undefined, tx: undefined, handling: undefined, timezone: undefined };
  assert.deepEqual(preferenceApplied("read", none), []);
  const strange = { ...none, missing: undefined, return: undefined };
  assert.deepEqual(preferenceApplied("insert", strange, false), []);
  assert.deepEqual(preferenceApplied("delete", { ...strange, handling: "lenient" }), [
    ["Preference-Applied", "handling=lenient"],
  ]);
});

test("a Content-Location that no client or proxy may want to read is left out", () => {
  const long = (length: number) => [{ name: "a", value: "é".repeat(length) }];
  assert.equal(contentLocation("films", long(1000))?.length, "/films?a=".length + 6000);
  assert.equal(contentLocation("films", long(2000)), undefined);
});

test("Content-Location has the parameters in alphabetical order, escaped", () => {
  assert.equal(contentLocation("films", []), "/films");
  const parameters = [
    { name: "b", value: "eq.1" },
    { name: "a", value: "in.(é,*)" },
    { name: "c", value: undefined },
  ];
  assert.equal(contentLocation("my films", parameters), "/my%20films?a=in.%28%C3%A9%2C%2A%29&b=eq.1&c=");
});

const ORIGIN = { origin: "https://app.example" };
const fieldOf = (fields: readonly HeaderField[] | undefined, name: string) =>
  fields?.find(([field]) => field.toLowerCase() === name)?.[1];

test("a page of any origin may use the API where none is listed, without credentials", () => {
  const fields = corsFields(headers(ORIGIN), undefined);
  assert.equal(fieldOf(fields, "access-control-allow-origin"), "*");
  assert.equal(fieldOf(fields, "access-control-allow-credentials"), undefined);
  assert.deepEqual(corsFields(headers({}), undefined), []);
});

test("a listed origin may send credentials and is named; another gets nothing", () => {
  const fields = corsFields(headers(ORIGIN), [ORIGIN.origin, "https://b.example"]);
  assert.equal(fieldOf(fields, "access-control-allow-origin"), ORIGIN.origin);
  assert.equal(fieldOf(fields, "access-control-allow-credentials"), "true");
  for (const origin of [
    "https://evil.example",
    "https://app.example.evil",
    "null",
    "*",
    "https://APP.example",
  ])
    assert.deepEqual(corsFields(headers({ origin }), [ORIGIN.origin]), [], origin);
});

test("a preflight request is answered by itself, with the headers that the page wants", () => {
  const asks = {
    ...ORIGIN,
    "access-control-request-method": "POST",
    "access-control-request-headers": "Foo,Bar, not a name\t,authorization",
  };
  const reply = preflight("OPTIONS", headers(asks), undefined);
  assert.equal(reply?.status, 200);
  assert.deepEqual(reply?.headers, [
    ["Access-Control-Allow-Methods", "GET, POST, PATCH, PUT, DELETE, OPTIONS, HEAD"],
    [
      "Access-Control-Allow-Headers",
      "Authorization, Foo, Bar, authorization, Accept, Accept-Language, Content-Language",
    ],
    ["Access-Control-Max-Age", "86400"],
  ]);
  assert.equal(preflight("GET", headers(asks), undefined), undefined);
  assert.equal(preflight("OPTIONS", headers(ORIGIN), undefined), undefined);
  assert.equal(preflight("OPTIONS", headers(asks), ["https://b.example"]), undefined);
  assert.equal(
    preflight("OPTIONS", headers({ ...asks, "access-control-request-method": "TRACE" }), undefined),
    undefined,
  );
});

const finish = (
  reply: Reply,
  given: Readonly<Record<string, string>>,
  more: Partial<Parameters<typeof finished>[3]>,
) =>
  finished(
    reply,
    { headers: headers(given) } as Exchange,
    { allowedOrigins: undefined, traceHeader: "X-Request-Id" },
    { session: undefined, timings: undefined, legacyNames: [], ...more },
  ).headers;

test("every answer says what it varies by, unless the database said it", () => {
  assert.equal(fieldOf(finish(REPLY, {}, {}), "vary"), "Accept, Prefer, Range");
  const own: Reply = { ...REPLY, headers: [["vary", "X"]] };
  assert.deepEqual(
    finish(own, {}, {}).filter(([name]) => /vary/i.test(name)),
    [["vary", "X"]],
  );
});

test("the trace header comes back, empty when it was not sent", () => {
  assert.equal(fieldOf(finish(REPLY, { "x-request-id": "abc" }, {}), "x-request-id"), "abc");
  assert.equal(fieldOf(finish(REPLY, {}, {}), "x-request-id"), "");
});

test("the id under which the log knows the session is in every answer that has one", () => {
  assert.equal(
    fieldOf(finish(REPLY, {}, { session: "0123456789ab" as SessionId }), "postern-session"),
    "0123456789ab",
  );
});

test("Server-Timing tells the steps that were taken, in their order", () => {
  const timings = { transaction: 3.1234, jwt: 0.04, parse: 1 };
  assert.equal(
    fieldOf(finish(REPLY, {}, { timings }), "server-timing"),
    "jwt;dur=0.0, parse;dur=1.0, transaction;dur=3.1",
  );
});

test("a target that is named although it has an alias is warned of, and quoted safely", () => {
  const legacyNames = [{ name: 'a"\r\n', alias: "b" }];
  const warning = fieldOf(finish(REPLY, {}, { legacyNames }), "warning");
  assert.match(
    warning ?? "",
    /^299 Postern "Embedded resource .* Update `a\?\?\?` to `b` in query string filters, orders or limits\."$/,
  );
});
