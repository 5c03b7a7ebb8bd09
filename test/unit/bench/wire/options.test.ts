import assert from "node:assert/strict";
import { test } from "node:test";
import { type Options, parseOptions } from "../../../../bench/wire/options.ts";

function parsed(...args: readonly string[]): Options {
  const options = parseOptions(args);
  assert.ok(options !== "help");
  return options;
}

test("without options everything is measured", () => {
  const { measures, peers, settings } = parsed();
  assert.deepEqual(
    measures.map(({ name }) => name),
    ["throughput", "logins", "copy", "memory"],
  );
  assert.ok(peers.includes("pgbouncer") && peers.includes("postern-bun-warm"));
  assert.deepEqual(settings, { rounds: 5, seconds: 5, warmUpLogins: 1000, sessions: 1000 });
});

test("what is measured can be narrowed, and a quick run be lengthened again", () => {
  const { measures, peers, settings } = parsed(
    "--only",
    "copy",
    "--peers",
    "direct",
    "--quick",
    "--rounds",
    "3",
  );
  assert.deepEqual(
    measures.map(({ name }) => name),
    ["copy"],
  );
  assert.deepEqual(peers, ["direct"]);
  assert.deepEqual(settings, { rounds: 3, seconds: 2, warmUpLogins: 40, sessions: 100 });
});

for (const [args, message] of [
  [["--only", "speed"], /--only does not know "speed"; write some of throughput,/],
  [["--peers", "direct,oracle"], /--peers does not know "oracle"; write some of direct,/],
  [["--rounds", "0"], /--rounds is "0"; write a number from 1 to 9999/],
  [["--seconds", "1e3"], /--seconds is "1e3"/],
] as const)
  test(`${args.join(" ")} is refused with what to write instead`, () => {
    assert.throws(() => parseOptions(args), message);
  });
