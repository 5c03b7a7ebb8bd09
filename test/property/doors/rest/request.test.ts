import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { RestError } from "../../../../src/doors/rest/errors.ts";
import { RequestHeaders } from "../../../../src/doors/rest/http/headers.ts";
import { parseAccept } from "../../../../src/doors/rest/request/accept.ts";
import { mediaTypeName, parseMediaType } from "../../../../src/doors/rest/request/media-type.ts";
import { CsvReader } from "../../../../src/doors/rest/request/payload/csv.ts";
import { JsonScan } from "../../../../src/doors/rest/request/payload/json-scan.ts";
import { readPayload } from "../../../../src/doors/rest/request/payload/payload.ts";
import { parseQuery } from "../../../../src/doors/rest/request/query.ts";
import { parseRequest } from "../../../../src/doors/rest/request/request.ts";
import type {
  Field,
  Filter,
  LogicTree,
  Operation,
  OrderTerm,
  SelectItem,
} from "../../../../src/doors/rest/request/types.ts";

// --- What a client may ask for ----------------------------------------------------------------------------------

const record = <T extends object>(parts: { [K in keyof T]: fc.Arbitrary<T[K]> }) =>
  fc.record<T>(parts, { noNullPrototype: true });
const character = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom(..."abcXYZ019_$ ñ名") },
  { weight: 1, arbitrary: fc.constantFrom(...'.,:()!*-">\\+%&=;\t{}') },
);
const name = fc.array(character, { minLength: 1, maxLength: 8 }).map((parts) => parts.join(""));
const type = fc.constantFrom("text", "int4", "double precision", "my_type");
const key = record({
  arrow: fc.constantFrom("->" as const, "->>" as const),
  kind: fc.constant("key" as const),
  operand: name,
});
const index = record({
  arrow: fc.constantFrom("->" as const, "->>" as const),
  kind: fc.constant("index" as const),
  operand: fc.integer({ min: -20, max: 20 }).map(String),
});
const field: fc.Arbitrary<Field> = record({
  name,
  path: fc.array(fc.oneof(key, index), { maxLength: 3 }),
});
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const join = maybe(fc.constantFrom("left" as const, "inner" as const));
const hint = maybe(name.filter((text) => text !== "left" && text !== "inner"));

const selectField: fc.Arbitrary<SelectItem> = record({
  kind: fc.constant("field" as const),
  field,
  alias: maybe(name),
  cast: maybe(type),
  aggregate: maybe(fc.constantFrom("sum", "avg", "count", "max", "min")),
  aggregateCast: maybe(type),
}).map((item) => (item.aggregate === undefined ? { ...item, aggregateCast: undefined } : item));

const { items } = fc.letrec<{ items: readonly SelectItem[]; item: SelectItem }>((tie) => ({
  items: fc.array(tie("item"), { maxLength: 4 }),
  item: fc.oneof(
    { maxDepth: 3, depthSize: "small" },
    selectField,
    fc.constant<SelectItem>({ kind: "all" }),
    record({ kind: fc.constant("count" as const), alias: maybe(name), aggregateCast: maybe(type) }),
    record({
      kind: fc.constant("relation" as const),
      relation: name.filter((text) => text !== "count"),
      alias: maybe(name),
      hint,
      join,
      select: tie("items"),
    }),
    record({ kind: fc.constant("spread" as const), relation: name, hint, join, select: tie("items") }),
  ),
}));

