import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { createProgram } from "../../../src/cli/program.ts";
import { EXAMPLE_ID } from "../../../src/cli/requests.ts";
import { EXAMPLE_SERVER } from "../../../src/cli/server.ts";
import type { AccessWorld } from "../../support/access-world.ts";
import { bind, group, may, offer, role, startAccessWorld, user } from "../../support/access-world.ts";
import { ended } from "../../support/ended.ts";
import { commandsOf, examplesIn } from "../../support/help.ts";
import type { Ran } from "../../support/postern.ts";
import { shellMeanwhile } from "../../support/postern.ts";
import { ISSUER } from "../../support/world.ts";

const RULES = { apiVersion: "rbac.authorization.k8s.io/v1", metadata: { name: "all" } };

const directory = mkdtempSync(join(tmpdir(), "postern-access-cli-"));
let world: AccessWorld;
let server: string;
before(async () => {
  world = await startAccessWorld();
  const opened = await world.gateway.logged(
    (line) => line.event === "door.opened.v1" && line["door"] === "control",
  );
  server = `http://127.0.0.1:${String(opened["port"])}`;
  await world.put(role("connect", may("connect", "databases", "main/*")));
  await world.put(bind("everybody", "connect", group("system:authenticated")));
  await world.put(role("writer", may("assume", "databaseroles", "ben")));
  await world.put(role("approver", may("approve", "accessrequests")));
  await world.put(bind("leads", "approver", group("leads")));
  await world.put(role("reader", may("assume", "databaseroles", "analyst")));
  await world.put(bind("engineer-readers", "reader", group("engineers")));
  await world.put(
    offer("orders-ro", {
      role: { kind: "Role", name: "reader" },
      requesters: [group("all")],
      maxDuration: "1h",
      approvals: { by: [group("leads")] },
      preapproved: [group("all")],
    }),
  );
  await world.put({
    ...RULES,
    kind: "ClusterRole",
    rules: [{ apiGroups: ["*"], resources: ["*"], verbs: ["*"] }],
  });
  const all = { kind: "ClusterRole", name: "all" };
  await world.put({ ...RULES, kind: "ClusterRoleBinding", subjects: [group("all")], roleRef: all });
  await world.put(
    offer("orders-rw", {
      description: "Write to the orders",
      role: { kind: "Role", name: "writer" },
      requesters: [group("engineers")],
      maxDuration: "1h",
      approvals: { by: [group("leads")] },
      breakGlass: { subjects: [group("oncall")], maxDuration: "15m" },
    }),
  );
});
after(async () => {
  await world.stop();
  rmSync(directory, { recursive: true, force: true });
});

type Run = (line: string) => Promise<Ran>;

/** Runs lines of shell with the token of somebody. */
function as(sub: string, ...groups: string[]): Run {
  const token = world.token(sub, { groups });
  return (line) => shellMeanwhile(line, directory, { POSTERN_SERVER: server, POSTERN_TOKEN: token });
}

/** What a command that has to work printed. */
async function printed(run: Run, line: string): Promise<string> {
  const { code, stdout, stderr } = await run(line);
  assert.equal(code, 0, `${line}\n${stderr}`);
  return stdout;
}

async function asked(sub: string, more = "", groups = ["engineers"], duration = "30m"): Promise<string> {
  const line = `postern request orders-rw --for ${duration} --reason "ticket 4711" ${more} --json`;
  return JSON.parse(await printed(as(sub, ...groups), line)).id;
}

