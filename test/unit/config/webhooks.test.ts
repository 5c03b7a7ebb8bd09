import assert from "node:assert/strict";
import { test } from "node:test";
import { showConfig } from "../../../src/config/show.ts";
import { packConfig, unpackConfig } from "../../../src/config/transfer.ts";
import { configOf, faultsOf, load, warningsOf } from "../../support/config-files.ts";

const SECRET = "0123456789abcdef0123456789abcdef";
const BASE = `doors: { postgres: {} }
issuers: [{ name: jobs, keys: { secret: "${"0".repeat(64)}" } }]
clusters: [{ name: main, hosts: [{ host: localhost }], login: { method: trust } }]
`;
const STORE = 'store: { url: "postgres://gate@db/state" }\n';
const hook = (url: string, more = "") => `webhooks: [{ url: "${url}", secret: "${SECRET}"${more} }]\n`;

test("a webhook is told of every step within five seconds, and its secret is shown nowhere", (t) => {
  const config = configOf(load(t, `${BASE}${STORE}${hook("https://chat.example.com/hooks/1")}`));
  const [webhook] = config.webhooks;
  assert.deepEqual([webhook?.timeout, webhook?.events], [5000, undefined]);
  assert.equal(webhook?.secret.reveal(), SECRET);
  assert.ok(!showConfig(config).includes(SECRET));
  assert.equal(unpackConfig(packConfig(config)).webhooks[0]?.secret.reveal(), SECRET);
});

test("webhooks without a store are refused: there would be nothing to tell", (t) => {
  assert.deepEqual(faultsOf(load(t, `${BASE}${hook("https://chat.example.com")}`)), [
    "postern.yaml:4:1: webhooks: tell of access requests, which need a store; add store, or remove them",
  ]);
});

test("a webhook in the clear over the network is warned of", (t) => {
  const told = (url: string) =>
    warningsOf(load(t, `${BASE}${STORE}${hook(url)}`)).filter((warning) => warning.includes("webhooks"));
  assert.match(told("http://chat.example.com").join(), /in the clear; use https/);
  assert.deepEqual(told("http://127.0.0.1:9000/hook"), []);
});

for (const [what, setting] of [
  ["a secret that can be guessed", hook("https://chat.example.com").replace(SECRET, "short")],
  ["an event that is none", hook("https://chat.example.com", ", events: [login.allowed.v1]")],
  ["a URL of another kind", hook("ftp://chat.example.com")],
] as const)
  test(`a webhook with ${what} is refused`, (t) => {
    assert.equal(faultsOf(load(t, BASE + STORE + setting)).length, 1);
  });
