// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references to the environment are what is tested

import assert from "node:assert/strict";
import { chmodSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { loadConfig } from "../../../src/config/load.ts";
import { tokenDecisionOf } from "../../support/bearer.ts";
import { configOf, directoryWith, faultsOf, load, warningsOf } from "../../support/config-files.ts";

const MINIMAL = `issuers:
  - name: corp
    keys: { jwksUrl: https://login.example.com/keys }
clusters:
  - name: main
    hosts: [{ host: db.example.com }]
    login: { method: trust }
`;

test("a minimal file gets every default", (t) => {
  const config = configOf(load(t, MINIMAL));
  assert.equal(config.clusters[0]?.tls.mode, "verify-full");
  assert.deepEqual(config.clusters[0]?.hosts, [{ host: "db.example.com", port: 5432 }]);
  assert.equal(config.limits.handshakeTimeout, 15_000);
  assert.equal(config.limits.passwordMessage, 65_536);
  assert.equal(config.issuers[0]?.leeway, 30_000);
  assert.equal(String(tokenDecisionOf(config.clusters[0]).roleClaim), "$.sub");
});

test("a loaded configuration cannot be changed, however deep", (t) => {
  const config = configOf(load(t, MINIMAL));
  assert.ok(Object.isFrozen(config));
  assert.ok(Object.isFrozen(config.clusters));
  assert.ok(Object.isFrozen(config.clusters[0]?.hosts[0]));
  assert.ok(Object.isFrozen(config.issuers[0]?.usernameClaim));
});

interface FaultCase {
  readonly name: string;
  readonly yaml: string;
  readonly faults: readonly string[];
}

const cluster = (settings: string) => MINIMAL.replace("    login: { method: trust }", () => settings);

const FAULTS: readonly FaultCase[] = [
  {
    name: "an empty file",
    yaml: "",
    faults: [
      "postern.yaml:1:1: clusters: is missing; write a list",
      "postern.yaml:1:1: issuers: is missing; list who signs tokens",
    ],
  },
  {
    name: "a file that is only text",
    yaml: "hello",
    faults: ["postern.yaml:1:1: a map of settings is expected, text was written; write a map of settings"],
  },
  {
    name: "a misspelt setting",
    yaml: `${MINIMAL}limits:\n  failedLoginPerAddress: 3\n`,
    faults: [
      'postern.yaml:9:3: limits.failedLoginPerAddress: is not a setting; did you mean "failedLoginsPerAddress"?',
    ],
  },
  {
    name: "a setting in another spelling of words",
    yaml: `${MINIMAL}limits:\n  drain_timeout: 3s\n`,
    faults: ['postern.yaml:9:3: limits.drain_timeout: is not a setting; did you mean "drainTimeout"?'],
  },
  {
    name: "a setting that resembles none",
    yaml: `${MINIMAL}admin:\n  user: root\n`,
    faults: ["postern.yaml:9:3: admin.user: is not a setting; it can be host, port, unixSocket, tls, token"],
  },
  {
    name: "a misspelt choice",
    yaml: `${MINIMAL}log: { level: warning }\n`,
    faults: ['postern.yaml:8:8: log.level: "warning" is not known here; did you mean "warn"?'],
  },
  {
    name: "a misspelt method of login",
    yaml: cluster("    login: { method: shared-pasword }"),
    faults: [
      'postern.yaml:7:14: clusters[0].login.method: "shared-pasword" is not known here; did you mean "shared-password"?',
    ],
  },
  {
    name: "no method of login",
    yaml: cluster("    login: {}"),
    faults: [
      "postern.yaml:7:5: clusters[0].login.method: is missing; it can be shared-password, role-password, certificate, trust",
    ],
  },
  {
    name: "a number where a secret belongs",
    yaml: cluster("    login: { method: shared-password, password: 4711 }"),
    faults: [
      "postern.yaml:7:39: clusters[0].login.password: text or a map of settings is expected, a whole number was written; put it in quotes",
    ],
  },
  {
    name: "a misspelt file reference",
    yaml: cluster("    login: { method: shared-password, password: { fil: x } }"),
    faults: [
      "postern.yaml:7:39: clusters[0].login.password.file: is missing; write text",
      'postern.yaml:7:51: clusters[0].login.password.fil: is not a setting; did you mean "file"?',
    ],
  },
  {
    name: "a list of the wrong things",
    yaml: cluster("    login: { method: trust }\n    privilegedRoles: [7]"),
    faults: [
      "postern.yaml:8:23: clusters[0].privilegedRoles[0]: text is expected, a whole number was written; put it in quotes",
    ],
  },
  {
    name: "a role name that PostgreSQL would cut",
    yaml: cluster(`    login: { method: trust }\n    replicationRoles: [${"r".repeat(64)}]`),
    faults: [
      "postern.yaml:8:24: clusters[0].replicationRoles[0]: cannot be a role name; PostgreSQL allows 1 to 63 bytes without NUL",
    ],
  },
  {
    name: "a number out of bounds",
    yaml: `${MINIMAL}limits: { connections: 0 }\nadmin: { port: 65536 }\n`,
    faults: [
      "postern.yaml:8:11: limits.connections: is too small; the least is 1",
      "postern.yaml:9:10: admin.port: is too large; the most is 65535",
    ],
  },
  {
    name: "a duration without a unit and a size with a wrong one",
    yaml: `${MINIMAL}limits: { drainTimeout: "30", startupPacket: 10KB }\n`,
    faults: [
      "postern.yaml:8:11: limits.drainTimeout: is not a duration; write a whole number and a unit: 500ms, 30s, 5m, 8h or 1d",
      "postern.yaml:8:31: limits.startupPacket: is not a size; write a whole number and a unit: 512B, 64kB or 1MB",
    ],
  },
  {
    name: "a time-out of nothing",
    yaml: `${MINIMAL}limits: { handshakeTimeout: 0s }\n`,
    faults: ["postern.yaml:8:11: limits.handshakeTimeout: is no time at all; write a duration above zero"],
  },
  {
    name: "a claim path that is none",
    yaml: cluster("    login: { method: trust }\n    decide: { mode: token, roleClaim: '$.[' }"),
    faults: [
      "postern.yaml:8:28: clusters[0].decide.roleClaim: is not a JSON Path (RFC 9535); write one such as $.sub or $.groups[*]",
    ],
  },
  {
    name: "the same key twice",
    yaml: `${MINIMAL}log: { level: info }\nlog: { level: warn }\n`,
    faults: ["postern.yaml:9:1: this key is written twice in the same place; keep one"],
  },
  {
    name: "an unknown tag",
    yaml: `${MINIMAL}log: { level: !secret info }\n`,
    faults: [
      "postern.yaml:8:15: has a tag, and tags are not used here; put a text that begins with ! in quotes",
    ],
  },
  {
    name: "two documents",
    yaml: `${MINIMAL}---\na: 1\n`,
    faults: ["postern.yaml:8:1: begins a second document; keep one"],
  },
  {
    name: "aliases that multiply",
    yaml: `a: &a [1,1,1,1,1,1,1,1,1]
b: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]
c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]
d: [*c,*c,*c,*c,*c,*c,*c,*c,*c]
`,
    faults: ["postern.yaml: uses more aliases than a configuration needs (100); write the values out"],
  },
  {
    name: "a value that holds itself",
    yaml: "a: &a [*a]",
    faults: ["postern.yaml:1:1: is nested too deeply to be a configuration; correct it"],
  },
  {
    name: "a variable that is not set, and a reference that is broken",
    yaml: cluster(
      '    login: { method: role-password, passwords: { a: "${NOPE}-${NEITHER}", b: "${x y}" } }',
    ),
    faults: [
      "postern.yaml:7:50: clusters[0].login.passwords.a: names NOPE, NEITHER, which the environment does not have; set it, or write $${ for the two signs themselves",
      "postern.yaml:7:75: clusters[0].login.passwords.b: has a ${ that is no reference; write ${NAME}, or $${ for the two signs themselves",
    ],
  },
  {
    name: "files that are not there",
    yaml: cluster(
      "    login: { method: shared-password, password: { file: pw } }\n    tls: { caFile: ca.pem }",
    ),
    faults: [
      'postern.yaml:7:51: clusters[0].login.password.file: "pw" does not exist; correct the path or create the file',
      'postern.yaml:8:12: clusters[0].tls.caFile: "ca.pem" does not exist; correct the path or create the file',
    ],
  },
  {
    name: "faults in several places at once, in the order of the file",
    yaml: `log: { level: loud }\n${MINIMAL}limits: { conections: 1 }\nissuer: []\n`,
    faults: [
      'postern.yaml:1:8: log.level: "loud" is not known here; it can be trace, debug, info, warn, error, silent',
      'postern.yaml:9:11: limits.conections: is not a setting; did you mean "connections"?',
      'postern.yaml:10:1: issuer: is not a setting; did you mean "issuers"?',
    ],
  },
];

for (const { name, yaml, faults } of FAULTS) {
  test(`refused with its place and what to do: ${name}`, (t) => {
    assert.deepEqual(faultsOf(load(t, yaml)), faults);
  });
}

test("a file that does not exist is named", (t) => {
  const directory = directoryWith(t);
  const result = loadConfig({ file: join(directory, "postern.yaml"), env: {} });
  assert.deepEqual(faultsOf({ ...result, directory }), [
    "postern.yaml: there is no such file; name the configuration with --config, or create it",
  ]);
});

test("a directory instead of a file is refused", (t) => {
  const directory = directoryWith(t);
  const result = loadConfig({ file: directory, env: {} });
  assert.ok(result.kind === "faults");
  assert.equal(result.faults[0]?.message, "is a directory; name the configuration file in it");
});

test("a reference in a file is replaced, also where a number is wanted; $${ stays as ${", (t) => {
  const yaml = cluster(
    '    login: { method: shared-password, password: "a-${PW}-$${PW}" }\nadmin: { port: "${PORT}" }',
  );
  const config = configOf(load(t, yaml, { PW: "${X}", PORT: "9000" }));
  const login = config.clusters[0]?.login;
  assert.ok(login?.method === "shared-password");
  assert.equal(login.password.reveal(), "a-${X}-${PW}");
  assert.equal(config.admin?.port, 9000);
});

test("a secret is read from a file beside the configuration, without the newline at its end", (t) => {
  const yaml = cluster(
    "    login: { method: role-password, passwords: { a: { file: pw/a }, b: { file: pw/b } } }",
  );
  const config = configOf(load(t, yaml, {}, { "pw/a": "one\n", "pw/b": " two\n\n" }));
  const login = config.clusters[0]?.login;
  assert.ok(login?.method === "role-password");
  assert.equal(login.passwords?.["a"]?.reveal(), "one");
  assert.equal(login.passwords?.["b"]?.reveal(), " two\n");
});

test("a secret never shows when the configuration is printed", (t) => {
  const config = configOf(load(t, cluster("    login: { method: shared-password, password: hunter2 }")));
  assert.ok(!JSON.stringify(config).includes("hunter2"));
});

test("a file of a secret must be text, of a secret's size, and not empty", (t) => {
  const yaml = cluster(
    "    login: { method: role-password, passwords: { a: { file: empty }, b: { file: large }, c: { file: /dev/zero } } }",
  );
  const faults = faultsOf(load(t, yaml, {}, { empty: "\n", large: "x".repeat(70_000) }));
  assert.deepEqual(
    faults.map((fault) => fault.slice(fault.indexOf('"'))),
    [
      '"empty" is empty; write the secret into it',
      '"large" is larger than 65536 bytes; name the file that holds the secret',
      '"/dev/zero" is not a regular file; name the file that holds the secret',
    ],
  );
});

test("files of secrets and keys that everybody can read are warned about", (t) => {
  const yaml = `${cluster("    login: { method: shared-password, password: { file: pw } }")}doors:
  postgres: { tls: { certFile: cert.pem, keyFile: key.pem } }
`;
  const files = { pw: "x", "cert.pem": "x", "key.pem": "x" };
  const first = load(t, yaml, {}, files);
  assert.deepEqual(warningsOf(first), []);
  for (const name of Object.keys(files)) chmodSync(join(first.directory, name), 0o644);
  const second = loadConfig({ file: join(first.directory, "postern.yaml"), env: {} });
  assert.deepEqual(warningsOf({ ...second, directory: first.directory }), [
    'postern.yaml:7:51: clusters[0].login.password.file: "pw" can be read by every user of this machine; run chmod o-r on it',
    'postern.yaml:9:42: doors.postgres.tls.keyFile: "key.pem" can be read by every user of this machine; run chmod o-r on it',
  ]);
});

test("a secret that is written in a file which everybody can read is warned about", (t) => {
  const yaml = cluster("    login: { method: role-password, passwords: { a: hunter2, b: '${PW}', c: x } }");
  const env = { PW: "x", POSTERN__CLUSTERS__0__LOGIN__PASSWORDS__c: "y" };
  const first = load(t, yaml, env);
  assert.deepEqual(warningsOf(first), []);
  const file = join(first.directory, "postern.yaml");
  chmodSync(file, 0o644);
  assert.deepEqual(warningsOf({ ...loadConfig({ file, env }), directory: first.directory }), [
    'postern.yaml:7:50: clusters[0].login.passwords.a: is a secret, and "postern.yaml" can be read by every user of this machine; run chmod o-r on it',
  ]);
});

test("what is wrong with the YAML is told without what is written there: it may be a password", (t) => {
  for (const written of [
    "*hunter2",
    "!hunter2",
    "@hunter2",
    "`hunter2",
    "%hunter2",
    "&hunter2 &hunter2 x",
    "'hunter2",
    '"hunter2\\q"',
    "a: hunter2: b",
    "[hunter2",
    "{hunter2",
    "- hunter2",
    "|hunter2",
    ">hunter2",
    "x\n  hunter2: y",
    "\n\thunter2: x",
    "*hunter2 : x",
  ]) {
    const yaml = cluster(`    login:\n      method: shared-password\n      password: ${written}`);
    const faults = faultsOf(load(t, yaml));
    assert.ok(faults.length > 0, written);
    for (const fault of faults) {
      assert.match(fault, /^postern\.yaml:\d+:\d+: /, written);
      assert.match(fault, /; /, written);
      assert.doesNotMatch(fault, /hunter2/, written);
    }
  }
});

test("every file that it came from is told, so that a change of one can be noticed", (t) => {
  const yaml = cluster(
    "    login: { method: shared-password, password: { file: pw } }\n    tls: { caFile: ca.pem }",
  );
  const result = load(t, yaml, {}, { pw: "x", "ca.pem": "y" });
  assert.ok(result.kind === "ok");
  const names = ["postern.yaml", "pw", "ca.pem"];
  assert.deepEqual(
    result.files,
    names.map((name) => join(result.directory, name)),
  );
});

test("a configuration can be a value, whose texts are taken as they are", () => {
  const value = {
    issuers: [{ name: "a", keys: { secret: "${NOT_A_REFERENCE}".repeat(2) } }],
    clusters: [{ name: "c", hosts: [{ host: "localhost" }], login: { method: "trust" }, colour: "red" }],
  };
  const { colour: _, ...good } = value.clusters[0] ?? {};
  assert.equal(loadConfig({ value: { ...value, clusters: [good] }, source: "demo", env: {} }).kind, "ok");
  const refused = loadConfig({ value, source: "demo", env: {} });
  assert.ok(refused.kind === "faults");
  assert.equal(refused.faults[0]?.where, "demo");
});