test("a request is made, listed, approved, used and revoked by commands", async () => {
  const ada = as("ada", "engineers");
  const lea = as("lea", "leads");
  assert.match(
    await printed(ada, "postern request orders-rw --for 30m --reason 'ticket 4711'"),
    /^request [0-9a-f]{16} is pending: it needs 1 more approval, and lapses in 24h\n$/,
  );
  const listed = await printed(lea, "postern requests");
  assert.match(listed, /^ID +STATE +OFFER +REQUESTER +FOR +WHEN +REASON\n/);
  const [, id] =
    /\n([0-9a-f]{16}) +pending +shop\/orders-rw +ada +30m +lapses in 24h +ticket 4711\n$/.exec(listed) ?? [];
  const approved = await printed(lea, `postern approve ${id} --note fine`);
  assert.match(
    approved,
    /^request +[0-9a-f]{16}, pending\noffer +shop\/orders-rw, which gives Role writer\n/,
  );
  assert.match(approved, /\nreason +ticket 4711\n/);
  assert.match(approved, /\nrequest [0-9a-f]{16} is active: it ends in 30m, at 20\S+Z\n$/);
  assert.match(
    await printed(ada, "postern grants"),
    /\n\S{16} +ada +Role\/writer +shop +in 30m +0 +active\n$/,
  );
  const client = await world.connect({
    user: "ben",
    password: world.token("ada", { groups: ["engineers"] }),
  });
  const end = ended(client);
  assert.match(await printed(lea, `postern revoke ${id} --note done`), /^request \S+ is ended\n$/);
  assert.match((await end).message, /its right was taken away/);
  assert.match(
    await printed(ada, `postern requests ${id}`),
    /\nclosed +revoke by https:\/\/issuer.test:lea \S+ ago: done\n/,
  );
  const { stdout, stderr } = await ada("postern grants");
  assert.deepEqual([stdout, stderr], ["", "postern: nothing is granted for a while that concerns you\n"]);
});

test("whoami tells the identity, and the names that policy knows it by", async () => {
  const text = await printed(as("ada", "engineers"), "postern whoami");
  assert.match(
    text,
    /^identity +https:\/\/issuer.test:ada\nusername +ada\nuser +https:\/\/issuer.test:ada\n/,
  );
  assert.match(text, /\ngroup +engineers\ngroup +system:authenticated\ntoken +ends in 60m\n$/);
});

test("can-i answers by its exit code, and names the rule", async () => {
  const lea = as("lea", "leads");
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
  const ran = await as("ada")(line);
  assert.equal(ran.code, 1);
  assert.match(ran.stderr, /^postern: .*\(access\/impersonation\)\n.*may not impersonate/);
});

test("requests are denied, withdrawn and reviewed by commands, and notes are shown", async () => {
  const lea = as("lea", "leads");
  const id = await asked("bea");
  assert.match(
    await printed(lea, `postern deny ${id} --note "use the replica"`),
    /^request \S+ is denied\n$/,
  );
  assert.match(await printed(as("bea"), `postern requests ${id}`), /deny by .*: use the replica\n/);
  const other = await asked("bea");
  assert.match(await printed(as("bea"), `postern withdraw ${other}`), /^request \S+ is withdrawn\n$/);
  const broken = await asked("bea", "--break-glass", ["oncall"], "15m");
  assert.match(await printed(lea, "postern requests --unreviewed"), /active, unreviewed/);
  assert.match(await printed(lea, `postern review ${broken} --note justified`), /^request \S+ is active/);
  assert.equal((await lea("postern requests --unreviewed")).stdout, "");
  await printed(lea, `postern revoke ${broken}`);
});

test("request --wait ends with the answer: 0 for a yes, 1 for a no with its reason", async () => {
  const lea = as("lea", "leads");
  for (const [deed, code, told] of [
    ["approve", 0, /is active: it ends in 30m/],
    ["deny", 1, /is denied: not now\n/],
  ] as const) {
    const waiting = as("wim", "engineers")("postern request orders-rw --for 30m --reason x --wait");
    const id = await until(async () => {
      const { items } = JSON.parse(await printed(lea, "postern requests --json"));
      return items.find((one: { requester: { subject: string } }) => one.requester.subject === "wim")?.id;
    });
    await printed(lea, `postern ${deed} ${id} --note "not now"`);
    const { code: ended, stdout, stderr } = await waiting;
    assert.equal(ended, code);
    assert.match(stdout + stderr, told);
    if (deed === "approve") await printed(lea, `postern revoke ${id}`);
  }
});

/** Asks until there is an answer. */
async function until(ask: () => Promise<string | undefined>): Promise<string> {
  const answer = await ask();
  return answer ?? until(ask);
}

