import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { RestError } from "../../../../../src/doors/rest/errors.ts";
import { RequestHeaders } from "../../../../../src/doors/rest/http/headers.ts";
import { BODY_SLICE, MAX_JSON_DEPTH } from "../../../../../src/doors/rest/request/limits.ts";
import { readPayload } from "../../../../../src/doors/rest/request/payload/payload.ts";
import type { MakeRoom } from "../../../../../src/doors/rest/request/payload/slices.ts";
import { parseRequest } from "../../../../../src/doors/rest/request/request.ts";

const settings = { schemas: ["api"], rootRoutine: undefined, described: true, clientEndsTransactions: false };

const enough = () => undefined;

function read(request: string, type: string | undefined, body: string | Buffer, makeRoom: MakeRoom = enough) {
  const [method = "", target = ""] = request.split(" ");
  const headers = RequestHeaders.fromRaw(type === undefined ? [] : ["Content-Type", type]);
  return readPayload(parseRequest({ method, target, headers }, settings), Buffer.from(body), makeRoom);
}

/** What a body holds, which may be in pieces. */
function jsonOf(body: Buffer | readonly Buffer[]) {
  return JSON.parse(Buffer.isBuffer(body) ? body.toString() : Buffer.concat(body).toString());
}

async function refusal(request: string, type: string | undefined, body: string | Buffer): Promise<unknown> {
  try {
    await read(request, type, body);
  } catch (error) {
    assert.ok(error instanceof RestError, String(error));
    assert.deepEqual([error.code, error.http], ["PGRST102", 400]);
    return error.message;
  }
  return assert.fail("it was not refused");
}

describe("JSON", () => {
  const rows: readonly [body: string, shape: string, keys: readonly string[], rows: number][] = [
    ["{}", "object", [], 1],
    ['{"a":1,"b":{"c":[{"d":2}]}}', "object", ["a", "b"], 1],
    ['{"a":1,"a":2}', "object", ["a"], 1],
    ['{"\\u0061\\"":1}', "object", ['a"'], 1],
    ["[]", "array", [], 0],
    [" [ { } , { } ] ", "array", [], 2],
    ['[{"a":1,"b":2},{"b":[],"a":{}}]', "array", ["a", "b"], 2],
    ['[{"a":1},{"\\u0061":1},{"a":1,"a":2}]', "array", ["a"], 3],
    ['[{"a":[1,{"x":1}]},{"a":{"y":[]}}]', "array", ["a"], 2],
    ['"text"', "scalar", [], 0],
    ["-1.5e+10", "scalar", [], 0],
    ["null", "scalar", [], 0],
  ];
  for (const [body, shape, keys, count] of rows)
    test(body, async () => {
      const payload = await read("POST /a", "application/json", body);
      assert.deepEqual(payload, { kind: "json", body: Buffer.from(body), shape, keys, rows: count });
    });

  const mixed = [
    '[{"a":1},{"b":1}]',
    '[{"a":1},{"a":1,"b":2}]',
    '[{"a":1,"b":2},{"a":1}]',
    '[{"a":1,"b":2},{"a":1,"a":2}]',
    '[{"a":1},2]',
    '[{"a":1},[]]',
    "[1,2]",
    '["x"]',
    "[[]]",
  ];
  for (const body of mixed)
    test(`${body} has different keys`, async () =>
      assert.equal(await refusal("POST /a", undefined, body), "All object keys must match"));

  const broken = [
    "",
    " ",
    "}{ x = 2",
    "{",
    "[1,]",
    '{"a":}',
    '{"a" 1}',
    '{"a":1,}',
    "{a:1}",
    "01",
    "1.",
    ".5",
    "+1",
    "1e",
    "nul",
    "nulll",
    "[1 2]",
    "[]]",
    "{} {}",
    '"a',
    '"\n"',
    '"\\x"',
    '"\\u12g4"',
    "[}",
    "{]",
  ];
  for (const body of broken)
    test(`${JSON.stringify(body)} is not JSON`, async () => {
      assert.equal(await refusal("POST /a", undefined, body), "Empty or invalid json");
    });

  test("bytes that are not UTF-8 are not JSON", async () =>
    assert.equal(
      await refusal("POST /a", undefined, Buffer.from('"\xff"', "latin1")),
      "Empty or invalid json",
    ));

  test("nesting is bounded", async () => {
    const nested = (depth: number) => `{"a":${"[".repeat(depth - 1)}${"]".repeat(depth - 1)}}`;
    await read("POST /a", undefined, nested(MAX_JSON_DEPTH));
    assert.match(String(await refusal("POST /a", undefined, nested(MAX_JSON_DEPTH + 1))), /nested deeper/);
  });

  test("large bodies are read in slices, with the same result", async () => {
    const rows = Array.from({ length: BODY_SLICE / 8 }, (_, n) => ({ id: n, name: "x".repeat(n % 40) }));
    const body = Buffer.from(JSON.stringify(rows));
    assert.ok(body.length > 2 * BODY_SLICE);
    const payload = await read("POST /a", undefined, body);
    assert.deepEqual(payload, {
      kind: "json",
      body,
      shape: "array",
      keys: ["id", "name"],
      rows: rows.length,
    });
    const spoilt = Buffer.from(body);
    spoilt[body.length - 1] = 0x20;
    assert.equal(await refusal("POST /a", undefined, spoilt), "Empty or invalid json");
  });

  test("is not looked at when the columns are named", () => {
    const body = Buffer.from("not JSON");
    assert.deepEqual(read("POST /a?columns=b,c", undefined, body), {
      kind: "unread-json",
      body,
      columns: ["b", "c"],
    });
    assert.deepEqual(read("POST /rpc/f?columns=b", undefined, body), {
      kind: "unread-json",
      body,
      columns: ["b"],
    });
  });

  test("PUT names all its columns itself", async () =>
    assert.equal(await refusal("PUT /a?columns=b", undefined, "not JSON"), "Empty or invalid json"));
});

