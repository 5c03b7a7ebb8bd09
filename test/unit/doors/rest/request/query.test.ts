import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { RestError } from "../../../../../src/doors/rest/errors.ts";
import { MAX_ITEMS, MAX_NESTING, MAX_PARAMETERS } from "../../../../../src/doors/rest/request/limits.ts";
import { parseQuery } from "../../../../../src/doors/rest/request/query.ts";
import type {
  Filter,
  JsonStep,
  LogicGroup,
  Operation,
  OrderTerm,
  Range,
  SelectItem,
} from "../../../../../src/doors/rest/request/types.ts";
import { testFeature } from "../../../../support/feature.ts";

const read = (text: string) => parseQuery(text, "mistake").query;
const encoded = (name: string, value: string) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`;

function refusal(work: () => unknown): { code: string; http: number; message: string; details: unknown } {
  try {
    work();
  } catch (error) {
    assert.ok(error instanceof RestError, String(error));
    const { code, http, message, details } = error;
    return { code, http, message, details };
  }
  return assert.fail("it was not refused");
}

const column = (name: string, more: Partial<Extract<SelectItem, { kind: "field" }>> = {}): SelectItem => ({
  kind: "field",
  field: { name, path: [] },
  alias: undefined,
  cast: undefined,
  aggregate: undefined,
  aggregateCast: undefined,
  ...more,
});
const relation = (
  name: string,
  select: readonly SelectItem[],
  more: Partial<Extract<SelectItem, { kind: "relation" }>> = {},
): SelectItem => ({
  kind: "relation",
  relation: name,
  alias: undefined,
  hint: undefined,
  join: undefined,
  ...more,
  select,
});
const all: SelectItem = { kind: "all" };
const step = (arrow: JsonStep["arrow"], operand: string, kind: JsonStep["kind"] = "key"): JsonStep => ({
  arrow,
  kind,
  operand,
});

describe("select", () => {
  const rows: readonly [what: string, select: string, items: readonly SelectItem[]][] = [
    ["a star is every column", "*", [all]],
    ["nothing selects nothing", "", []],
    ["columns are listed with commas", "id,name", [column("id"), column("name")]],
    ["spaces and tabs around items mean nothing", " id ,\tname ", [column("id"), column("name")]],
    ["names may have spaces and dashes inside", "first name,a-b", [column("first name"), column("a-b")]],
    ["names may be of any script", "موارد,名前", [column("موارد"), column("名前")]],
    ["quoted names may have anything", '"a.b","c\\"d\\\\"', [column("a.b"), column('c"d\\')]],
    ["an alias stands in front", "fullName:full_name", [column("full_name", { alias: "fullName" })]],
    ["two colons cast", "salary::text", [column("salary", { cast: "text" })]],
    ["types may have spaces", "x::double precision", [column("x", { cast: "double precision" })]],
    [
      "arrows lead into JSON",
      'a:data->phones->0->>"no.1"::text',
      [
        column("data", {
          field: {
            name: "data",
            path: [step("->", "phones"), step("->", "0", "index"), step("->>", "no.1")],
          },
          alias: "a",
          cast: "text",
        }),
      ],
    ],
    [
      "a key may have odd characters, begin with a digit or have a dash",
      "d->!@#$%^&*_a->>1st->-1->a-b",
      [
        column("d", {
          field: {
            name: "d",
            path: [
              step("->", "!@#$%^&*_a"),
              step("->>", "1st"),
              step("->", "-1", "index"),
              step("->", "a-b"),
            ],
          },
        }),
      ],
    ],
    [
      "an index ends at a bracket too",
      "r(d->0)",
      [relation("r", [column("d", { field: { name: "d", path: [step("->", "0", "index")] } })])],
    ],
    [
      "aggregates follow a column, with casts on both sides",
      "total:d->tax::numeric.sum()::int,amount.avg()",
      [
        column("d", {
          field: { name: "d", path: [step("->", "tax")] },
          alias: "total",
          cast: "numeric",
          aggregate: "sum",
          aggregateCast: "int",
        }),
        column("amount", { aggregate: "avg" }),
      ],
    ],
    [
      "count() counts rows, count is a column",
      "count(),n:count()::text,count",
      [
        { kind: "count", alias: undefined, aggregateCast: undefined },
        { kind: "count", alias: "n", aggregateCast: "text" },
        column("count"),
      ],
    ],
    [
      "brackets embed",
      "id,client:clients(id,projects(*)),none()",
      [
        column("id"),
        relation("clients", [column("id"), relation("projects", [all])], { alias: "client" }),
        relation("none", []),
      ],
    ],
    [
      "hints and joins come in either order",
      "a!fk(*),b!inner(*),c!fk!left(*),d!inner!fk(*)",
      [
        relation("a", [all], { hint: "fk" }),
        relation("b", [all], { join: "inner" }),
        relation("c", [all], { hint: "fk", join: "left" }),
        relation("d", [all], { hint: "fk", join: "inner" }),
      ],
    ],
    [
      "three dots spread",
      "...clients!fk!inner(name)",
      [{ kind: "spread", relation: "clients", hint: "fk", join: "inner", select: [column("name")] }],
    ],
  ];
  for (const [what, select, items] of rows)
    test(what, () => assert.deepEqual(read(encoded("select", select)).select, items));

  test("without it everything is selected", () => assert.deepEqual(read("id=eq.1").select, [all]));
  test("only the first counts", () => assert.deepEqual(read("select=a&select=b").select, [column("a")]));
});

describe("filters", () => {
  const simple = (operator: string, value: string) => ({ kind: "simple", operator, value });
  const quantified = (operator: string, value: string, quantifier?: string) => ({
    kind: "quantified",
    operator,
    quantifier,
    value,
  });
  const fts = (operator: string, value: string, language?: string) => ({
    kind: "fts",
    operator,
    language,
    value,
  });
  const rows: readonly [value: string, operation: object, negated?: boolean][] = [
    ["eq.1", quantified("eq", "1")],
    ["eq.", quantified("eq", "")],
    ["eq.a.b,c)(", quantified("eq", "a.b,c)(")],
    ['eq."quoted"', quantified("eq", '"quoted"')],
    ["gt.1", quantified("gt", "1")],
    ["gte.1", quantified("gte", "1")],
    ["lt.1", quantified("lt", "1")],
    ["lte.1", quantified("lte", "1")],
    ["like.*a%", quantified("like", "*a%")],
    ["ilike(all).{a*,*b}", quantified("ilike", "{a*,*b}", "all")],
    ["match(any).{^a}", quantified("match", "{^a}", "any")],
    ["imatch.x", quantified("imatch", "x")],
    ["neq.1", simple("neq", "1")],
    ["cs.{a,b}", simple("cs", "{a,b}")],
    ["cd.{1}", simple("cd", "{1}")],
    ["ov.[1,2)", simple("ov", "[1,2)")],
    ["sl.(1,10)", simple("sl", "(1,10)")],
    ["sr.(1,10)", simple("sr", "(1,10)")],
    ["nxr.(1,10)", simple("nxr", "(1,10)")],
    ["nxl.(1,10)", simple("nxl", "(1,10)")],
    ["adj.(1,10)", simple("adj", "(1,10)")],
    ["is.null", { kind: "is", value: "null" }],
    ["is.NOT_NULL", { kind: "is", value: "not_null" }],
    ["is.True", { kind: "is", value: "true" }],
    ["not.is.unknown", { kind: "is", value: "unknown" }, true],
    ["isdistinct.x", { kind: "isdistinct", value: "x" }],
    ["in.(1,2)", { kind: "in", values: ["1", "2"] }],
    ["in.()", { kind: "in", values: [""] }],
    ['in.("a,b","c\\"d\\\\",e"f,)', { kind: "in", values: ["a,b", 'c"d\\', 'e"f', ""] }],
    ['in.("a"b,c)', { kind: "in", values: ['"a"b', "c"] }],
    ["not.in.( 1, 2 )", { kind: "in", values: ["1", " 2 "] }, true],
    ["fts.cat", fts("fts", "cat")],
    ["plfts(english).The Fat Cats", fts("plfts", "The Fat Cats", "english")],
    ["not.phfts(german).x", fts("phfts", "x", "german"), true],
    ["wfts.a -b", fts("wfts", "a -b")],
  ];
  for (const [value, operation, negated = false] of rows)
    test(value, () =>
      assert.deepEqual(read(encoded("a", value)).filters, [
        { path: [], item: { kind: "filter", field: { name: "a", path: [] }, negated, operation } },
      ]),
    );

  const places: readonly [key: string, path: readonly string[], field: Filter["field"]][] = [
    ["a.b.col", ["a", "b"], { name: "col", path: [] }],
    ['"a.b"."c"', ["a.b"], { name: "c", path: [] }],
    ["data->>x", [], { name: "data", path: [step("->>", "x")] }],
    ["a.data->x->>1", ["a"], { name: "data", path: [step("->", "x"), step("->>", "1", "index")] }],
    ["Unit Price", [], { name: "Unit Price", path: [] }],
    ['"or"', [], { name: "or", path: [] }],
    ["not", [], { name: "not", path: [] }],
  ];
  for (const [key, path, field] of places)
    test(`the key ${key} says where`, () => {
      const [filter] = read(encoded(key, "eq.1")).filters;
      assert.deepEqual([filter?.path, filter?.item.field], [path, field]);
    });

  test("a parameter without a value is none", () => assert.deepEqual(read("a&b=eq.1&").filters.length, 1));
});

describe("logic trees", () => {
  const eq = (name: string, value: string): Filter => ({
    kind: "filter",
    field: { name, path: [] },
    negated: false,
    operation: { kind: "quantified", operator: "eq", quantifier: undefined, value },
  });
  const group = (kind: "and" | "or", children: LogicGroup["children"], negated = false): LogicGroup => ({
    kind,
    negated,
    children,
  });
  const operationOf = (tree: LogicGroup | undefined): Operation | undefined => {
    const child = tree?.children[0];
    return child?.kind === "filter" ? child.operation : undefined;
  };
  const rows: readonly [key: string, value: string, path: readonly string[], tree: LogicGroup][] = [
    ["or", "(a.eq.1,b.eq.2)", [], group("or", [eq("a", "1"), eq("b", "2")])],
    ["not.and", "(a.eq.1)", [], group("and", [eq("a", "1")], true)],
    ["x.y.or", "(a.eq.1)", ["x", "y"], group("or", [eq("a", "1")])],
    ["x.not.or", "(a.eq.1)", ["x"], group("or", [eq("a", "1")], true)],
    [
      "and",
      "( or ( a.eq.1 , b.eq.2) , not.and(c.eq.3,or(d.eq.4)) )",
      [],
      group("and", [
        group("or", [eq("a", "1 "), eq("b", "2")]),
        group("and", [eq("c", "3"), group("or", [eq("d", "4")])], true),
      ]),
    ],
    ["or", "(and.eq.1,or.eq.2)", [], group("or", [eq("and", "1"), eq("or", "2")])],
    ["or", '(a.eq."x,y)",b.eq.)', [], group("or", [eq("a", "x,y)"), eq("b", "")])],
  ];
  for (const [key, value, path, item] of rows)
    test(`${key}=${value}`, () => assert.deepEqual(read(encoded(key, value)).logic, [{ path, item }]));

  const values: readonly [text: string, value: string][] = [
    ["a.cs.{1,2}", "{1,2}"],
    ["a.cs.{{1", "{{1"],
    ['a.adj."[18,21)"', "[18,21)"],
    ['a.eq."x"y', '"x"y'],
  ];
  for (const [text, value] of values)
    test(`the value of ${text} is ${value}`, () => {
      const operation = operationOf(read(encoded("or", `(${text},z.eq.1)`)).logic[0]?.item);
      assert.ok(operation !== undefined && "value" in operation);
      assert.equal(operation.value, value);
    });

  test("a list has its own brackets", () => {
    const operation = operationOf(read(encoded("or", "(id.in.(1,2),id.eq.3)")).logic[0]?.item);
    assert.deepEqual(operation, { kind: "in", values: ["1", "2"] });
  });
});

describe("order", () => {
  const term = (name: string, more: Partial<OrderTerm> = {}): OrderTerm => ({
    relation: undefined,
    field: { name, path: [] },
    direction: undefined,
    nulls: undefined,
    ...more,
  });
  const rows: readonly [order: string, terms: readonly OrderTerm[]][] = [
    ["id", [term("id")]],
    ["id.desc, name.asc", [term("id", { direction: "desc" }), term("name", { direction: "asc" })]],
    ["id.nullsfirst", [term("id", { nulls: "first" })]],
    ["id.desc.nullslast", [term("id", { direction: "desc", nulls: "last" })]],
    [
      "a->b->>0.desc",
      [
        term("a", {
          field: { name: "a", path: [step("->", "b"), step("->>", "0", "index")] },
          direction: "desc",
        }),
      ],
    ],
    ["clients(name).desc", [term("name", { relation: "clients", direction: "desc" })]],
    ['"a.b".asc', [term("a.b", { direction: "asc" })]],
  ];
  for (const [order, terms] of rows)
    test(order, () => assert.deepEqual(read(encoded("order", order)).order, [{ path: [], item: terms }]));

  test("it may be of an embedded relation", () =>
    assert.deepEqual(read("a.b.order=id").order, [{ path: ["a", "b"], item: [term("id")] }]));
});

describe("limit and offset", () => {
  const rows: readonly [query: string, range: Range][] = [
    ["", { offset: 0, limit: undefined }],
    ["limit=3", { offset: 0, limit: 3 }],
    ["limit=0", { offset: 0, limit: 0 }],
    ["limit=3&offset=2", { offset: 2, limit: 3 }],
    ["offset=-4", { offset: 0, limit: undefined }],
    ["limit=x&offset=1.5", { offset: 0, limit: undefined }],
    ["limit=1&limit=2", { offset: 0, limit: 2 }],
    ["limit=99999999999999999999999", { offset: 0, limit: Number.MAX_SAFE_INTEGER }],
  ];
  for (const [query, range] of rows)
    test(query || "none", () => assert.deepEqual(parseQuery(query, "mistake").range, range));

  test("those of embedded relations are kept apart", () => {
    const { query, range } = parseQuery("limit=1&a.limit=2&a.offset=1&a.b.limit=3", "mistake");
    assert.deepEqual(range, { offset: 0, limit: 1 });
    assert.deepEqual(query.ranges, [
      { path: ["a"], item: { offset: 1, limit: 2 } },
      { path: ["a", "b"], item: { offset: 0, limit: 3 } },
    ]);
  });

  test("a negative limit is not satisfiable", () =>
    assert.deepEqual(
      refusal(() => read("limit=-1")),
      {
        code: "PGRST103",
        http: 416,
        message: "Requested range not satisfiable",
        details: "Limit should be greater than or equal to zero.",
      },
    ));
});

describe("names of columns", () => {
  test("are listed in columns and on_conflict, each once", () => {
    const query = read('columns=a,"b c", d,a&on_conflict=x,y');
    assert.deepEqual(query.columns, ["a", "b c", "d"]);
    assert.deepEqual(query.onConflict, ["x", "y"]);
  });
});

describe("arguments of functions called with GET", () => {
  test("are what begins with no operator", () => {
    const { query } = parseQuery("a=1&b=eq.2&a=equal.x&c=gt(1).2&d=", "argument");
    assert.deepEqual(query.arguments, [
      { name: "a", value: "1" },
      { name: "a", value: "equal.x" },
      { name: "c", value: "gt(1).2" },
      { name: "d", value: "" },
    ]);
    assert.deepEqual(
      query.filters.map(({ item }) => item.field.name),
      ["b"],
    );
  });

  test("a broken list is a mistake all the same", () =>
    assert.equal(refusal(() => parseQuery("a=in.1", "argument")).code, "PGRST100"));
});

describe("mistakes are told with their place", () => {
  const rows: readonly [name: string, value: string, message: string, details: string][] = [
    [
      "id",
      "0",
      '"failed to parse filter (0)" (line 1, column 1)',
      'unexpected "0" expecting "not" or operator (eq, gt, ...)',
    ],
    [
      "a.b",
      "noop.0",
      '"failed to parse filter (noop.0)" (line 1, column 1)',
      'unexpected "o" expecting "not" or operator (eq, gt, ...)',
    ],
    [
      "a",
      "eq().1",
      '"failed to parse filter (eq().1)" (line 1, column 4)',
      'unexpected ")" expecting operator (eq, gt, ...)',
    ],
    [
      "a",
      "is().1",
      '"failed to parse filter (is().1)" (line 1, column 3)',
      'unexpected "(" expecting operator (eq, gt, ...)',
    ],
    [
      "a",
      "is.nil",
      '"failed to parse filter (is.nil)" (line 1, column 4)',
      'unexpected "n" expecting isVal: (null, not_null, true, false, unknown)',
    ],
    [
      "or",
      "()",
      '"failed to parse logic tree (())" (line 1, column 4)',
      'unexpected ")" expecting field name (* or [a..z0..9_$]), negation operator (not) or logic operator (and, or)',
    ],
    [
      "or",
      "(id.in.1,2,id.eq.3)",
      '"failed to parse logic tree ((id.in.1,2,id.eq.3))" (line 1, column 10)',
      'unexpected "1" expecting "("',
    ],
    ["or", ")(", '"failed to parse logic tree ()()" (line 1, column 3)', 'unexpected ")" expecting "("'],
    [
      "columns",
      "",
      '"failed to parse columns parameter ()" (line 1, column 1)',
      "unexpected end of input expecting field name (* or [a..z0..9_$])",
    ],
    [
      "select",
      "data->(!@#$%^&*_d->>!@#$%^&*_e::integer",
      '"failed to parse select parameter (data->(!@#$%^&*_d->>!@#$%^&*_e::integer)" (line 1, column 7)',
      'unexpected "(" expecting "-", digit or any non reserved character different from: .,>()',
    ],
    [
      "select",
      "data->>--34",
      '"failed to parse select parameter (data->>--34)" (line 1, column 9)',
      'unexpected "-" expecting digit',
    ],
    [
      "select",
      "data->>-78xy",
      '"failed to parse select parameter (data->>-78xy)" (line 1, column 11)',
      'unexpected \'x\' expecting digit, "->", "::", ".", "," or end of input',
    ],
    [
      "select",
      "id,clients(name[])",
      '"failed to parse select parameter (id,clients(name[]))" (line 1, column 16)',
      'unexpected \'[\' expecting letter, digit, "-", "->>", "->", "::", ".", ")", "," or end of input',
    ],
    [
      "select",
      ":x",
      '"failed to parse select parameter (:x)" (line 1, column 1)',
      'unexpected ":" expecting field name (* or [a..z0..9_$])',
    ],
    [
      "order",
      "id.asc.nullslasttt",
      '"failed to parse order (id.asc.nullslasttt)" (line 1, column 17)',
      "unexpected 't' expecting \",\" or end of input",
    ],
    [
      "order",
      "id.ac",
      '"failed to parse order (id.ac)" (line 1, column 4)',
      'unexpected "a" expecting "asc", "desc", "nullsfirst" or "nullslast"',
    ],
    [
      "order",
      "id.asc.smth34",
      '"failed to parse order (id.asc.smth34)" (line 1, column 8)',
      'unexpected "s" expecting "nullsfirst" or "nullslast"',
    ],
  ];
  for (const [name, value, message, details] of rows)
    test(`${name}=${value}`, () =>
      assert.deepEqual(
        refusal(() => read(encoded(name, value))),
        { code: "PGRST100", http: 400, message, details },
      ));

  const more: readonly [what: string, query: string][] = [
    ["a comma at the end", encoded("select", "id,")],
    ["an unclosed relation", encoded("select", "a(b")],
    ["three modifiers", encoded("select", "a!b!c!d(*)")],
    ["an unknown aggregate", encoded("select", "a.median()")],
    ["a type that is none", encoded("select", "a::int;drop")],
    ["an unclosed quote", encoded("select", '"a')],
    ["an empty name", encoded("select", '""')],
    ["a dash at the end of a name", encoded("a-", "eq.1")],
    ["two dashes in a name", encoded("a--b", "eq.1")],
    ["an order without a column", encoded("order", "a,,b")],
  ];
  for (const [what, query] of more)
    test(what, () => {
      const { code, http } = refusal(() => read(query));
      assert.deepEqual([code, http], ["PGRST100", 400]);
    });
});

const refuses = (queries: readonly string[]) => {
  for (const query of queries) assert.equal(refusal(() => read(query)).code, "PGRST100", query);
};

testFeature({ feature: "query.whole" }, "text after the end of a list, tree or name is a mistake", () =>
  refuses([
    encoded("select", "id)x"),
    encoded("a", "in.(1)x"),
    encoded("a", "is.nullx"),
    encoded("or", "(a.eq.1)x"),
    encoded("a[b]", "eq.1"),
  ]),
);

testFeature({ feature: "query.bounds" }, "nesting and numbers are bounded", () =>
  refuses([
    encoded("select", `${"a(".repeat(MAX_NESTING + 2)}${")".repeat(MAX_NESTING + 2)}`),
    encoded("or", "(or".repeat(MAX_NESTING + 2)),
    encoded("select", "a,".repeat(MAX_ITEMS + 1)),
    "a=eq.1&".repeat(MAX_PARAMETERS + 1),
  ]),
);

testFeature({ feature: "query.text" }, "NUL characters and bytes that are not UTF-8 are refused", () =>
  refuses(["a=eq.%00", "%00=eq.1", "a=eq.%ff"]),
);

testFeature({ feature: "query.semicolon" }, "a semicolon separates nothing", () => {
  const operation = read("a=eq.x;b").filters[0]?.item.operation;
  assert.ok(operation !== undefined && "value" in operation);
  assert.equal(operation.value, "x;b");
});

describe("percent-decoding", () => {
  const value = (query: string) => {
    const operation = read(query).filters[0]?.item.operation;
    return operation !== undefined && "value" in operation ? operation.value : undefined;
  };
  const rows: readonly [what: string, query: string, value: string][] = [
    ["happens once", "a=eq.%2525", "%25"],
    ["reads UTF-8", "a=eq.%E5%90%8D", "名"],
    ["a plus is a space", "a=eq.x+y", "x y"],
    ["an escaped plus is a plus", "a=eq.x%2By", "x+y"],
    ["a percent sign that escapes nothing stays", "a=like.%zz%", "%zz%"],
    ["bytes that were not escaped are UTF-8 too", `a=eq.${Buffer.from("名").toString("latin1")}`, "名"],
    ["an escaped ampersand separates nothing", "a=eq.x%26b", "x&b"],
    ["an equals sign is a character of the value", "a=eq.x=y", "x=y"],
  ];
  for (const [what, query, expected] of rows) test(what, () => assert.equal(value(query), expected));
});
