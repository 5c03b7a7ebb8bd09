import assert from "node:assert/strict";
import { test } from "node:test";
import { isLoopback } from "../../../src/config/checks/loopback.ts";
import { faultsOf, load, warningsOf } from "../../support/config-files.ts";

interface Written {
  readonly issuers?: string;
  readonly clusters?: string;
  readonly rest?: string;
}

const ISSUER = '{ name: corp, keys: { jwksUrl: "https://login.example.com/keys" } }';
const cluster = (settings: string) =>
  `{ name: main, hosts: [{ host: db }], login: { method: trust }, ${settings} }`;
const issuer = (settings: string) => `{ name: corp, ${settings} }`;

const yaml = ({ issuers = ISSUER, clusters = cluster(""), rest = "" }: Written) =>
  `issuers: [${issuers}]\nclusters: [${clusters}]\n${rest}`;

const LONG_SECRET = "s".repeat(32);

const FAULTS: Readonly<Record<string, readonly [Written, readonly string[]]>> = {
  "an issuer without keys": [
    { issuers: issuer("keys: { pem: [], discovery: false }") },
    [
      "issuers[0].keys: has no source of keys; give one of pem, pemFiles, jwks, jwksFile, jwksUrl, discovery or secret",
    ],
  ],
  "a base64 secret that is none": [
    { issuers: issuer(`keys: { secretEncoding: base64, secret: "${"s".repeat(50)}!" }`) },
    ["issuers[0].keys.secret: is not base64; correct it, or secretEncoding"],
  ],
  "a base64 secret that is long in its encoding only": [
    { issuers: issuer(`keys: { secretEncoding: base64, secret: "${"s".repeat(40)}" }`) },
    ['issuers[0].keys.secret: is shorter than 32 bytes; make one with "openssl rand -base64 48"'],
  ],
  "nobody who signs tokens where everybody needs one": [
    { issuers: "", clusters: cluster("decide: { mode: token, anonymousRole: anon }") },
    ["issuers: is missing; list who signs tokens"],
  ],
  "a PAM door for a cluster that is not there": [
    { rest: "doors: { pam: { unixSocket: { path: /run/pam.sock }, cluster: mian } }" },
    ['doors.pam.cluster: there is no cluster "mian"; did you mean "main"?'],
  ],
  "a PAM door that does not say which of two clusters": [
    {
      clusters: `${cluster("")}, ${cluster("").replace("main", "other")}`,
      rest: "doors: { pam: { unixSocket: { path: /run/pam.sock } } }",
    },
    ["doors.pam.cluster: is missing, and there are several clusters; name the one that PAM is set up for"],
  ],
  "credentials sent to an API over plain HTTP": [
    { clusters: cluster('decide: { mode: remote, url: "http://api.example.com/jit" }') },
    [
      "clusters[0].decide.url: sends credentials over plain HTTP, where anyone on the way can read them; use https://",
    ],
  ],
  "a password in the URL of an API": [
    { clusters: cluster('decide: { mode: remote, url: "https://a:b@api.example.com/jit" }') },
    ["clusters[0].decide.url: has a user or a password; remove them: the client's credential is sent"],
  ],
  "an API whose users could be taken for an issuer's": [
    { clusters: cluster('decide: { mode: remote, url: "https://api.example.com/jit", issuer: "corp" }') },
    [
      'clusters[0].decide.issuer: "corp" could make the same identities as issuer "corp", which are issuer:sub; choose another name',
    ],
  ],
  "a permission that is kept for minutes, and an answer that is waited for as long": [
    { clusters: cluster('decide: { mode: remote, url: "https://a/jit", cache: 2m, timeout: 1m }') },
    [
      "clusters[0].decide.cache: keeps rights that were taken away for too long; write at most 60s",
      "clusters[0].decide.timeout: is longer than a login waits; write at most 30s",
    ],
  ],
  "a shared secret that can be guessed": [
    { issuers: issuer(`keys: { secret: "${"s".repeat(31)}" }`) },
    ['issuers[0].keys.secret: is shorter than 32 bytes; make one with "openssl rand -base64 48"'],
  ],
  "a shared secret beside public keys": [
    { issuers: issuer(`keys: { secret: "${LONG_SECRET}", jwksUrl: "https://a/b" }`) },
    ["issuers[0].keys.secret: stands beside jwksUrl; a shared secret must be alone: write a second issuer"],
  ],
  "a shared secret for public-key algorithms": [
    { issuers: issuer(`algorithms: [HS256, RS256], keys: { secret: "${LONG_SECRET}" }`) },
    ["issuers[0].algorithms: a shared secret permits HS256, HS384, HS512 only; remove the other algorithms"],
  ],
  "HS512 with a secret that is enough for HS256": [
    { issuers: issuer(`algorithms: [HS256, HS512], keys: { secret: "${LONG_SECRET}" }`) },
    ['issuers[0].keys.secret: is shorter than 64 bytes; make one with "openssl rand -base64 80"'],
  ],
  "HS256 without a shared secret": [
    { issuers: issuer('algorithms: [ES256, HS256], keys: { jwksUrl: "https://a/b" }') },
    ["issuers[0].algorithms: HS256 needs a shared secret; give keys.secret or remove HS256"],
  ],
  "discovery without an issuer": [
    { issuers: issuer("keys: { discovery: true }") },
    ["issuers[0].keys.discovery: needs the issuer's URL; set issuer beside keys"],
  ],
  "discovery at something that is no URL": [
    { issuers: issuer("issuer: corp, keys: { discovery: true }") },
    ["issuers[0].issuer: must be an https:// URL, because keys are fetched from it; write it whole"],
  ],
  "keys fetched over plain HTTP": [
    { issuers: issuer('keys: { jwksUrl: "http://login.example.com/keys" }') },
    [
      "issuers[0].keys.jwksUrl: fetches keys over plain HTTP, where anyone on the way can replace them; use https://",
    ],
  ],
  "a password in the URL of keys": [
    { issuers: issuer('keys: { jwksUrl: "https://a:b@login.example.com/keys" }') },
    [
      "issuers[0].keys.jwksUrl: has a user or a password; remove them, and use fetch.bearerFile if the server wants a token",
    ],
  ],
  "two issuers of one name": [
    { issuers: `${ISSUER}, ${ISSUER.replace("{", "{ issuer: other,")}` },
    ['issuers[1].name: "corp" is used twice; choose another name'],
  ],
  "two issuers that sign as the same": [
    {
      issuers: `{ name: a, issuer: x, keys: { jwksUrl: "https://a/b" } }, { name: b, issuer: x, keys: { jwksUrl: "https://a/c" } }`,
    },
    ["issuers[1].issuer: is the same as of an issuer above; put the keys of both into one"],
  ],
  "an issuer whose identities another could make": [
    {
      issuers: `{ name: corp, keys: { jwksUrl: "https://a/b" } }, { name: b, issuer: corp, keys: { jwksUrl: "https://a/c" } }, { name: c, issuer: "corp:eu", keys: { jwksUrl: "https://a/d" } }`,
    },
    [
      'issuers[0].name: could make the same identities as issuer "b", which are issuer:sub; choose another name',
      'issuers[1].issuer: could make the same identities as issuer "corp", which are issuer:sub; choose another name',
      'issuers[2].issuer: could make the same identities as issuer "corp", which are issuer:sub; choose another name',
    ],
  ],
  "two clusters of one name": [
    { clusters: `${cluster("")}, ${cluster("")}` },
    ['clusters[1].name: "main" is used twice; choose another name'],
  ],
  "a server name that leads to two clusters": [
    {
      clusters: `${cluster("serverNames: [a.example]")}, ${cluster("serverNames: [A.example]").replace("main", "two")}`,
    },
    ['clusters[1].serverNames[0]: "A.example" leads to another cluster already; keep it in one place'],
  ],
  "a cluster that trusts an issuer which is not there": [
    { clusters: cluster("decide: { mode: token, issuers: [crop] }") },
    ['clusters[0].decide.issuers[0]: there is no issuer "crop"; did you mean "corp"?'],
  ],
  "a default cluster which is not there": [
    { rest: "doors: { postgres: { defaultCluster: analytics } }" },
    ['doors.postgres.defaultCluster: there is no cluster "analytics"; it can be main'],
  ],
  "a cluster without servers": [
    { clusters: "{ name: main, login: { method: trust } }" },
    ["clusters[0].hosts: is missing; list the servers here, or give them as uri"],
  ],
  "servers given twice": [
    { clusters: cluster('uri: "postgres://a/"') },
    ["clusters[0].uri: says the same as hosts, which is written too; keep one of them"],
  ],
  "a Unix socket": [
    { clusters: "{ name: main, hosts: [{ host: /run/postgresql }], login: { method: trust } }" },
    [
      "clusters[0].hosts[0].host: is a Unix socket, which Postern does not use; name the server by TCP, such as localhost",
    ],
  ],
  "a certificate login that may go without TLS": [
    {
      clusters: cluster("tls: { mode: prefer }").replace(
        "method: trust",
        "method: certificate, caCertFile: pw, caKeyFile: pw",
      ),
    },
    [
      "clusters[0].login.method: certificate logs in by TLS, and tls.mode prefer may do without; use require or stronger",
    ],
  ],
  "role passwords from nowhere": [
    { clusters: cluster("").replace("method: trust", "method: role-password") },
    [
      "clusters[0].login: role-password has no source of passwords; give passwords, directory or environmentPrefix",
    ],
  ],
  "direct TLS that is optional": [
    { clusters: cluster("tls: { mode: prefer, negotiation: direct }") },
    [
      "clusters[0].tls.negotiation: direct needs TLS, and tls.mode prefer may do without; use require or stronger",
    ],
  ],
  "channel binding without TLS": [
    { clusters: cluster("tls: { mode: disable, channelBinding: require }") },
    [
      "clusters[0].tls.channelBinding: require binds the login to TLS, and tls.mode is disable; use require or stronger",
    ],
  ],
  "a CA that would be ignored": [
    { clusters: cluster("tls: { mode: require, caFile: pw }") },
    [
      "clusters[0].tls.caFile: tls.mode require verifies nothing, so the file would be ignored; use verify-ca or verify-full",
    ],
  ],
  "TLS demanded without a certificate": [
    { rest: "doors: { postgres: { plainText: never } }" },
    ["doors.postgres.plainText: never needs a certificate; set doors.postgres.tls"],
  ],
  "OAUTHBEARER that cannot say where tokens come from": [
    { rest: "doors: { postgres: { authentication: oauthbearer } }" },
    [
      "doors.postgres.authentication: oauthbearer must tell clients where tokens come from; set oauth.openidConfiguration",
    ],
  ],
  "an API in front of a cluster which is not there": [
    { rest: "doors: { rest: { cluster: man, database: shop, authenticator: api } }" },
    ['doors.rest.cluster: there is no cluster "man"; did you mean "main"?'],
  ],
  "an API that does not say which cluster it is for": [
    {
      clusters: `${cluster("")}, ${cluster("").replace("main", "two")}`,
      rest: "doors: { rest: { database: shop, authenticator: api } }",
    },
    ["doors.rest.cluster: is missing, and there are several clusters; name the one behind the API"],
  ],
  "an API without a database and an authenticator": [
    { rest: "doors: { rest: {} }" },
    ["doors.rest.database: is missing; write text", "doors.rest.authenticator: is missing; write text"],
  ],
  "names that PostgreSQL or HTTP cannot hold": [
    {
      rest: `doors: { rest: { database: shop, authenticator: api, preRequest: a.b.c, traceHeader: "X Id",
        appSettings: { "a b": x }, unixSocket: { path: a, mode: "800" } } }`,
    },
    [
      "doors.rest.preRequest: is not a function's name; write it with its schema, such as api.check_request",
      "doors.rest.traceHeader: is not the name of a header; write one such as X-Request-Id",
      "doors.rest.appSettings.a b: is not the name of a setting; write letters, digits, `_` and dots",
      "doors.rest.unixSocket.mode: is not a socket's mode; write an octal number from 600 to 777 in quotes",
    ],
  ],
  "an administrator's token that can be guessed": [
    { rest: "admin: { token: hunter2 }" },
    ["admin.token: is shorter than 16 characters; make one with: openssl rand -hex 32"],
  ],
  "an administrator's token that no client can send": [
    { rest: 'admin: { token: "four words in a row" }' },
    ["admin.token: cannot be sent as a bearer token (RFC 6750); make one with: openssl rand -hex 32"],
  ],
  "faults between entries beside a faulty entry": [
    {
      issuers: issuer("keys: { discovery: true }"),
      clusters: cluster("colour: red"),
      rest: "doors: { postgres: { defaultCluster: man } }",
    },
    [
      "issuers[0].keys.discovery: needs the issuer's URL; set issuer beside keys",
      "clusters[0].colour: is not a setting",
      'doors.postgres.defaultCluster: there is no cluster "man"; did you mean "main"?',
    ],
  ],
};

