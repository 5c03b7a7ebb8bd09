/** Requests for access, from the shell. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { AccessCli } from "../../support/access-cli.ts";
import { printed, startAccessCli } from "../../support/access-cli.ts";
import { ended } from "../../support/ended.ts";
import { eventually } from "../../support/eventually.ts";

let cli: AccessCli;
before(async () => {
  cli = await startAccessCli();
});
after(() => cli.stop());

test("a request is made, listed, approved, used and revoked by commands", async () => {
  const ada = cli.as("ada", "engineers");
  const lea = cli.as("lea", "leads");
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
  const client = await cli.world.connect({
    user: "ben",
    password: cli.world.token("ada", { groups: ["engineers"] }),
  });
  const end = ended(client);
  assert.match(await printed(lea, `postern revoke ${id} --note done`), /^request \S+ is ended\n$/);
  assert.match((await end).message, /its right was taken away/);
  assert.match(
    await printed(ada, `postern requests ${id}`),
    /\nclosed +revoked by https:\/\/issuer.test:lea, \S+ ago: done\n/,
  );
  const { stdout, stderr } = await ada("postern grants");
  assert.deepEqual([stdout, stderr], ["", "postern: nothing is granted for a while that concerns you\n"]);
});

test("requests are denied, withdrawn and reviewed by commands, and notes are shown", async () => {
  const lea = cli.as("lea", "leads");
  const id = await cli.asked("bea");
  assert.match(
    await printed(lea, `postern deny ${id} --note "use the replica"`),
    /^request \S+ is denied\n$/,
  );
  assert.match(await printed(cli.as("bea"), `postern requests ${id}`), /denied by .*: use the replica\n/);
  const other = await cli.asked("bea");
  assert.match(await printed(cli.as("bea"), `postern withdraw ${other}`), /^request \S+ is withdrawn\n$/);
  const broken = await cli.asked("bea", "--break-glass", ["oncall"], "15m");
  assert.match(await printed(lea, "postern requests --unreviewed"), /active, unreviewed/);
  assert.match(await printed(lea, `postern review ${broken} --note justified`), /^request \S+ is active/);
  assert.equal((await lea("postern requests --unreviewed")).stdout, "");
  await printed(lea, `postern revoke ${broken}`);
});

test("request --wait ends with the answer: 0 for a yes, 1 for a no with its reason", async () => {
  const lea = cli.as("lea", "leads");
  for (const [deed, code, told] of [
    ["approve", 0, /is active: it ends in 30m/],
    ["deny", 1, /is denied: not now\n/],
  ] as const) {
    const waiting = cli.as("wim", "engineers")("postern request orders-rw --for 30m --reason x --wait");
    const id = await eventually("what the commands tell", async () => {
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
