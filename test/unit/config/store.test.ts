import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { Secret } from "../../../src/base/secret.ts";
import { showConfig } from "../../../src/config/show.ts";
import { packConfig, unpackConfig } from "../../../src/config/transfer.ts";
import { configOf, faultsOf, load, warningsOf } from "../../support/config-files.ts";

const BASE = `doors: { postgres: {} }
issuers: [{ name: jobs, keys: { secret: "${"0".repeat(64)}" } }]
clusters: [{ name: main, hosts: [{ host: localhost }], login: { method: trust } }]
store:
`;

suite("store", () => {
  test("a URL says where the store is and who logs in; everything else has a safe default", (t) => {
    const { store } = configOf(load(t, `${BASE}  url: "postgres://gate:pass%20word@db.example.com/state"\n`));
    assert.deepEqual(
      { ...store, password: store?.password?.reveal() },
      {
        hosts: [{ host: "db.example.com", port: 5432 }],
        user: "gate",
        database: "state",
        password: "pass word",
        schema: "postern",
        poolSize: 8,
        connectTimeout: 5000,
        statementTimeout: 5000,
        migrate: true,
        tls: { mode: "verify-full" },
      },
    );
  });

  test("the URL and the password may be in files or in the environment", (t) => {
    const files = { "url.txt": "postgres://gate@db/\n", "password.txt": "from a file\n" };
    const yaml = `${BASE}  url: { file: url.txt }\n  password: { file: password.txt }\n`;
    const fromFiles = configOf(load(t, yaml, {}, files)).store;
    assert.deepEqual([fromFiles?.database, fromFiles?.password?.reveal()], ["gate", "from a file"]);
    const env = { POSTERN__STORE__URL: "postgres://gate@other/db", STORE_PASSWORD: "from the environment" };
    const fromEnv = configOf(load(t, `${BASE}  password: \${STORE_PASSWORD}\n`, env)).store;
    assert.deepEqual(
      [fromEnv?.hosts[0]?.host, fromEnv?.password?.reveal()],
      ["other", "from the environment"],
    );
  });

  test("a URL of several hosts is one store, of which one host takes writes", (t) => {
    const url = "postgres://gate@a:5433,b/state?target_session_attrs=read-write";
    assert.deepEqual(configOf(load(t, `${BASE}  url: ${url}\n`)).store?.hosts, [
      { host: "a", port: 5433 },
      { host: "b", port: 5432 },
    ]);
  });

  test("an embedded store is connected to by a socket in its directory, and needs no password", (t) => {
    const { store } = configOf(load(t, `${BASE}  embedded: { directory: state }\n`));
    const directory = store?.embedded?.directory ?? "";
    assert.match(directory, /^\/.*\/state$/);
    assert.deepEqual(
      [store?.hosts, store?.user, store?.database, store?.tls, store?.password],
      [[{ host: directory, port: 5432 }], "postern", "postern", { mode: "disable" }, undefined],
    );
  });

  test("what makes no sense beside an embedded store is refused", (t) => {
    const WITH = [
      ["url: postgres://gate@db/state", "store.url: and store.embedded name two stores; keep one of them"],
      ["password: secret", "store.password: is of no use to store.embedded, which has none; remove it"],
      [
        "tls: { mode: require }",
        "store.tls: is of no use to store.embedded, which is not on the network; remove it",
      ],
    ] as const;
    for (const [line, message] of WITH)
      assert.deepEqual(faultsOf(load(t, `${BASE}  embedded: { directory: state }\n  ${line}\n`)), [
        `postern.yaml:6:3: ${message}`,
      ]);
  });

  test("a directory whose path is too long for a socket is refused", (t) => {
    const yaml = `${BASE}  embedded: { directory: /tmp/${"x".repeat(100)} }\n`;
    assert.match(
      faultsOf(load(t, yaml)).join(),
      /store\.embedded\.directory: is too long for a socket in it/,
    );
  });

  test("a store that says neither where it is nor what to bring is refused", (t) => {
    assert.match(
      faultsOf(load(t, `${BASE}  poolSize: 4\n`)).join(),
      /store\.url: is missing; name a database, or a directory with store\.embedded$/,
    );
  });

  const REFUSED = [
    ["url: postgres://db/state", "names no user; write it in front of the host"],
    [
      "url: postgres://gate@a,b/state?target_session_attrs=any",
      "has another target_session_attrs than read-write; remove it: Postern writes to its store",
    ],
    [
      "url: mysql://gate@db/state",
      "is no connection string; write postgres://host:5432/ or host=a,b port=5432",
    ],
    ["url: postgres://gate@db/state?sslmode=disable", "has sslmode; set store.tls.mode"],
    ["url: postgres://gate@db/state?options=-csearch_path", "has options; remove it: Postern sets its own"],
  ] as const;
  for (const [line, message] of REFUSED)
    test(`${line} is refused`, (t) => {
      assert.deepEqual(faultsOf(load(t, `${BASE}  ${line}\n`)), [`postern.yaml:5:3: store.url: ${message}`]);
    });

  test("a password that is given twice is refused", (t) => {
    const loaded = load(t, `${BASE}  url: postgres://gate:one@db/state\n  password: two\n`);
    assert.deepEqual(faultsOf(loaded), [
      "postern.yaml:6:3: store.password: is in the URL too; keep one of them",
    ]);
  });

  test("a schema's name that would have to be quoted is refused", (t) => {
    for (const name of ["Postern", "pg_postern", 'a"b', "a b"])
      assert.match(
        faultsOf(load(t, `${BASE}  url: postgres://gate@db/state\n  schema: '${name}'\n`)).join(),
        /store\.schema: is no schema's name here/,
      );
  });

  test("a store that anybody on the network could pretend to be is warned about", (t) => {
    const yaml = (host: string) => `${BASE}  url: postgres://gate@${host}/state\n  tls: { mode: require }\n`;
    assert.match(
      warningsOf(load(t, yaml("db.example.com"))).join(),
      /store\.tls\.mode: require does not verify/,
    );
    assert.deepEqual(warningsOf(load(t, yaml("127.0.0.1"))), []);
  });

  test("an authority that nothing would be verified with is refused", (t) => {
    const files = { "ca.crt": "" };
    const yaml = `${BASE}  url: postgres://gate@db/state\n  tls: { mode: require, caFile: ca.crt }\n`;
    assert.match(faultsOf(load(t, yaml, {}, files)).join(), /store\.tls\.caFile: .*would be ignored/);
  });

  test("no password is shown, and one arrives at another process of ours", (t) => {
    const config = configOf(load(t, `${BASE}  url: postgres://gate:hunter2@db/state\n`));
    assert.doesNotMatch(showConfig(config), /hunter2/);
    const { store } = unpackConfig(packConfig(config));
    assert.ok(store?.password instanceof Secret);
    assert.equal(store.password.reveal(), "hunter2");
  });
});