const value = fc.array(character, { maxLength: 10 }).map((parts) => parts.join(""));
const operation: fc.Arbitrary<Operation> = fc.oneof(
  record({
    kind: fc.constant("quantified" as const),
    operator: fc.constantFrom("eq", "gt", "gte", "lt", "lte", "like", "ilike", "match", "imatch"),
    quantifier: maybe(fc.constantFrom("any" as const, "all" as const)),
    value,
  }),
  record({
    kind: fc.constant("simple" as const),
    operator: fc.constantFrom("neq", "cs", "cd", "ov", "sl", "sr", "nxr", "nxl", "adj"),
    value,
  }),
  record({ kind: fc.constant("in" as const), values: fc.array(value, { minLength: 1, maxLength: 4 }) }),
  record({
    kind: fc.constant("is" as const),
    value: fc.constantFrom("null", "not_null", "true", "false", "unknown"),
  }),
  record({ kind: fc.constant("isdistinct" as const), value }),
  record({
    kind: fc.constant("fts" as const),
    operator: fc.constantFrom("fts", "plfts", "phfts", "wfts"),
    language: maybe(type),
    value,
  }),
);
const filter: fc.Arbitrary<Filter> = record({
  kind: fc.constant("filter" as const),
  field,
  negated: fc.boolean(),
  operation,
});
const { tree } = fc.letrec<{ tree: LogicTree }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 3, depthSize: "small" },
    filter,
    record({
      kind: fc.constantFrom("and" as const, "or" as const),
      negated: fc.boolean(),
      children: fc.array(tie("tree"), { minLength: 1, maxLength: 3 }),
    }),
  ),
}));
const term: fc.Arbitrary<OrderTerm> = record({
  relation: maybe(name),
  field,
  direction: maybe(fc.constantFrom("asc" as const, "desc" as const)),
  nulls: maybe(fc.constantFrom("first" as const, "last" as const)),
});

// --- How it is written ------------------------------------------------------------------------------------------

const quote = (text: string) => `"${text.replace(/["\\]/g, "\\$&")}"`;
const or = (text: string | undefined, write: (text: string) => string) =>
  text === undefined ? "" : write(text);
const writeField = ({ name, path }: Field) =>
  quote(name) +
  path.map(({ arrow, kind, operand }) => arrow + (kind === "index" ? operand : quote(operand))).join("");
const writeItems = (list: readonly SelectItem[]): string => list.map(writeItem).join(",");

function writeItem(item: SelectItem): string {
  const cast = (text: string | undefined) => or(text, (type) => `::${type}`);
  const alias = (text: string | undefined) => or(text, (name) => `${quote(name)}:`);
  switch (item.kind) {
    case "all":
      return "*";
    case "count":
      return `${alias(item.alias)}count()${cast(item.aggregateCast)}`;
    case "field":
      return `${alias(item.alias)}${writeField(item.field)}${cast(item.cast)}${or(item.aggregate, (name) => `.${name}()`)}${cast(item.aggregateCast)}`;
    default: {
      const head = item.kind === "spread" ? "..." : alias(item.alias);
      const modifiers = or(item.hint, (name) => `!${quote(name)}`) + or(item.join, (name) => `!${name}`);
      return `${head}${quote(item.relation)}${modifiers}(${writeItems(item.select)})`;
    }
  }
}

function writeOperation(operation: Operation, write: (value: string) => string): string {
  switch (operation.kind) {
    case "quantified":
      return `${operation.operator}${or(operation.quantifier, (word) => `(${word})`)}.${write(operation.value)}`;
    case "in":
      return `in.(${operation.values.map(quote).join(",")})`;
    case "fts":
      return `${operation.operator}${or(operation.language, (word) => `(${word})`)}.${write(operation.value)}`;
    case "is":
      return `is.${operation.value}`;
    case "isdistinct":
      return `isdistinct.${write(operation.value)}`;
    default:
      return `${operation.operator}.${write(operation.value)}`;
  }
}

const not = (negated: boolean) => (negated ? "not." : "");
function writeTree(tree: LogicTree): string {
  if (tree.kind !== "filter")
    return `${not(tree.negated)}${tree.kind}(${tree.children.map(writeTree).join(",")})`;
  return `${writeField(tree.field)}.${not(tree.negated)}${writeOperation(tree.operation, quote)}`;
}
const writeTerm = ({ relation, field, direction, nulls }: OrderTerm) =>
  `${relation === undefined ? writeField(field) : `${quote(relation)}(${writeField(field)})`}${or(direction, (word) => `.${word}`)}${or(nulls, (word) => `.nulls${word}`)}`;

