import assert from "node:assert/strict";
import { test } from "node:test";
import { type Options, parseOptions } from "../../../../bench/rest/options.ts";

function parsed(...args: readonly string[]): Options {
  const options = parseOptions(args);
  assert.ok(options !== "help");
  return options;
}

test("without options everything is measured, at 32 clients", () => {
  const { cases, memory, peers, settings } = parsed();
  assert.deepEqual(
    cases.map(({ name }) => name),
    ["point", "single", "anonymous", "rows", "embed", "insert", "rpc", "distinct"],
  );
  assert.equal(memory, true);
  assert.ok(peers.includes("ceiling") && peers.includes("postern-node-x2"));
  assert.equal(settings.clients, 32);
});

test("a run can be narrowed to a case, a gateway and a round", () => {
  const { cases, memory, peers, settings } = parsed(
    "--quick",
    "--only",
    "rpc",
    "--peers",
    "postern-bun",
    "--seconds",
    "2",
  );
  assert.deepEqual(
    cases.map(({ name }) => name),
    ["rpc"],
  );
  assert.equal(memory, false);
  assert.deepEqual(peers, ["postern-bun"]);
  assert.deepEqual([settings.rounds, settings.seconds], [1, 2]);
});

for (const [args, message] of [
  [["--only", "speed"], /--only does not know "speed"; write some of point,/],
  [["--peers", "oracle"], /--peers does not know "oracle"; write some of ceiling,/],
  [["--clients", "0"], /--clients is "0"; write a number from 1 to 9999/],
] as const)
  test(`${args.join(" ")} is refused with what to write instead`, () => {
    assert.throws(() => parseOptions(args), message);
  });
