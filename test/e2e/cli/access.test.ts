/** Who one is, and one's tokens, sessions and users, from the shell. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { AccessCli } from "../../support/access-cli.ts";
import { printed, startAccessCli } from "../../support/access-cli.ts";
import { bind, user } from "../../support/access-world.ts";
import { ended } from "../../support/ended.ts";
import { eventually } from "../../support/eventually.ts";
import { shellMeanwhile } from "../../support/postern.ts";
import { ISSUER } from "../../support/world.ts";

let cli: AccessCli;
before(async () => {
  cli = await startAccessCli();
});
after(() => cli.stop());

test("whoami tells the identity, and the names that policy knows it by", async () => {
  const text = await printed(cli.as("ada", "engineers"), "postern whoami");
  assert.match(
    text,
    /^identity +https:\/\/issuer.test:ada\nusername +ada\nuser +https:\/\/issuer.test:ada\n/,
  );
  assert.match(text, /\ngroup +engineers\ngroup +system:authenticated\ntoken +ends in 60m\n$/);
});

test("what goes wrong is told with what to do, and without the token", async () => {
  const good = cli.world.token("ada");
  const cases: readonly (readonly [string, number, RegExp])[] = [
    ["postern whoami", 2, /^postern: no token was given; name a file that holds one with --token-file/],
    ["postern whoami --server http://127.0.0.1:1", 1, /cannot be asked \(ECONNREFUSED\); is Postern running/],
    ["postern whoami --server unix:/nowhere.sock", 1, /unix:\/nowhere.sock cannot be asked \(ENOENT\)/],
    ["postern whoami --server localhost:9187", 2, /"localhost:9187" is no place to ask/],
    [`postern whoami --server ${cli.server.replace("//", "//x:y@")}`, 2, /takes no user, password or query/],
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
    const ran = await shellMeanwhile(line, cli.directory, { POSTERN_SERVER: cli.server, ...token });
    assert.equal(ran.code, code, `${line}\n${ran.stderr}`);
    assert.match(ran.stderr, stderr, line);
    assert.ok(!`${ran.stdout}${ran.stderr}`.includes(good), line);
  }
});

test("a token that is refused or none is told of, and shown nowhere", async () => {
  for (const [token, told] of [
    [cli.world.token("ada", { exp: 1 }), /\(identity\/expired\)/],
    ["two words", /is no token: it has characters that no token has/],
  ] as const) {
    writeFileSync(join(cli.directory, "bad.token"), token);
    const line = `postern whoami --server ${cli.server} --token-file bad.token`;
    const { code, stdout, stderr } = await shellMeanwhile(line, cli.directory);
    assert.equal(code, 1);
    assert.match(stderr, told);
    assert.ok(!`${stdout}${stderr}`.includes(token));
  }
});

test("a personal token is made, listed, used and revoked, and is on standard output alone", async () => {
  const boss = cli.as("boss", "all");
  const made = await boss("postern token create --name 'my laptop' --expires 30d");
  assert.match(made.stdout, /^pst_\w+\n$/);
  assert.match(made.stderr, /^postern: token \w+ "my laptop" ends in 30d; it is shown this once\n$/);
  const secret = made.stdout.trim();
  writeFileSync(join(cli.directory, "laptop.token"), made.stdout);
  const self = `postern whoami --server ${cli.server} --token-file laptop.token`;
  assert.match((await shellMeanwhile(self, cli.directory)).stdout, /^identity +https:\/\/issuer.test:boss\n/);
  const listed = await printed(boss, "postern token list");
  const [, id] = /\n(\w+) +my laptop +boss +all +anywhere +in 30d +/.exec(listed) ?? [];
  assert.ok(!listed.includes(secret));
  assert.equal(await printed(boss, `postern token revoke ${id}`), `token ${id} "my laptop" is revoked\n`);
  const refused = await shellMeanwhile(self, cli.directory);
  assert.equal(refused.code, 1);
  assert.ok(!refused.stderr.includes(secret));
  assert.match(await printed(boss, "postern token list"), /revoked \d+s ago/);
});

test("sessions are listed, one's own or everybody's, and ended by who may", async () => {
  await cli.world.put(bind("vic", "writer", user("vic")));
  const client = await cli.world.connect({ user: "ben", password: cli.world.token("vic") });
  const end = ended(client);
  const boss = cli.as("boss", "all");
  const row = /(\w+) +vic +ben +main\/postgres +postgres +127\.0\.0\.1 +\d+s ago +in 60m +\S+\n/;
  const id = await eventually(
    "what the commands tell",
    async () => row.exec((await boss("postern sessions list")).stdout)?.[1],
  );
  assert.match(await printed(cli.as("vic"), "postern sessions"), row);
  const other = await cli.as("pry")("postern sessions list");
  assert.deepEqual([other.stdout, other.stderr], ["", "postern: no session runs that you may see\n"]);
  const refused = await cli.as("pry")(`postern sessions end ${id}`);
  assert.deepEqual([refused.code, /\(control\/forbidden\)/.test(refused.stderr)], [1, true]);
  assert.equal(await printed(boss, `postern sessions end ${id}`), `session ${id} is ended\n`);
  assert.equal((await end).code, "57P01");
  assert.match((await boss("postern sessions end nothing")).stderr, /\(access\/session-not-found\)/);
});

test("a user is listed, shown, disabled and enabled by name; a name of several names nobody", async () => {
  const boss = cli.as("boss", "all");
  await printed(cli.as("sam", "engineers"), "postern whoami");
  const found = await eventually(
    "what the commands tell",
    async () => (await boss("postern users list --name sam")).stdout || undefined,
  );
  assert.match(found, /^NAME +SUBJECT +ISSUER +LAST SEEN +STATE\nsam +sam +https:\S+ +\d+s ago\n$/);
  assert.match(
    await printed(boss, 'postern users disable sam --reason "left"'),
    /^user sam \(https:\S+:sam\) is disabled, and gets in nowhere\n$/,
  );
  assert.match(
    (await cli.as("sam", "engineers")("postern whoami")).stderr,
    /this user is disabled.*\(access\/user-disabled/,
  );
  const shown = await printed(boss, "postern users show sam");
  assert.match(shown, /\ngroup +engineers\n/);
  assert.match(shown, /\ndisabled +\d+s ago by https:\S+:boss: left\n$/);
  assert.match(await printed(boss, "postern users list --disabled"), /\nsam .* disabled\n/);
  assert.match(await printed(boss, `postern users enable ${ISSUER}:sam`), /may come in again\n$/);
  // Somebody whose subject reads as the other's id.
  await printed(cli.as(`${ISSUER}:sam`), "postern whoami");
  const several = await eventually("what the commands tell", async () => {
    const { code, stderr } = await boss(`postern users disable ${ISSUER}:sam --reason left`);
    return code === 1 ? stderr : undefined;
  });
  assert.match(several, /2 users are called "https:\S+:sam"; say which one by subject and issuer:\n/);
  assert.ok(several.includes(`sam --issuer ${ISSUER} (sam)`), several);
  await printed(cli.as("sam"), "postern whoami");
  const exactly = `postern users disable ${ISSUER}:sam --issuer ${ISSUER} --reason left`;
  assert.match(await printed(boss, exactly), /is disabled/);
  await printed(cli.as("sam"), "postern whoami");
  assert.match(
    (await boss("postern users show nobody-such")).stderr,
    /nobody called "nobody-such" has been seen/,
  );
});