test("what goes wrong is told with what to do, and without the token", async () => {
  const good = world.token("ada");
  const cases: readonly (readonly [string, number, RegExp])[] = [
    ["postern whoami", 2, /^postern: no token was given; name a file that holds one with --token-file/],
    ["postern whoami --server http://127.0.0.1:1", 1, /cannot be asked \(ECONNREFUSED\); is Postern running/],
    ["postern whoami --server unix:/nowhere.sock", 1, /unix:\/nowhere.sock cannot be asked \(ENOENT\)/],
    ["postern whoami --server localhost:9187", 2, /"localhost:9187" is no place to ask/],
    [`postern whoami --server ${server.replace("//", "//x:y@")}`, 2, /takes no user, password or query/],
    [
      "postern requests 0000000000000000",
      1,
      /\(grants\/not-found\)\n(.*\n)?.*request \S+: the log tells more by it/,
    ],
    [
      "postern request orders-rw -n shop --for soon --reason x",
      1,
      /\(control\/invalid\)\n.*body\.duration: is no duration/,
    ],
    ["postern request nothing --for 5m", 1, /nothing of the name "nothing" is offered to you/],
    ["postern request --for 5m", 2, /give either the name of an offer, or --extend/],
    ["postern who-can connect databases", 1, /may not list rolebindings/],
    ["postern can-i get /x", 2, /"\/x" is no resource/],
  ];
  for (const [line, code, stderr] of cases) {
    const token = line === "postern whoami" ? {} : { POSTERN_TOKEN: good };
    const ran = await shellMeanwhile(line, directory, { POSTERN_SERVER: server, ...token });
    assert.equal(ran.code, code, `${line}\n${ran.stderr}`);
    assert.match(ran.stderr, stderr, line);
    assert.ok(!`${ran.stdout}${ran.stderr}`.includes(good), line);
  }
});

test("a token that is refused or none is told of, and shown nowhere", async () => {
  for (const [token, told] of [
    [world.token("ada", { exp: 1 }), /\(identity\/expired\)/],
    ["two words", /is no token: it has characters that no token has/],
  ] as const) {
    writeFileSync(join(directory, "bad.token"), token);
    const line = `postern whoami --server ${server} --token-file bad.token`;
    const { code, stdout, stderr } = await shellMeanwhile(line, directory);
    assert.equal(code, 1);
    assert.match(stderr, told);
    assert.ok(!`${stdout}${stderr}`.includes(token));
  }
});

test("the administrator sees who can do something", async () => {
  await world.put(bind("nora", "writer", user("nora")));
  const line = "postern who-can assume databaseroles/ben -n shop";
  const { code, stdout, stderr } = await shellMeanwhile(line, directory, {
    POSTERN_SERVER: server,
    POSTERN_TOKEN: world.administratorToken,
  });
  assert.deepEqual([code, stderr], [0, ""]);
  assert.match(
    stdout,
    /^KIND +NAME +ENDS +BY\n(.*\n)*User +https:\/\/issuer.test:nora +RoleBinding "nora" in "shop"/,
  );
});

const POLICY = `apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: { name: readers, namespace: shop }
subjects: [{ kind: Group, name: readers }]
roleRef: { kind: Role, name: applied }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: { name: applied, namespace: shop }
rules:
  - { verbs: [assume], apiGroups: [postern.dev], resources: [databaseroles], resourceNames: [ro] }
`;

test("apply makes, replaces and leaves alone, roles before their bindings; delete takes it back", async () => {
  const boss = as("boss", "all");
  const write = (text: string) => writeFileSync(join(directory, "applied.yaml"), text);
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
  writeFileSync(join(directory, "good.yaml"), POLICY);
  writeFileSync(
    join(directory, "bad.yaml"),
    POLICY.replace("kind: Group", "kind: Grupp").replace("[assume]", "[]"),
  );
  const boss = as("boss", "all");
  const { code, stdout, stderr } = await boss("postern apply -f good.yaml -f bad.yaml");
  assert.deepEqual([code, stdout], [1, ""]);
  assert.match(stderr, /bad\.yaml:4:\d+: subjects\[0\]/);
  assert.match(stderr, /bad\.yaml:11:\d+: rules\[0\].verbs: is empty/);
  assert.doesNotMatch(await printed(boss, "postern get roles -n shop"), /applied/);
});

