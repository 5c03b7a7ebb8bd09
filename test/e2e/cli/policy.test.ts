/** Policy asked about and written, from the shell. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { AccessCli } from "../../support/access-cli.ts";
import { POLICY, printed, startAccessCli } from "../../support/access-cli.ts";
import { bind, role, user } from "../../support/access-world.ts";
import { eventually } from "../../support/eventually.ts";
import { shellMeanwhile } from "../../support/postern.ts";
import { ISSUER } from "../../support/world.ts";

let cli: AccessCli;
before(async () => {
  cli = await startAccessCli();
});
after(() => cli.stop());

test("can-i answers by its exit code, and names the rule", async () => {
  const lea = cli.as("lea", "leads");
  const cases: readonly (readonly [string, number, RegExp])[] = [
    ["postern can-i connect databases/main/shop -n shop", 0, /^yes\n {2}.*everybody.*\n$/],
    ["postern can-i connect databases/other/shop -n shop", 1, /^no.*\n$/],
    ["postern can-i connect databases/main/shop", 1, /^no.*\n$/],
    ["postern can-i approve accessrequests -n shop -q", 0, /^$/],
    ["postern can-i create rolebindings -n shop -q", 1, /^$/],
    ["postern can-i approve accessrequests.postern.dev -n shop --json", 0, /"allowed": true/],
    ["postern can-i approve accessrequests -n shop --api-group apps", 1, /^no/],
  ];
  for (const [line, code, stdout] of cases) {
    const ran = await lea(line);
    assert.deepEqual([ran.code, ran.stderr], [code, ""], line);
    assert.match(ran.stdout, stdout, line);
  }
});

test("can-i asks for somebody else only as whom policy lets impersonate them", async () => {
  const line = `postern can-i approve accessrequests -n shop --as ${ISSUER}:lea --as-group leads`;
  const ran = await cli.as("ada")(line);
  assert.equal(ran.code, 1);
  assert.match(ran.stderr, /^postern: .*\(access\/impersonation\)\n.*may not impersonate/);
});

test("the administrator sees who can do something", async () => {
  await cli.world.put(bind("nora", "writer", user("nora")));
  const line = "postern who-can assume databaseroles/ben -n shop";
  const { code, stdout, stderr } = await shellMeanwhile(line, cli.directory, {
    POSTERN_SERVER: cli.server,
    POSTERN_TOKEN: cli.world.administratorToken,
  });
  assert.deepEqual([code, stderr], [0, ""]);
  assert.match(
    stdout,
    /^KIND +NAME +ENDS +BY\n(.*\n)*User +https:\/\/issuer.test:nora +RoleBinding "nora" in "shop"/,
  );
});

test("apply makes, replaces and leaves alone, roles before their bindings; delete takes it back", async () => {
  const boss = cli.as("boss", "all");
  const write = (text: string) => writeFileSync(join(cli.directory, "applied.yaml"), text);
  const apply = () => printed(boss, "postern apply -f applied.yaml");
  write(POLICY);
  assert.equal(await apply(), "role/applied created\nrolebinding/readers created\n");
  assert.equal(await apply(), "role/applied unchanged\nrolebinding/readers unchanged\n");
  write(POLICY.replace("resourceNames: [ro]", "resourceNames: [ro, ada]"));
  assert.equal(await apply(), "role/applied configured\nrolebinding/readers unchanged\n");
  const again = "postern get role applied -n shop -o yaml | postern apply -f -";
  assert.equal(await printed(boss, again), "role/applied unchanged\n");
  const listed = await printed(boss, "postern get roles -n shop");
  assert.match(listed, /^NAMESPACE +NAME +FROM +WHAT\n/);
  assert.match(listed, /\nshop +applied +store +assume databaseroles\/ro,ada\n/);
  assert.match(
    await printed(boss, "postern get rolebindings -A"),
    /\nshop +readers +store +Role\/applied to Group\/readers\n/,
  );
  const gone = "rolebinding/readers deleted\nrole/applied deleted\n";
  assert.equal(await printed(boss, "postern delete -f applied.yaml"), gone);
  assert.match((await boss("postern delete role applied -n shop")).stderr, /\(access\/object-not-found\)/);
});

test("apply sends nothing when anything in any of its files is wrong, and tells all of it by line", async () => {
  writeFileSync(join(cli.directory, "good.yaml"), POLICY);
  writeFileSync(
    join(cli.directory, "bad.yaml"),
    POLICY.replace("kind: Group", "kind: Grupp").replace("[assume]", "[]"),
  );
  const boss = cli.as("boss", "all");
  const { code, stdout, stderr } = await boss("postern apply -f good.yaml -f bad.yaml");
  assert.deepEqual([code, stdout], [1, ""]);
  assert.match(stderr, /bad\.yaml:4:\d+: subjects\[0\]/);
  assert.match(stderr, /bad\.yaml:11:\d+: rules\[0\].verbs: is empty/);
  assert.doesNotMatch(await printed(boss, "postern get roles -n shop"), /applied/);
});

test("create writes what kubectl's options say, and nobody gives by it more than they hold", async () => {
  const boss = cli.as("boss", "all");
  const mixed =
    "postern create role mixed -n shop --verb get,list --resource accessoffers --resource roles --dry-run --json";
  assert.deepEqual(JSON.parse(await printed(boss, mixed)).rules, [
    { verbs: ["get", "list"], apiGroups: ["postern.dev"], resources: ["accessoffers"] },
    { verbs: ["get", "list"], apiGroups: ["rbac.authorization.k8s.io"], resources: ["roles"] },
  ]);
  const binding =
    "postern create rolebinding b -n shop --role writer --user u --group g --serviceaccount ci:s --dry-run --json";
  const { subjects, roleRef } = JSON.parse(await printed(boss, binding));
  assert.deepEqual(
    [subjects.map(({ kind, name }: { kind: string; name: string }) => [kind, name]), roleRef.kind],
    [
      [
        ["User", "u"],
        ["Group", "g"],
        ["ServiceAccount", "s"],
      ],
      "Role",
    ],
  );
  for (const [line, told] of [
    ["postern create rolebinding b -n shop --group g", /give one role: --role or --clusterrole/],
    ["postern create rolebinding b -n shop --role r", /nobody is named; give --user/],
    ["postern create rolebinding b -n shop --role r --serviceaccount x", /write namespace:name/],
    ["postern create role r -n shop --verb get", /give --resource/],
    ["postern get pods", /there is no kind "pods"/],
    ["postern delete role", /name one/],
    ["postern apply", /nothing was named/],
  ] as const) {
    const { code, stderr } = await boss(line);
    assert.equal(code, 2, line);
    assert.match(stderr, told);
  }
  await cli.world.put(
    role("binders", {
      apiGroups: ["rbac.authorization.k8s.io"],
      resources: ["rolebindings"],
      verbs: ["create", "get"],
    }),
  );
  await cli.world.put(bind("binders", "binders", user("sly")));
  const { code, stderr } = await cli.as("sly")(
    "postern create rolebinding mine -n shop --role writer --group all",
  );
  assert.equal(code, 1);
  assert.match(stderr, /\(policy\/escalation\)/);
});

test("explain asks the running Postern, by whose store, grants and users it is decided", async () => {
  const boss = cli.as("boss", "all");
  const writing = "--role ben --database postgres";
  await printed(cli.as("tia", "engineers"), "postern whoami");
  const denied = await eventually("what the commands tell", async () => {
    const { code, stdout, stderr } = await boss(`postern explain --as tia ${writing}`);
    return stderr.includes("nobody called") ? undefined : `${code} ${stdout}${stderr}`;
  });
  assert.match(denied, /^1 role "ben", database "postgres", cluster "main"\npass {2}user: /);
  assert.match(denied, /\npass {2}connect: RoleBinding "everybody" .*\nFAIL {2}assume: .*\n/);
  assert.match(denied, /postern: asked http:\S+\n/);
  assert.match(denied, /postern: denied \(policy\/assume\): /);

  const id = await cli.asked("tia");
  await printed(cli.as("lea", "leads"), `postern approve ${id}`);
  const allowed = JSON.parse(await printed(boss, `postern explain --as tia ${writing} --json`));
  assert.deepEqual([allowed.allowed, allowed.cluster, allowed.role], [true, "main", "ben"]);
  assert.ok(Date.parse(allowed.until) > Date.now());
  assert.match(allowed.steps.at(-1).saw, new RegExp(`grant-${id}`));
  const token = cli.world.token("tia", { groups: ["engineers"] });
  const byToken = await printed(boss, `echo ${token} | postern explain --token - ${writing}`);
  assert.match(byToken, /\npass {2}signature: .*\n(?:pass .*\n)+allowed\n$/);

  await printed(boss, "postern users disable tia --reason left");
  const shutOut = await boss(`echo ${token} | postern explain --token - ${writing}`);
  assert.match(shutOut.stdout, /\nFAIL {2}user: https:\S+:tia is disabled\n$/);
  assert.match(shutOut.stderr, /denied \(access\/user-disabled\)/);
  await printed(boss, "postern users enable tia");

  const own = await printed(cli.as("own", "all"), `postern explain ${writing}`);
  assert.match(own, /\nallowed\n$/, "of oneself by default");
  const unseen = await boss(`postern explain --as nell --issuer ${ISSUER} ${writing}`);
  assert.match(unseen.stderr, /denied \(policy\/assume\)/);
  assert.match((await cli.as("tia")(`postern explain ${writing}`)).stderr, /control\/forbidden/);
  for (const [line, message] of [
    ["postern explain --as tia", /give --role, or --rest/],
    ["postern explain --as tia --rest", /give --database/],
    ["postern explain --server http://127.0.0.1:1 --config postern.yaml", /both given/],
    ["postern explain --config postern.yaml --as tia", /need a running Postern/],
    [`postern explain --issuer x ${writing}`, /need --as/],
  ] as const) {
    const { code, stderr } = await boss(line);
    assert.equal(code, 2, line);
    assert.match(stderr, message);
  }
});