describe("CSV", () => {
  const rows: readonly [csv: string, json: readonly Record<string, string | null>[]][] = [
    [
      "a,b\n1,x\n2,y",
      [
        { a: "1", b: "x" },
        { a: "2", b: "y" },
      ],
    ],
    ['a\n"say ""hi"", \\o/"\n"\t\n"\n', [{ a: 'say "hi", \\o/' }, { a: "\t\n" }]],
    ['"a ""b""",c\r"NULL",x', [{ 'a "b"': null, c: "x" }]],
    ['a\n""\n"",\n'.replace(",", ""), []],
    [
      "a,b\r\n1,\r\n,NULL\r\n",
      [
        { a: "1", b: "" },
        { a: "", b: null },
      ],
    ],
    ['"a ""b""",c\n"x,\n""y""",z\n', [{ 'a "b"': 'x,\n"y"', c: "z" }]],
    ["a\n\n1\n\n2\n", [{ a: "1" }, { a: "2" }]],
    ["名\nñ", [{ 名: "ñ" }]],
    ["a,b\n", []],
  ];
  for (const [csv, json] of rows)
    test(JSON.stringify(csv), async () => {
      const payload = await read("POST /a", "text/csv", csv);
      assert.ok(payload.kind === "json");
      assert.deepEqual(jsonOf(payload.body), json);
      assert.deepEqual([payload.shape, payload.rows], ["array", json.length]);
      assert.deepEqual(payload.keys, Object.keys(json[0] ?? {}));
    });

  const refused: readonly [csv: string, message: RegExp][] = [
    ["a,b\nfoo,bar\nbaz", /^All lines must have same number of fields$/],
    ["a,b\n1,2,3", /^All lines must have same number of fields$/],
    ["", /header/],
    ['a\n"x', /does not end/],
    ['a\n"x"y', /closing quote/],
    ['a\nx"y"', /quote inside/],
    ["a,a\n1,2", /twice/],
  ];
  for (const [csv, message] of refused)
    test(`${JSON.stringify(csv)} is refused`, async () =>
      assert.match(String(await refusal("POST /a", "text/csv", csv)), message));

  test("what CSV becomes is counted while it does, and waits for room", async () => {
    const asked: number[] = [];
    const { promise, resolve } = Promise.withResolvers<void>();
    const name = "x".repeat(1000);
    const reading = read("POST /a", "text/csv", `${name}\n${"1\n".repeat(10_000)}`, (bytes) => {
      asked.push(bytes);
      return asked.length === 1 ? promise : undefined;
    });
    await new Promise(setImmediate);
    assert.equal(asked.length, 1, "it goes on when there is room");
    resolve();
    const payload = await reading;
    assert.ok(payload.kind === "json" && Array.isArray(payload.body));
    const [made, ...more] = asked;
    assert.ok(made !== undefined && made > 1_000_000 && more.length > 0, String(asked));
    const length = payload.body.reduce((sum: number, { length }: Buffer) => sum + length, 0);
    assert.ok(length - (asked.at(-1) ?? 0) <= 1, `${asked.at(-1)} of ${length} bytes were counted`);
    await assert.rejects(
      async () => read("POST /a", "text/csv", "a\n1", () => Promise.reject(new Error("no room"))),
      /no room/,
    );
  });

  test("a large body is read in slices", async () => {
    const lines = Array.from({ length: BODY_SLICE / 4 }, (_, n) => `${n},name ${n}`);
    const payload = await read("POST /a", "text/csv", ["id,name", ...lines].join("\n"));
    assert.ok(payload.kind === "json");
    assert.equal(payload.rows, lines.length);
    assert.deepEqual(jsonOf(payload.body).at(-1), {
      id: `${lines.length - 1}`,
      name: `name ${lines.length - 1}`,
    });
  });
});