/** The fault without its place, which the tests of the loader look at. */
const withoutPlace = (fault: string) => fault.replace(/^postern\.yaml:\d+:\d+: /, "");

for (const [name, [written, expected]] of Object.entries(FAULTS)) {
  test(`refused: ${name}`, (t) => {
    const found = faultsOf(load(t, yaml(written), {}, { pw: "x" })).map(withoutPlace);
    const shortened = found.map((fault, index) =>
      fault.startsWith(`${expected[index]};`) ? expected[index] : fault,
    );
    assert.deepEqual(shortened, expected);
  });
}

const ACCEPTED: Readonly<Record<string, Written>> = {
  "a shared secret alone, for HS256": {
    issuers: issuer(`algorithms: [HS256], keys: { secret: "${LONG_SECRET}" }`),
  },
  "keys over plain HTTP from this machine": {
    issuers: issuer('keys: { jwksUrl: "http://127.0.0.1:8080/keys" }'),
  },
  "a base64 secret": {
    issuers: issuer(`keys: { secretEncoding: base64, secret: "${"s-_".repeat(20)}==" }`),
  },
  "an API for everybody, without issuers": {
    issuers: "",
    clusters: cluster("decide: { mode: token, anonymousRole: anon }"),
    rest: "doors: { rest: { database: shop, authenticator: api } }",
  },
  "several issuers that sign as themselves": {
    issuers: `{ name: a, issuer: "https://a", keys: { discovery: true } }, { name: b, issuer: "https://b", keys: { discovery: true } }`,
  },
  "an API that needs to be told the least": {
    rest: 'doors: { rest: { database: shop, authenticator: api, appSettings: { key: "" } } }',
  },
  "a certificate login over verified TLS": {
    clusters: cluster("").replace("method: trust", "method: certificate, caCertFile: pw, caKeyFile: pw"),
  },
};