test("create writes what kubectl's options say, and nobody gives by it more than they hold", async () => {
  const boss = as("boss", "all");
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
  await world.put(
    role("binders", {
      apiGroups: ["rbac.authorization.k8s.io"],
      resources: ["rolebindings"],
      verbs: ["create", "get"],
    }),
  );
  await world.put(bind("binders", "binders", user("sly")));
  const { code, stderr } = await as("sly")(
    "postern create rolebinding mine -n shop --role writer --group all",
  );
  assert.equal(code, 1);
  assert.match(stderr, /\(policy\/escalation\)/);
});

test("a personal token is made, listed, used and revoked, and is on standard output alone", async () => {
  const boss = as("boss", "all");
  const made = await boss("postern token create --name 'my laptop' --expires 30d");
  assert.match(made.stdout, /^pst_\w+\n$/);
  assert.match(made.stderr, /^postern: token \w+ "my laptop" ends in 30d; it is shown this once\n$/);
  const secret = made.stdout.trim();
  writeFileSync(join(directory, "laptop.token"), made.stdout);
  const self = `postern whoami --server ${server} --token-file laptop.token`;
  assert.match((await shellMeanwhile(self, directory)).stdout, /^identity +https:\/\/issuer.test:boss\n/);
  const listed = await printed(boss, "postern token list");
  const [, id] = /\n(\w+) +my laptop +boss +all +anywhere +in 30d +/.exec(listed) ?? [];
  assert.ok(!listed.includes(secret));
  assert.equal(await printed(boss, `postern token revoke ${id}`), `token ${id} "my laptop" is revoked\n`);
  const refused = await shellMeanwhile(self, directory);
  assert.equal(refused.code, 1);
  assert.ok(!refused.stderr.includes(secret));
  assert.match(await printed(boss, "postern token list"), /revoked \d+s ago/);
});

test("sessions are listed, one's own or everybody's, and ended by who may", async () => {
  await world.put(bind("vic", "writer", user("vic")));
  const client = await world.connect({ user: "ben", password: world.token("vic") });
  const end = ended(client);
  const boss = as("boss", "all");
  const row = /(\w+) +vic +ben +main\/postgres +postgres +127\.0\.0\.1 +\d+s ago +in 60m +\S+\n/;
  const id = await until(async () => row.exec((await boss("postern sessions list")).stdout)?.[1]);
  assert.match(await printed(as("vic"), "postern sessions"), row);
  const other = await as("pry")("postern sessions list");
  assert.deepEqual([other.stdout, other.stderr], ["", "postern: no session runs that you may see\n"]);
  const refused = await as("pry")(`postern sessions end ${id}`);
  assert.deepEqual([refused.code, /\(control\/forbidden\)/.test(refused.stderr)], [1, true]);
  assert.equal(await printed(boss, `postern sessions end ${id}`), `session ${id} is ended\n`);
  assert.equal((await end).code, "57P01");
  assert.match((await boss("postern sessions end nothing")).stderr, /\(access\/session-not-found\)/);
});