const parameter = (name: string, value: string) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`;
const read = (name: string, value: string) => parseQuery(parameter(name, value), "mistake").query;

// --- Properties -------------------------------------------------------------------------------------------------

test("a select list that was written is read again", () =>
  fc.assert(
    fc.property(items, (list) => assert.deepEqual(read("select", writeItems(list)).select, list)),
    {
      numRuns: 2000,
    },
  ));

test("a filter that was written is read again", () =>
  fc.assert(
    fc.property(fc.array(name, { maxLength: 3 }), filter, (path, item) => {
      const key = [...path.map(quote), writeField(item.field)].join(".");
      const text = not(item.negated) + writeOperation(item.operation, (value) => value);
      assert.deepEqual(read(key, text).filters, [{ path, item }]);
    }),
    { numRuns: 2000 },
  ));

test("a logic tree that was written is read again", () =>
  fc.assert(
    fc.property(fc.array(tree, { minLength: 1, maxLength: 3 }), fc.boolean(), (children, negated) => {
      const { logic } = read(`${not(negated)}or`, `(${children.map(writeTree).join(",")})`);
      assert.deepEqual(logic, [{ path: [], item: { kind: "or", negated, children } }]);
    }),
    { numRuns: 2000 },
  ));

test("an order that was written is read again", () =>
  fc.assert(
    fc.property(fc.array(term, { minLength: 1, maxLength: 4 }), (terms) => {
      assert.deepEqual(read("order", terms.map(writeTerm).join(",")).order, [{ path: [], item: terms }]);
    }),
    { numRuns: 2000 },
  ));

const grammar = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        ...'select= order= or= and= not. a b.c limit= offset= columns= on_conflict= & = ( ) , . : :: ! ... * -> ->> " \\ % %22 %00 %ff + eq. in. is. fts( any) { } count() sum() 1 -1 desc nullslast'.split(
          " ",
        ),
      ),
      fc.string({ maxLength: 4, unit: "binary" }),
    ),
    { maxLength: 30 },
  )
  .map((parts) => parts.join(""));

/** HTTP itself lets no NUL into a field (RFC 9110 §5.5). */
const fieldValue = grammar.map((text) => text.replaceAll("\0", ""));

test("whatever a client sends, a request is read or refused", () =>
  fc.assert(
    fc.property(
      fc.constantFrom("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "X"),
      fc.oneof(fc.constantFrom("/a", "/rpc/f", "/"), grammar),
      grammar,
      fc.array(
        fc.tuple(fc.constantFrom("prefer", "accept", "content-type", "range", "accept-profile"), fieldValue),
      ),
      fc.uint8Array({ maxLength: 40 }),
      (method, path, query, headers, body) => {
        const settings = {
          schemas: ["api"],
          rootRoutine: undefined,
          described: true,
          clientEndsTransactions: true,
        };
        const head = { method, target: `${path}?${query}`, headers: RequestHeaders.fromRaw(headers.flat()) };
        try {
          const request = parseRequest(head, settings);
          assert.ok(!(readPayload(request, Buffer.from(body), () => undefined) instanceof Promise));
        } catch (error) {
          assert.ok(error instanceof RestError, String(error));
          assert.doesNotMatch(error.message, /\0/);
        }
      },
    ),
    { numRuns: 20_000 },
  ));

test("a media type that was written is read again", () =>
  fc.assert(
    fc.property(grammar, (text) => {
      const type = parseMediaType(text);
      if (type.kind !== "other") assert.deepEqual(parseMediaType(mediaTypeName(type)), type);
      assert.ok(parseAccept(text).length <= 64);
    }),
  ));

test("a JSON body is taken exactly when JSON.parse takes it, and its keys are found", () =>
  fc.assert(
    fc.property(
      fc.oneof(
        fc.json({ maxDepth: 4 }),
        fc
          .array(fc.constantFrom(...'{}[],:"\\ae1-.0 \nntrufls'.split("")), { maxLength: 20 })
          .map((parts) => parts.join("")),
      ),
      fc.nat({ max: 20 }),
      (text, slice) => {
        const body = Buffer.from(text.toWellFormed());
        const expected = reference(body.toString());
        let found: unknown;
        try {
          const scan = new JsonScan(body);
          for (let position = slice; !scan.advance(Math.min(position, body.length)); position += slice + 1);
          const keys = scan.result();
          found = { ...keys, keys: keys.keys.toSorted() };
        } catch (error) {
          assert.ok(error instanceof RestError, String(error));
          found = error.message;
        }
        assert.deepEqual(found, expected);
      },
    ),
    { numRuns: 10_000 },
  ));

/** What should be found, by way of values. */
function reference(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return "Empty or invalid json";
  }
  // JSON.parse moves numeric keys to the front, so the order is not compared.
  const keysOf = (row: object) => Object.keys(row).toSorted();
  if (typeof value !== "object" || value === null) return { shape: "scalar", keys: [], rows: 0 };
  if (!Array.isArray(value)) return { shape: "object", keys: keysOf(value), rows: 1 };
  const rows: readonly unknown[] = value;
  const objects = rows.filter(
    (row) => typeof row === "object" && row !== null && !Array.isArray(row),
  ) as object[];
  const [first] = objects;
  if (first === undefined && rows.length === 0) return { shape: "array", keys: [], rows: 0 };
  const sets = new Set(objects.map((row) => JSON.stringify(keysOf(row))));
  if (objects.length < rows.length || sets.size > 1) return "All object keys must match";
  return { shape: "array", keys: keysOf(first ?? {}), rows: rows.length };
}

test("CSV that was written is read again", () =>
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.string({ minLength: 1, unit: "grapheme" }), { minLength: 1, maxLength: 4 }),
      fc.array(fc.array(fc.string({ unit: "grapheme" }), { minLength: 4, maxLength: 4 })),
      fc.nat({ max: 20 }),
      (names, lines, slice) => {
        const quoteField = (text: string) => `"${text.replaceAll('"', '""')}"`;
        const rows = lines
          .map((line) => line.slice(0, names.length))
          .filter((row) => row.length > 1 || row[0] !== "");
        const body = Buffer.from(
          [names, ...rows].map((row) => `${row.map(quoteField).join(",")}\r\n`).join(""),
        );
        const reader = new CsvReader(body);
        for (let position = slice; !reader.advance(Math.min(position, body.length)); position += slice + 1);
        const objects = rows.map((row) =>
          Object.fromEntries(names.map((name, at) => [name, row[at] === "NULL" ? null : row[at]])),
        );
        assert.deepEqual(JSON.parse(Buffer.concat(reader.result().body).toString()), objects);
      },
    ),
  ));

