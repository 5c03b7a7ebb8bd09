import assert from "node:assert/strict";
import { test } from "node:test";
import type { DenialCode } from "../../../../../src/access/denied.ts";
import { accessErrors } from "../../../../../src/access/errors.ts";
import type { EndReason } from "../../../../../src/base/event.ts";
import type { RestError } from "../../../../../src/doors/rest/errors.ts";
import { databaseError } from "../../../../../src/doors/rest/respond/database-error.ts";
import { denialError } from "../../../../../src/doors/rest/respond/denial.ts";
import { failureOf } from "../../../../../src/doors/rest/respond/failure.ts";
import { grantsErrors } from "../../../../../src/grants/errors.ts";
import { identityErrors } from "../../../../../src/identity/errors.ts";
import { policyErrors } from "../../../../../src/policy/errors.ts";
import { PoolError } from "../../../../../src/upstream/pool/errors.ts";

const raise = (code: string, message = "m", detail?: string, authenticated = true): RestError => {
  const fields = new Map([
    ["C", code],
    ["M", message],
  ]);
  if (detail !== undefined) fields.set("D", detail);
  return databaseError(fields, authenticated);
};

/** PostgREST documentation, "HTTP Status Codes", and what its tests show beyond. */
const states: readonly (readonly [codes: string, http: number, message?: string])[] = [
  ["08000 08006 08P01", 503],
  ["09000", 500],
  ["0L000 0LP01", 403],
  ["0P000", 403],
  ["21000", 500, "more than one row returned by a subquery used as an expression"],
  ["21000", 400, "UPDATE requires a WHERE clause"],
  ["22023", 400, "geometry column is missing"],
  ["22023", 401, 'role "nobody" does not exist'],
  ["22P02 22003 23502 23514", 400],
  ["23503 23505", 409],
  ["25006", 405],
  ["25000 25001 25P02", 500],
  ["28000 28P01", 403],
  ["2D000", 500],
  ["38000", 500],
  ["39000", 500],
  ["3B000", 500],
  ["40000 40001 40P01", 500],
  ["53000 53100 53300", 503],
  ["53400", 500],
  ["54000 54001", 500],
  ["55000 55P03", 500],
  ["57000 57014 57P03", 500],
  ["57P01", 503],
  ["58000 58030", 500],
  ["F0000", 500],
  ["HV000", 500],
  ["P0001", 400],
  ["P0000 P0002 P0003", 500],
  ["XX000 XX001", 500],
  ["42883", 404, "function f() does not exist"],
  ["42883", 406, "function xmlagg(record) does not exist"],
  ["42P01", 404],
  ["42P17", 500],
  ["42601 42703 42804", 400],
  ["44000", 400],
  ["PT402", 402],
  ["PT200", 200],
  ["PT999", 999],
  ["PT100 PTxyz PT0AB", 500],
];
for (const [codes, http, message] of states)
  for (const code of codes.split(" "))
    test(`SQLSTATE ${code}${message === undefined ? "" : ` "${message}"`} is HTTP ${http}`, () => {
      const error = raise(code, message);
      assert.deepEqual([error.code, error.http, error.message], [code, http, message ?? "m"]);
    });

test("a missing right is 403 for who is known, and 401 for who may come back with a token", () => {
  assert.equal(raise("42501").http, 403);
  const anonymous = raise("42501", "m", undefined, false);
  assert.equal(anonymous.http, 401);
  assert.deepEqual(anonymous.headers, [["WWW-Authenticate", "Bearer"]]);
});

test("a server that has no room, or restarts, is asked again in a moment", () => {
  assert.deepEqual(raise("53300").headers, [["Retry-After", "1"]]);
  assert.deepEqual(raise("57014").headers, []);
});

test("RAISE sqlstate 'PGRST' says everything of the answer, as JSON", () => {
  const message = '{"code":"123","message":"ABC","details":"DEF","hint":"XYZ"}';
  const detail = '{"status":332,"status_text":"My\\nText","headers":{"X-A":"b","Content-Length":"9"}}';
  const { code, http, message: text, details, hint, headers, statusText } = raise("PGRST", message, detail);
  assert.deepEqual(
    { code, http, text, details, hint, headers, statusText },
    {
      code: "123",
      http: 332,
      text: "ABC",
      details: "DEF",
      hint: "XYZ",
      headers: [["X-A", "b"]],
      statusText: "My?Text",
    },
  );
});

