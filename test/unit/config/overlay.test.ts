// biome-ignore-all lint/suspicious/noTemplateCurlyInString: texts that look like references are what is tested
import assert from "node:assert/strict";
import { test } from "node:test";
import { configOf, faultsOf, load } from "../../support/config-files.ts";

const YAML = `issuers:
  - name: corp
    keys: { jwksUrl: https://login.example.com/keys }
clusters:
  - name: main
    hosts: [{ host: db.example.com }]
    login: { method: shared-password, password: "\${PW}" }
    databases: []
`.replace("    databases: []\n", "");

test("the environment overrides the file, each value as the setting wants it", (t) => {
  const config = configOf(
    load(t, YAML, {
      POSTERN__LIMITS__FAILED_LOGINS_PER_ADDRESS: "0",
      POSTERN__LIMITS__DRAIN_TIMEOUT: "5s",
      POSTERN__ISSUERS__0__TRUST_USERNAMES: "true",
      POSTERN__ISSUERS__0__AUDIENCE: "[postern, '7']",
      POSTERN__CLUSTERS__0__LOGIN__PASSWORD: "12345-${NOT_A_REFERENCE}",
      POSTERN__CLUSTERS__0__PRIVILEGED_ROLES: "any",
      POSTERN__CLUSTERS__0__HOSTS__0__HOST: "127.0.0.1",
      POSTERN__CLUSTERS__0__HOSTS__1__HOST: "localhost",
      POSTERN__DOORS__POSTGRES__HOST: "",
      POSTERN__DOORS__POSTGRES__PORT: "0",
      POSTERN__DOORS__POSTGRES__PLAIN_TEXT: "always",
    }),
  );
  assert.equal(config.limits.failedLoginsPerAddress, 0);
  assert.equal(config.limits.drainTimeout, 5000);
  assert.equal(config.issuers[0]?.trustUsernames, true);
  assert.deepEqual(config.issuers[0]?.audience, ["postern", "7"]);
  const cluster = config.clusters[0];
  assert.ok(cluster?.login.method === "shared-password");
  assert.equal(cluster.login.password.reveal(), "12345-${NOT_A_REFERENCE}");
  assert.equal(cluster.privilegedRoles, "any");
  assert.deepEqual(
    cluster.hosts.map(({ host }) => host),
    ["127.0.0.1", "localhost"],
  );
  assert.deepEqual(config.doors.postgres?.host, "");
  assert.deepEqual(config.doors.postgres?.port, 0);
});

test("a role's password may be given by its name, letter by letter", (t) => {
  const yaml = YAML.replace(/login:.*/, "login: { method: role-password }");
  const config = configOf(
    load(
      t,
      yaml,
      {
        POSTERN__CLUSTERS__0__LOGIN__PASSWORDS__alice: "a",
        POSTERN__CLUSTERS__0__LOGIN__PASSWORDS__Bob_X__FILE: "pw",
      },
      { pw: "b\n" },
    ),
  );
  const login = config.clusters[0]?.login;
  assert.ok(login?.method === "role-password");
  assert.equal(login.passwords?.["alice"]?.reveal(), "a");
  assert.equal(login.passwords?.["Bob_X"]?.reveal(), "b");
});

const UNKNOWN: Readonly<Record<string, string>> = {
  POSTERN__LIMITS__FAILED_LOGIN_PER_ADDRESS:
    "names no setting; did you mean POSTERN__LIMITS__FAILED_LOGINS_PER_ADDRESS?",
  POSTERN__LIMIT__CONNECTIONS: "names no setting; did you mean POSTERN__LIMITS__CONNECTIONS?",
  POSTERN__LOG: "log: a map of settings is expected, text was written; write a map of settings",
  POSTERN__LOG__VERBOSITY: "names no setting; what follows POSTERN__LOG__ can be LEVEL, FORMAT",
  POSTERN__CLUSTERS__MAIN__NAME: "names no setting; a number must follow POSTERN__CLUSTERS__",
  POSTERN__CLUSTERS__2__NAME:
    "clusters[2].name: skips an entry of the list; number the entries from 0 without gaps",
  POSTERN__CLUSTERS__99999__NAME: "names no setting; a number must follow POSTERN__CLUSTERS__",
  POSTERN__LOG__LEVEL__DEEPER: "names no setting; unset it, or see docs/configuration.md",
  POSTERN__:
    "names no setting; what follows POSTERN__ can be DOORS, ISSUERS, CLUSTERS, POLICY, LIMITS, ADMIN, AUDIT, STORE, WEBHOOKS, PERSONAL_TOKENS, LOG",
  POSTERN__limits__connections: "names no setting; did you mean POSTERN__LIMITS__connections?",
};

for (const [name, message] of Object.entries(UNKNOWN)) {
  test(`a variable that sets nothing is refused: ${name}`, (t) => {
    assert.deepEqual(faultsOf(load(t, YAML, { PW: "x", [name]: "text" })), [
      `environment ${name}: ${message}`,
    ]);
  });
}

test("a wrong value names the variable that it came from", (t) => {
  const env = { PW: "x", POSTERN__LIMITS__CONNECTIONS: "many", POSTERN__LOG__LEVEL: "inf" };
  assert.deepEqual(faultsOf(load(t, YAML, env)), [
    "environment POSTERN__LIMITS__CONNECTIONS: limits.connections: a number is expected, text was written; write a number",
    'environment POSTERN__LOG__LEVEL: log.level: "inf" is not known here; did you mean "info"?',
  ]);
});

test("a variable replaces what the file could not give", (t) => {
  configOf(load(t, YAML, { POSTERN__CLUSTERS__0__LOGIN__PASSWORD: "x" }));
});

test("variables of other programs and of the launcher are left alone", (t) => {
  configOf(load(t, YAML, { PW: "x", POSTERN_RUNTIME: "node", PATH: "/bin", UPSTREAM__HOST: "x" }));
});