const TWO = (settings: string, more = settings) =>
  `${issuer(`keys: { jwksUrl: "https://a.test/keys" }, ${settings}`)}, ${issuer(`keys: { jwksUrl: "https://b.test/keys" }, ${more}`).replace("corp", "other")}`;
const RBAC = cluster("decide: { mode: rbac }");

const APART: Readonly<Record<string, Written>> = {
  "two Kubernetes clusters of which each database cluster trusts one": {
    issuers: TWO("kubernetes: true"),
    clusters: `${cluster("decide: { mode: rbac, issuers: [corp] }")}, ${cluster("decide: { mode: rbac, issuers: [other] }").replace("main", "second")}`,
  },
  "two issuers with prefixes of their own": {
    issuers: TWO("trustUsernames: true, usernamePrefix: x", "trustUsernames: true, usernamePrefix: y"),
    clusters: RBAC,
  },
  "one issuer whose usernames are trusted, and one of Kubernetes": {
    issuers: TWO("trustUsernames: true", "kubernetes: true"),
    clusters: RBAC,
  },
  "two Kubernetes clusters where no policy decides": { issuers: TWO("kubernetes: true") },
};

for (const [name, written] of [...Object.entries(ACCEPTED), ...Object.entries(APART)]) {
  test(`accepted without a warning: ${name}`, (t) => {
    assert.deepEqual(warningsOf(load(t, yaml(written), {}, { pw: "x" })), []);
  });
}