const GOOD = '{"code":"1","message":"m"}';
const badRaises: readonly (readonly [message: string, detail: string | undefined, about: RegExp])[] = [
  ["INVALID", '{"status":332,"headers":{}}', /^Invalid JSON value for MESSAGE: 'INVALID'$/],
  ['{"code":1,"message":"m"}', '{"status":332,"headers":{}}', /for MESSAGE/],
  ['{"code":"1"}', '{"status":332,"headers":{}}', /for MESSAGE/],
  [GOOD, undefined, /^DETAIL is missing in the RAISE statement$/],
  [GOOD, "INVALID", /^Invalid JSON value for DETAIL: 'INVALID'$/],
  [GOOD, '{"status":"332","headers":{}}', /for DETAIL/],
  [GOOD, '{"status":100,"headers":{}}', /for DETAIL/],
  [GOOD, '{"status":332}', /for DETAIL/],
  [GOOD, '{"status":332,"headers":{"a":1}}', /for DETAIL/],
  [GOOD, '{"status":332,"headers":{"a":"b\\r\\nSet-Cookie: c"}}', /for DETAIL/],
  [GOOD, '{"status":332,"headers":{"a b":"c"}}', /for DETAIL/],
];
for (const [message, detail, about] of badRaises)
  test(`RAISE sqlstate 'PGRST' with ${message} and ${detail} is PGRST121`, () => {
    const error = raise("PGRST", message, detail);
    assert.deepEqual([error.code, error.http], ["PGRST121", 500]);
    assert.match(String(error.details), about);
  });

const specs = { ...accessErrors, ...grantsErrors, ...identityErrors, ...policyErrors };
const deny = (code: DenialCode, token?: string) =>
  denialError({ kind: "denied", code, spec: specs[code], detail: "what only the log may say" }, token);
const encode = (claims: object) => `e30.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.c2ln`;

const denials: readonly (readonly [
  DenialCode,
  string | undefined,
  code: string,
  http: number,
  message: string,
])[] = [
  ["policy/anonymous", undefined, "PGRST302", 401, "Anonymous access is disabled"],
  ["identity/malformed", "", "PGRST301", 401, "Empty JWT is sent in Authorization header"],
  ["identity/malformed", "a.b", "PGRST301", 401, "Expected 3 parts in JWT; got 2"],
  ["identity/malformed", "a.b.c", "PGRST301", 401, "JWT couldn't be decoded"],
  ["identity/signature", "a.b.c", "PGRST301", 401, "No suitable key or wrong key type"],
  ["identity/expired", "a.b.c", "PGRST303", 401, "JWT expired"],
  ["identity/not-yet-valid", "a.b.c", "PGRST303", 401, "JWT not yet valid"],
  ["identity/not-yet-valid", encode({ iat: 2, nbf: 1 }), "PGRST303", 401, "JWT issued at future"],
  ["identity/not-yet-valid", encode({ iat: 1, nbf: 2 }), "PGRST303", 401, "JWT not yet valid"],
  ["identity/audience", "a.b.c", "PGRST303", 401, "JWT not in audience"],
  ["identity/claims", encode({ exp: "1" }), "PGRST303", 401, "The JWT 'exp' claim must be a number"],
  ["identity/claims", encode({ exp: 1, nbf: {} }), "PGRST303", 401, "The JWT 'nbf' claim must be a number"],
  ["identity/claims", encode({ exp: 1, iat: null }), "PGRST303", 401, "The JWT 'iat' claim must be a number"],
  [
    "identity/claims",
    encode({ exp: 1, aud: ["a", 1] }),
    "PGRST303",
    401,
    "The JWT 'aud' claim must be a string or an array of strings",
  ],
  ["identity/claims", encode({ exp: 1, sub: 1 }), "PGRST303", 401, "Parsing claims failed"],
  ["identity/claims", encode({ role: "web" }), "PGRST303", 401, "The JWT has no 'exp' claim"],
];
for (const [denial, token, code, http, message] of denials)
  test(`${denial} with the token ${JSON.stringify(token)} is ${code}: ${message}`, () => {
    const error = deny(denial, token);
    assert.deepEqual([error.code, error.http, error.message], [code, http, message]);
    const [[name, value] = []] = error.headers;
    assert.equal(name, "WWW-Authenticate");
    const said = `Bearer error="invalid_token", error_description="${message}"`;
    assert.equal(value, code === "PGRST302" ? "Bearer" : said);
  });

for (const code of Object.keys(specs) as DenialCode[])
  test(`${code} is told with the status of its room, and nothing of what the log says`, () => {
    const error = deny(code, "a.b.c");
    assert.equal(error.http, specs[code].http);
    assert.doesNotMatch(
      JSON.stringify([error.message, error.details, error.hint, error.headers]),
      /only the log/,
    );
    if (error.http === 429 || error.http === 503) assert.deepEqual(error.headers, [["Retry-After", "1"]]);
  });

const ends: readonly (readonly [EndReason, code: string, http: number])[] = [
  ["expired", "PGRST303", 401],
  ["revoked", "PGRST303", 401],
  // A new token would not help, and a client that sees PGRST303 fetches one and tries again.
  ["access-over", "28000", 403],
];
for (const [ended, code, http] of ends)
  test(`a request that is cut because its session ended as ${ended} is answered with ${code}`, () => {
    const cut = new PoolError("pool/aborted", "the session ended");
    const error = failureOf(cut, { authenticated: true, ended });
    assert.deepEqual([error.code, error.http], [code, http]);
  });