/** Makes what an example is about: where its help says an id, there is something of this id. */
test("a user is listed, shown, disabled and enabled by name; a name of several names nobody", async () => {
  const boss = as("boss", "all");
  await printed(as("sam", "engineers"), "postern whoami");
  const found = await until(async () => (await boss("postern users list --name sam")).stdout || undefined);
  assert.match(found, /^NAME +SUBJECT +ISSUER +LAST SEEN +STATE\nsam +sam +https:\S+ +\d+s ago\n$/);
  assert.match(
    await printed(boss, 'postern users disable sam --reason "left"'),
    /^user sam \(https:\S+:sam\) is disabled, and gets in nowhere\n$/,
  );
  assert.match(
    (await as("sam", "engineers")("postern whoami")).stderr,
    /this user is disabled.*\(access\/user-disabled/,
  );
  const shown = await printed(boss, "postern users show sam");
  assert.match(shown, /\ngroup +engineers\n/);
  assert.match(shown, /\ndisabled +\d+s ago by https:\S+:boss: left\n$/);
  assert.match(await printed(boss, "postern users list --disabled"), /\nsam .* disabled\n/);
  assert.match(await printed(boss, `postern users enable ${ISSUER}:sam`), /may come in again\n$/);
  // Somebody whose subject reads as the other's id.
  await printed(as(`${ISSUER}:sam`), "postern whoami");
  const several = await until(async () => {
    const { code, stderr } = await boss(`postern users disable ${ISSUER}:sam --reason left`);
    return code === 1 ? stderr : undefined;
  });
  assert.match(several, /2 users are called "https:\S+:sam"; say which one by subject and issuer:\n/);
  assert.ok(several.includes(`sam --issuer ${ISSUER} (sam)`), several);
  await printed(as("sam"), "postern whoami");
  const exactly = `postern users disable ${ISSUER}:sam --issuer ${ISSUER} --reason left`;
  assert.match(await printed(boss, exactly), /is disabled/);
  await printed(as("sam"), "postern whoami");
  assert.match(
    (await boss("postern users show nobody-such")).stderr,
    /nobody called "nobody-such" has been seen/,
  );
});

test("explain asks the running Postern, by whose store, grants and users it is decided", async () => {
  const boss = as("boss", "all");
  const writing = "--role ben --database postgres";
  await printed(as("tia", "engineers"), "postern whoami");
  const denied = await until(async () => {
    const { code, stdout, stderr } = await boss(`postern explain --as tia ${writing}`);
    return stderr.includes("nobody called") ? undefined : `${code} ${stdout}${stderr}`;
  });
  assert.match(denied, /^1 role "ben", database "postgres", cluster "main"\npass {2}user: /);
  assert.match(denied, /\npass {2}connect: RoleBinding "everybody" .*\nFAIL {2}assume: .*\n/);
  assert.match(denied, /postern: asked http:\S+\n/);
  assert.match(denied, /postern: denied \(policy\/assume\): /);

  const id = await asked("tia");
  await printed(as("lea", "leads"), `postern approve ${id}`);
  const allowed = JSON.parse(await printed(boss, `postern explain --as tia ${writing} --json`));
  assert.deepEqual([allowed.allowed, allowed.cluster, allowed.role], [true, "main", "ben"]);
  assert.ok(Date.parse(allowed.until) > Date.now());
  assert.match(allowed.steps.at(-1).saw, new RegExp(`grant-${id}`));
  const token = world.token("tia", { groups: ["engineers"] });
  const byToken = await printed(boss, `echo ${token} | postern explain --token - ${writing}`);
  assert.match(byToken, /\npass {2}signature: .*\n(?:pass .*\n)+allowed\n$/);

  await printed(boss, "postern users disable tia --reason left");
  const shutOut = await boss(`echo ${token} | postern explain --token - ${writing}`);
  assert.match(shutOut.stdout, /\nFAIL {2}user: https:\S+:tia is disabled\n$/);
  assert.match(shutOut.stderr, /denied \(access\/user-disabled\)/);
  await printed(boss, "postern users enable tia");

  const own = await printed(as("own", "all"), `postern explain ${writing}`);
  assert.match(own, /\nallowed\n$/, "of oneself by default");
  const unseen = await boss(`postern explain --as nell --issuer ${ISSUER} ${writing}`);
  assert.match(unseen.stderr, /denied \(policy\/assume\)/);
  assert.match((await as("tia")(`postern explain ${writing}`)).stderr, /control\/forbidden/);
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

const EXAMPLES: Readonly<Record<string, (person: Run, name: string) => Promise<string>>> = {
  "postern request": (person) => idOf(person, "postern request orders-ro --for 30m --reason x --json"),
  "postern requests": (_, name) => asked(`${name}-other`),
  "postern approve": (_, name) => asked(`${name}-other`),
  "postern deny": (_, name) => asked(`${name}-other`),
  "postern withdraw": (person) => idOf(person, "postern request orders-rw --for 30m --reason x --json"),
  "postern review": (_, name) => asked(`${name}-other`, "--break-glass", ["oncall"], "15m"),
  "postern sessions end": async (person, name) => {
    await world.put(bind(name, "writer", user(name)));
    const client = await world.connect({ user: "ben", password: world.token(name) });
    client.on("error", () => {}); // the example is about to end it
    const mine = /(\w+) +postern-sessions-end-\d/;
    return until(async () => mine.exec((await person("postern sessions list")).stdout)?.[1]);
  },
  "postern token revoke": async (person) => {
    const made = await printed(person, "postern token create --name x --expires 1d --json");
    return JSON.parse(made).listed.id;
  },
  "postern revoke": (_, name) => asked(`${name}-other`, "--break-glass", ["oncall"], "15m"),
};

async function idOf(person: Run, line: string): Promise<string> {
  return JSON.parse(await printed(person, line)).id;
}

for (const { path } of commandsOf(createProgram()).filter(({ asks }) => asks))
  test(`the examples in the help of "${path}" work`, async () => {
    const examples = examplesIn(await printed(as("anybody"), `${path} --help`));
    assert.ok(examples.length > 0);
    for (const [index, example] of examples.filter(asksServer).entries()) {
      const name = `${path.replaceAll(" ", "-")}-${index}`;
      const person = as(name, "all", "engineers", "leads", "oncall");
      writeFileSync(join(directory, "policy.yaml"), POLICY);
      if (path === "postern delete") await printed(person, "postern apply -f policy.yaml");
      const id = example.includes(EXAMPLE_ID) ? await EXAMPLES[path]?.(person, name) : "";
      await printed(as("max"), "postern whoami || true"); // so that somebody called so has been seen
      const line = example
        .replace(EXAMPLE_ID, id ?? "")
        .replace("https://login.example.com --r", `${ISSUER} --r`);
      await printed(person, line.replace(EXAMPLE_SERVER, server));
    }
  });

/** `explain` asks a server only where one is named; what it says of a configuration is run beside the other helps. */
function asksServer(line: string): boolean {
  return !/\bpostern explain\b/.test(line) || line.includes("--server");
}

/** The commands of a page, for the tests' namespace, and an offer that needs nobody's answer where one waits for it. */
function commandsIn(page: string): readonly string[] {
  const text = readFileSync(join(import.meta.dirname, "../../../docs", page), "utf8");
  return [...text.matchAll(/^```sh\n([\s\S]*?)^```/gm)]
    .flatMap(([, block = ""]) => block.split("\n"))
    .filter((line) => line.startsWith("postern ") && !/ (token mint|explain|start|keys|check) ?/.test(line))
    .map((line) => line.replace("-n prod", "-n shop").replace(/orders-rw(.*--wait)/, "orders-ro$1"))
    .map((line) => line.replace("4ZkU0vCJ1pQ8sXaB", EXAMPLE_ID)); // the token of that page
}

for (const page of ["access-requests.md", "policy.md", "tokens.md"])
  test(`the commands in docs/${page} work`, async () => {
    await world.put(role("analysts", may("assume", "databaseroles", "analyst")));
    await as("boss", "all")("postern delete rolebinding analysts -n shop"); // an example of a help has made it
    writeFileSync(join(directory, "policy.yaml"), POLICY);
    const commands = commandsIn(page);
    assert.ok(commands.length > 2);
    for (const [index, line] of commands.entries()) {
      const path = `postern ${/^postern ((?:token|create|sessions) )?\S+/.exec(line)?.[0].slice("postern ".length)}`;
      const name = `${page.replace(".md", "")}-${index}`;
      const person = as(name, "all", "engineers", "leads", "oncall");
      const id = line.includes(EXAMPLE_ID) ? await EXAMPLES[path]?.(person, name) : "";
      await printed(person, line.replace(EXAMPLE_ID, id ?? ""));
    }
  });