test("twice the text takes no more than about twice the time", () => {
  const texts: readonly [what: string, write: (size: number) => string][] = [
    ["unclosed quotes in a list", (size) => parameter("a", `in.(${'"\\",'.repeat(size)}`)],
    ["open brackets", (size) => parameter("or", `(${"a.cs.{,".repeat(size)})`)],
    ["dashes", (size) => parameter("select", `a${"-a".repeat(size)}`)],
    ["arrows", (size) => parameter("select", `a${"->1".repeat(size)}`)],
    ["percent signs", (size) => `a=eq.${"%".repeat(size)}`],
    ["a language that does not end", (size) => parameter("a", `fts(${"a".repeat(size)}`)],
    ["escapes", (size) => parameter("select", `"${"\\a".repeat(size)}"`)],
  ];
  const cpu = (text: string) => {
    const before = process.cpuUsage();
    for (let run = 0; run < 5; run += 1)
      try {
        parseQuery(text, "mistake");
      } catch (error) {
        assert.ok(error instanceof RestError, String(error));
      }
    const { user, system } = process.cpuUsage(before);
    return user + system;
  };
  for (const [what, write] of texts) {
    const [small, large] = [write(4_000), write(64_000)];
    cpu(small);
    // Sixteen times the text: a quadratic reader would take 256 times as long.
    assert.ok(cpu(large) < 100 * Math.max(cpu(small), 1000), what);
  }
});
