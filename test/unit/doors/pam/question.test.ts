import assert from "node:assert/strict";
import { test } from "node:test";
import { isWhole, readQuestion } from "../../../../src/doors/pam/question.ts";

const bytes = (...lines: readonly string[]) => Buffer.from(`${lines.map((line) => `${line}\0`).join("")}\0`);
const LOGIN = ["postern-pam/1", "type=auth", "role=ada", "rhost=192.0.2.7", "process=42", "credential=a=b c"];
const without = (name: string) => LOGIN.filter((line) => !line.startsWith(name));

test("a question about a login is read, whatever its credential holds", () => {
  const question = readQuestion(bytes(...LOGIN));
  assert.ok(!("fault" in question) && question.type === "auth");
  assert.equal(question.credential.reveal(), "a=b c");
  assert.deepEqual([question.role, question.address, question.process], ["ada", "192.0.2.7", 42]);
});

for (const [rhost, address] of [
  ["::ffff:127.0.0.1", "127.0.0.1"],
  ["[local]", ""],
  ["2001:db8::7", "2001:db8::7"],
  ["fe80::1%eth0", "fe80::1%eth0"],
  ["client.example.com", "client.example.com"],
] as const)
  test(`the address of a client at ${rhost} is "${address}"`, () => {
    const question = readQuestion(bytes(...without("rhost"), `rhost=${rhost}`));
    assert.equal("fault" in question ? question.fault : question.address, address);
  });

for (const [what, lines, fault] of [
  ["another version", ["postern-pam/2", ...LOGIN.slice(1)], "not postern-pam/1"],
  ["no role", without("role"), "no role that PostgreSQL could hold"],
  [
    "a role of 64 bytes",
    [...without("role"), `role=${"r".repeat(64)}`],
    "no role that PostgreSQL could hold",
  ],
  ["a role twice", [...LOGIN, "role=root"], "role twice"],
  ["a field that is not known", [...LOGIN, "allow=yes"], "a field that is not known"],
  ["a line without a name", [...LOGIN, "=ada"], "a field that is not known"],
  ["no address", without("rhost"), "no usable rhost"],
  ["an address with a line break", [...without("rhost"), "rhost=a\nb"], "no usable rhost"],
  ["an address of 256 characters", [...without("rhost"), `rhost=${"a".repeat(256)}`], "no usable rhost"],
  ["no process", without("process"), "no process"],
  ["process 0", [...without("process"), "process=0"], "no process"],
  ["a process that is none", [...without("process"), "process=1 2"], "no process"],
  ["another type", [...without("type"), "type=open_session"], "a type that is neither auth nor account"],
  ["a database that cannot be", [...LOGIN, `database=${"d".repeat(64)}`], "no database that could be"],
] as const)
  test(`a question with ${what} is none`, () => {
    assert.deepEqual(readQuestion(bytes(...lines)), { fault });
  });

test("a question that is not UTF-8 is none", () => {
  assert.deepEqual(readQuestion(Buffer.concat([Buffer.from([0xff]), bytes(...LOGIN)])), {
    fault: "not UTF-8",
  });
});

test("a question is whole with its last byte and not before", () => {
  const whole = bytes(...LOGIN, "cluster=");
  for (let length = 0; length < whole.length; length += 1)
    assert.equal(isWhole(whole.subarray(0, length)), false);
  assert.ok(isWhole(whole));
});
