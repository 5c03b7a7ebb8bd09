// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references to the environment are among what is tried
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { stringify } from "yaml";
import { faultText } from "../../../src/config/errors.ts";
import { loadConfig } from "../../../src/config/load.ts";
import { parseServerList } from "../../../src/config/server-list.ts";
import { yamlSource } from "../../../src/config/source.ts";
import { isTooDeep } from "../../../src/config/tree.ts";
import { parseDuration, parseSize } from "../../../src/config/units.ts";

const GOOD = {
  doors: { postgres: { port: 0 } },
  issuers: [{ name: "corp", keys: { jwksUrl: "https://login.example.com/keys" } }],
  clusters: [
    {
      name: "main",
      hosts: [{ host: "localhost" }],
      login: { method: "role-password", passwords: { alice: "x" } },
      decide: { mode: "token", roleMapping: { a: ["b"] } },
    },
  ],
};

/** Words that mean something somewhere, so that random values get deep into the loader. */
const words = fc.constantFrom(
  "doors",
  "postgres",
  "issuers",
  "clusters",
  "name",
  "keys",
  "uri",
  "hosts",
  "host",
  "login",
  "method",
  "password",
  "file",
  "trust",
  "tls",
  "mode",
  "decide",
  "token",
  "limits",
  "__proto__",
  "constructor",
  "toString",
  "${X}",
  "${",
  "$${",
  "postgres://a/?sslmode=disable",
  "1s",
  "",
);
const key = fc.oneof(words, fc.string());
const leaf = fc.oneof(words, fc.string(), fc.double(), fc.boolean(), fc.constant(null), fc.bigInt());
const value = fc.letrec((tie) => ({
  any: fc.oneof(
    { depthSize: "small" },
    leaf,
    fc.array(tie("any"), { maxLength: 4 }),
    fc.dictionary(key, tie("any"), { maxKeys: 5 }),
  ),
})).any;

/** Whatever comes out is a configuration or a list of one-line faults. */
function check(result: ReturnType<typeof loadConfig>): void {
  const faults = result.kind === "ok" ? result.warnings : result.faults;
  assert.ok(result.kind === "ok" ? Object.isFrozen(result.config) : faults.length > 0);
  for (const fault of faults) assert.doesNotMatch(faultText(fault), /[\n\r\0]/);
}

test("any value at all gives a configuration or faults, never an exception", () => {
  fc.assert(
    fc.property(value, (any) => check(loadConfig({ value: any, source: "test", env: {} }))),
    { numRuns: 500 },
  );
});

test("any value put anywhere into a good configuration gives a configuration or faults", () => {
  const paths = ["issuers", "clusters", "doors", "limits", "log", "admin"];
  const spoilt = fc.tuple(fc.constantFrom(...paths), value).map(([path, any]) => ({ ...GOOD, [path]: any }));
  const inCluster = fc
    .tuple(fc.constantFrom("uri", "hosts", "login", "tls", "decide", "privilegedRoles", "onExpiry"), value)
    .map(([path, any]) => ({ ...GOOD, clusters: [{ ...GOOD.clusters[0], [path]: any }] }));
  fc.assert(
    fc.property(fc.oneof(spoilt, inCluster), (any) =>
      check(loadConfig({ value: any, source: "test", env: {} })),
    ),
    { numRuns: 500 },
  );
});

test("any text is read as YAML or refused with its place", () => {
  const text = fc.oneof(
    fc.string({ unit: "binary" }),
    value.map((any) => stringify(any)),
    fc
      .array(fc.constantFrom(..."[]{}:,-?&*!|>'\"#%@` \n\ta1"), { maxLength: 60 })
      .map((parts) => parts.join("")),
  );
  fc.assert(
    fc.property(text, (any) => {
      const result = yamlSource("a.yaml", any);
      if (result.kind === "faults") {
        assert.ok(result.faults.length > 0);
        for (const { where } of result.faults) assert.match(where, /^a\.yaml(:\d+:\d+)?$/);
      } else if (!isTooDeep(result.source.value)) {
        assert.match(result.source.locate(["clusters", 0, "login"]), /^a\.yaml:\d+:\d+$/);
      }
    }),
    { numRuns: 1000 },
  );
});

test("any environment gives a configuration or faults", () => {
  const part = fc.oneof(
    fc.constantFrom(
      "DOORS",
      "POSTGRES",
      "CLUSTERS",
      "ISSUERS",
      "0",
      "1",
      "9999",
      "LOGIN",
      "PASSWORDS",
      "__proto__",
      "",
      "LIMITS",
    ),
    fc.string(),
  );
  const name = fc.array(part, { maxLength: 5 }).map((parts) => `POSTERN__${parts.join("__")}`);
  const text = fc.oneof(fc.string(), fc.constantFrom("[", "{a: *b}", "&a [*a]", "1", "null", "!!x", "${X}"));
  fc.assert(
    fc.property(fc.dictionary(name, text, { maxKeys: 6 }), (env) =>
      check(loadConfig({ value: GOOD, source: "test", env })),
    ),
    { numRuns: 500 },
  );
});

test("whatever the environment sets is what the configuration has", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1e9 }), fc.string({ minLength: 1 }), (connections, password) => {
      const env = {
        POSTERN__LIMITS__CONNECTIONS: String(connections),
        POSTERN__CLUSTERS__0__LOGIN__PASSWORDS__alice: password,
      };
      const result = loadConfig({ value: GOOD, source: "test", env });
      assert.ok(result.kind === "ok");
      assert.equal(result.config.limits.connections, connections);
      const login = result.config.clusters[0]?.login;
      assert.ok(login?.method === "role-password");
      assert.equal(login.passwords?.["alice"]?.reveal(), password);
    }),
  );
});

test("a list of servers survives being written as a URI and read again", () => {
  const name = fc.stringMatching(/^[a-z][a-z0-9.-]{0,20}$/);
  const v6 = fc.ipV6();
  const port = fc.integer({ min: 1, max: 65535 });
  const server = fc.record({ host: fc.oneof(name, v6), port }, { noNullPrototype: true });
  fc.assert(
    fc.property(fc.array(server, { minLength: 1, maxLength: 8 }), (hosts) => {
      const places = hosts.map(({ host, port }) => `${host.includes(":") ? `[${host}]` : host}:${port}`);
      const result = parseServerList(`postgres://${places.join(",")}/`);
      assert.ok(result.kind === "ok");
      assert.deepEqual(result.list.settings, [{ path: ["hosts"], value: hosts }]);
    }),
  );
});

test("any text is a list of servers or refused on one line", () => {
  const prefix = fc.constantFrom("", "postgres://", "host=", "postgres://a/?", "postgres://[");
  fc.assert(
    fc.property(prefix, fc.string({ unit: "binary" }), (start, rest) => {
      const result = parseServerList(start + rest);
      if (result.kind === "fault") assert.match(result.message, /^[^\n]+$/);
    }),
    { numRuns: 1000 },
  );
});

test("durations and sizes are finite and never negative, or undefined", () => {
  const text = fc.oneof(
    fc.string(),
    fc.tuple(fc.nat(), fc.constantFrom("ms", "s", "h", "d", "kB", "MB")).map((p) => p.join("")),
  );
  fc.assert(
    fc.property(text, (any) => {
      for (const parsed of [parseDuration(any), parseSize(any)])
        assert.ok(parsed === undefined || (Number.isSafeInteger(parsed) && parsed >= 0));
    }),
  );
});