describe("forms", () => {
  test("a posted row has text values, the last of each name", () => {
    const payload = read("POST /a", "application/x-www-form-urlencoded", "name=John+Doe&age=50&age=%35%31");
    assert.ok(!(payload instanceof Promise) && payload.kind === "json");
    assert.deepEqual(jsonOf(payload.body), { name: "John Doe", age: "51" });
    assert.deepEqual([payload.keys, payload.rows], [["name", "age"], 1]);
  });

  test("arguments keep their repeats", () =>
    assert.deepEqual(read("POST /rpc/f", "application/x-www-form-urlencoded", "v=1&v=2&w"), {
      kind: "form",
      pairs: [
        { name: "v", value: "1" },
        { name: "v", value: "2" },
        { name: "w", value: "" },
      ],
    }));
});

describe("other bodies", () => {
  const body = Buffer.from([0, 1, 255]);
  for (const type of ["text/plain", "text/xml", "application/octet-stream"]) {
    test(`${type} is one argument of a function`, () =>
      assert.deepEqual(read("POST /rpc/f", type, body), { kind: "raw", body }));
    test(`${type} makes no row`, async () =>
      assert.equal(await refusal("POST /a", type, body), `Content-Type not acceptable: ${type}`));
  }

  test("an unknown type is refused by its name", async () =>
    assert.equal(await refusal("PATCH /a", "image/png", body), "Content-Type not acceptable: image/png"));

  test("no body is an empty object for a function, and a mistake for a table", async () => {
    const payload = await read("POST /rpc/f", undefined, "");
    assert.ok(payload.kind === "json");
    assert.deepEqual([payload.body.toString(), payload.keys], ["{}", []]);
    assert.equal(await refusal("PATCH /a", undefined, ""), "Empty or invalid json");
  });

  test("reads and deletions take none", () => {
    for (const request of ["GET /a", "HEAD /a", "DELETE /a", "GET /rpc/f", "OPTIONS /a", "GET /"])
      assert.deepEqual(read(request, "image/png", body), { kind: "none" });
  });
});

test("rows below a long header, which each of them repeats, leave others their turn", async () => {
  const body = `${"a".repeat(10_000)}\n${"1\n".repeat(10_000)}`;
  let turns = 0;
  let over = false;
  const turn = () => {
    turns += 1;
    if (!over) setImmediate(turn);
  };
  setImmediate(turn);
  const payload = await read("POST /a", "text/csv", body);
  over = true;
  assert.ok(payload.kind === "json" && payload.rows === 10_000);
  assert.ok(turns >= 20, `${turns} turns for 100 MB`);
});