const WARNED: Readonly<Record<string, readonly [Written, string]>> = {
  "two Kubernetes clusters whose service accounts are one to policy": [
    { issuers: TWO("kubernetes: true"), clusters: RBAC },
    'issuers[1]: gives the same service accounts (system:serviceaccount:…) as issuer "corp", and whoever has such a name at either is one to the policy of cluster "main"; keep them apart by decide.issuers',
  ],
  "two issuers whose usernames are one to policy": [
    { issuers: TWO("trustUsernames: true, usernamePrefix: x"), clusters: RBAC },
    'issuers[1]: gives the same usernames as issuer "corp", and whoever has such a name at either is one to the policy of cluster "main"; keep them apart by usernamePrefix, or by decide.issuers',
  ],
  "a server that is not verified": [
    { clusters: cluster("tls: { mode: require }") },
    "clusters[0].tls.mode: require does not verify who answers at db; use verify-full, with caFile if the CA is your own",
  ],
  "tokens in clear text across the network": [
    { rest: 'doors: { postgres: { host: "0.0.0.0", plainText: always } }' },
    "doors.postgres.plainText: always lets tokens cross the network in clear text; use loopback or never unless TLS ends before",
  ],
  "a door for the network that only this machine can use": [
    { rest: 'doors: { postgres: { host: "" } }' },
    "doors.postgres.tls: is missing, so only this machine can log in; set certFile and keyFile",
  ],
  "an API over plain HTTP across the network": [
    { rest: 'doors: { rest: { host: "", database: shop, authenticator: api } }' },
    "doors.rest.tls: is missing, so tokens cross the network in clear text unless TLS ends before; set certFile and keyFile",
  ],
  "metrics for everybody on the network": [
    { rest: 'admin: { host: "0.0.0.0" }' },
    "admin.token: is missing, so whoever reaches the listener can read /metrics; set a token or listen on 127.0.0.1",
  ],
  "operators' tokens over plain HTTP across the network": [
    { rest: 'admin: { host: "0.0.0.0", token: 0123456789abcdef }' },
    "admin.tls: is missing, so tokens cross the network in clear text unless TLS ends before; set certFile and keyFile",
  ],
};

for (const [name, [written, expected]] of Object.entries(WARNED)) {
  test(`accepted with a warning: ${name}`, (t) => {
    assert.deepEqual(warningsOf(load(t, yaml(written))).map(withoutPlace), [expected]);
  });
}

test("loopback is what only this machine reaches", () => {
  for (const host of ["localhost", "127.0.0.1", "127.1.2.3", "::1", "[::1]", "::ffff:127.0.0.1"])
    assert.ok(isLoopback(host), host);
  for (const host of ["", "0.0.0.0", "::", "127.evil.example", "localhost.example", "10.0.0.1"])
    assert.ok(!isLoopback(host), host);
});
