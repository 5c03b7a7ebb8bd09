import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { faultsOf, load, warningsOf } from "../../support/config-files.ts";

const yaml = (audit: string, cluster = "") => `
issuers: [{ name: corp, keys: { jwksUrl: "https://login.example.com/keys" } }]
clusters: [{ name: main, hosts: [{ host: db }], login: { method: trust }, ${cluster} }]
${audit}`;

const SINK = "sink: { kind: file, path: audit.jsonl }";

test("a cluster that requires the ledger is refused where there is none", (t) => {
  assert.deepEqual(faultsOf(load(t, yaml("", "audit: required"))), [
    "postern.yaml:3:75: clusters[0].audit: required needs a place where records are kept; set audit.sink",
  ]);
});

test("the ledger's files are made beside the configuration, unless their paths say otherwise", (t) => {
  const loaded = load(t, yaml(`audit: { ${SINK}, signingKey: audit.key }`, "audit: required"));
  assert.ok(loaded.kind === "ok");
  const { audit } = loaded.config;
  assert.deepEqual(audit?.sink.kind === "file" && audit.sink.path, join(loaded.directory, "audit.jsonl"));
  assert.equal(audit?.signingKey, join(loaded.directory, "audit.key"));
  assert.ok(
    !loaded.files.includes(join(loaded.directory, "audit.jsonl")),
    "a change of the ledger is no change of the configuration",
  );
  assert.deepEqual(warningsOf(loaded), []);
});

test("a ledger in a directory that is not there is refused", (t) => {
  const [fault] = faultsOf(load(t, yaml("audit: { sink: { kind: file, path: none/audit.jsonl } }")));
  assert.match(fault ?? "", /audit\.sink\.path: is to be made in "[^"]*none", which is not there; /);
});

test("a ledger without a key for checkpoints is warned of", (t) => {
  assert.deepEqual(warningsOf(load(t, yaml(`audit: { ${SINK} }`))), [
    "postern.yaml:4:1: audit.signingKey: is missing, so nothing proves how far the ledger went; name a file where the key is to be made",
  ]);
});

test("a node's name cannot break the name of its chain", (t) => {
  const [fault] = faultsOf(load(t, yaml(`audit: { node: "gw/1", ${SINK} }`)));
  assert.match(fault ?? "", /audit\.node: is not the name of a node; /);
});

const SECRET = "0123456789abcdef";
const hook = (settings: string) =>
  `audit: { ${SINK}, signingKey: k, forwards: [{ kind: webhook, ${settings} }] }`;

for (const [what, audit, fault] of [
  [
    "a webhook with a secret that can be guessed",
    hook("url: https://siem.example.com/, secret: short"),
    /audit\.forwards\[0\]\.secret: is shorter than 16 characters/,
  ],
  [
    "a webhook with a login in its URL",
    hook(`url: "https://me:pw@siem.example.com/", secret: ${SECRET}`),
    /audit\.forwards\[0\]\.url: holds a login/,
  ],
  [
    "a webhook that is no web address",
    hook(`url: "file:///etc/passwd", secret: ${SECRET}`),
    /audit\.forwards\[0\]\.url: /,
  ],
  [
    "a cluster that requires a ledger which is kept nowhere",
    "audit: { sink: { kind: none } }",
    /clusters\[0\]\.audit: required needs a place where records are kept/,
  ],
] as const)
  test(`${what} is refused`, (t) => {
    const [found] = faultsOf(load(t, yaml(audit, "audit: required")));
    assert.match(found ?? "", fault);
  });

test("a webhook that sends who did what in clear text over a network is warned of", (t) => {
  const [warning] = warningsOf(load(t, yaml(hook(`url: "http://siem.example.com/", secret: ${SECRET}`))));
  assert.match(warning ?? "", /audit\.forwards\[0\]\.url: sends who did what in clear text; use https/);
  assert.deepEqual(warningsOf(load(t, yaml(hook(`url: "http://127.0.0.1:8080/", secret: ${SECRET}`)))), []);
});

test("a ledger in a store that is not there is refused", (t) => {
  const [fault] = faultsOf(load(t, yaml("audit: { sink: { kind: store }, signingKey: k }")));
  assert.match(fault ?? "", /audit\.sink\.kind: store needs a store; set store\.url/);
});
