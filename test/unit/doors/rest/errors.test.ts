import assert from "node:assert/strict";
import { test } from "node:test";
import { errorReply } from "../../../../src/doors/rest/error-reply.ts";
import type { PgrstCode } from "../../../../src/doors/rest/errors.ts";
import { pgrstStatus, RestError } from "../../../../src/doors/rest/errors.ts";
import * as refusals from "../../../../src/doors/rest/refusals.ts";

/** Every refusal with what it may be given, and what PostgREST's documentation says of its code. */
const table: Readonly<Record<keyof typeof refusals, readonly [RestError, PgrstCode, number]>> = {
  databaseUnreachable: [refusals.databaseUnreachable(), "PGRST000", 503],
  connectionLost: [refusals.connectionLost("gone"), "PGRST001", 503],
  badRole: [refusals.badRole(), "PGRST100", 400],
  noSecret: [refusals.noSecret(), "PGRST300", 500],
  noSchemaCache: [refusals.noSchemaCache(), "PGRST002", 503],
  poolTimeout: [refusals.poolTimeout(), "PGRST003", 504],
  badQuery: [refusals.badQuery("no", "really"), "PGRST100", 400],
  rpcMethod: [refusals.rpcMethod("PUT"), "PGRST101", 405],
  badBody: [refusals.badBody("no"), "PGRST102", 400],
  negativeLimit: [refusals.negativeLimit(), "PGRST103", 416],
  reversedRange: [refusals.reversedRange(), "PGRST103", 416],
  offsetOutOfBounds: [refusals.offsetOutOfBounds("5", "3"), "PGRST103", 416],
  putFilters: [refusals.putFilters(), "PGRST105", 405],
  hiddenSchema: [refusals.hiddenSchema("x", ["a", "b"]), "PGRST106", 406],
  noMediaType: [refusals.noMediaType(["a/b"]), "PGRST107", 406],
  notEmbedded: [refusals.notEmbedded("x"), "PGRST108", 400],
  badResponseHeaders: [refusals.badResponseHeaders(), "PGRST111", 500],
  badResponseStatus: [refusals.badResponseStatus(), "PGRST112", 500],
  putLimit: [refusals.putLimit(), "PGRST114", 400],
  putKeyMismatch: [refusals.putKeyMismatch(), "PGRST115", 400],
  notSingular: [refusals.notSingular(2), "PGRST116", 406],
  unsupportedMethod: [refusals.unsupportedMethod("TRACE"), "PGRST117", 405],
  orderNotToOne: [refusals.orderNotToOne("a", "b"), "PGRST118", 400],
  embedFilter: [refusals.embedFilter("a"), "PGRST120", 400],
  badRaise: [refusals.badRaise("MESSAGE", "{"), "PGRST121", 500],
  badPreferences: [refusals.badPreferences(["a"]), "PGRST122", 400],
  aggregatesDisabled: [refusals.aggregatesDisabled(), "PGRST123", 400],
  maxAffectedExceeded: [refusals.maxAffectedExceeded(3), "PGRST124", 400],
  badPath: [refusals.badPath(), "PGRST125", 404],
  openApiDisabled: [refusals.openApiDisabled(), "PGRST126", 404],
  notImplemented: [refusals.notImplemented("x"), "PGRST127", 400],
  maxAffectedNeedsSet: [refusals.maxAffectedNeedsSet(), "PGRST128", 400],
  noRelationship: [
    refusals.noRelationship({ parent: "a", child: "b", using: undefined, schema: "s", hint: undefined }),
    "PGRST200",
    400,
  ],
  ambiguousRelationship: [refusals.ambiguousRelationship("a", "b", [], ["'b!c'"]), "PGRST201", 300],
  noFunction: [refusals.noFunction({ message: "m", details: "d", hint: undefined }), "PGRST202", 404],
  ambiguousFunction: [refusals.ambiguousFunction(["s.f(a => b)"]), "PGRST203", 300],
  noColumn: [refusals.noColumn("a", "b"), "PGRST204", 400],
  noTable: [refusals.noTable("s", "a", "b"), "PGRST205", 404],
};

for (const [name, [error, code, http]] of Object.entries(table))
  test(`${name} is ${code}, HTTP ${http}`, () => {
    assert.ok(error instanceof RestError);
    assert.deepEqual([error.code, error.http, pgrstStatus[code]], [code, http, http]);
    assert.notEqual(error.message, "");
  });

test("an error is a JSON body whose fields are all there, with its code in Proxy-Status", () => {
  const { status, headers, body } = errorReply(refusals.noTable("s", "a", undefined), "verbose");
  assert.equal(status, 404);
  assert.deepEqual(headers, [
    ["Content-Type", "application/json; charset=utf-8"],
    ["Proxy-Status", "PostgREST; error=PGRST205"],
  ]);
  assert.equal(
    String(body),
    `{"code":"PGRST205","details":null,"hint":null,"message":"Could not find the table 's.a' in the schema cache"}`,
  );
});

test("with minimal verbosity there are no details and no hint, which may name what the role cannot see", () => {
  const { body } = errorReply(refusals.noTable("s", "salary", "salaries"), "minimal");
  assert.equal(
    String(body),
    `{"code":"PGRST205","message":"Could not find the table 's.salary' in the schema cache"}`,
  );
});

test("a code that a function made up stays within its place in Proxy-Status", () => {
  const reply = (code: string) => errorReply(RestError.raised(code, 400, { message: "m" }), "verbose");
  const said = (code: string) => reply(code).headers.find(([name]) => name === "Proxy-Status")?.[1];
  assert.equal(said("57014"), "PostgREST; error=57014");
  assert.equal(said('a"; b'), 'PostgREST; error="a\\"; b"');
  assert.equal(said("a\r\nSet-Cookie: b"), 'PostgREST; error="a??Set-Cookie: b"');
});

test("a server that cannot be reached says when to come again", () => {
  for (const error of [refusals.databaseUnreachable(), refusals.noSchemaCache(), refusals.poolTimeout()])
    assert.deepEqual(error.headers, [["Retry-After", "1"]]);
});
