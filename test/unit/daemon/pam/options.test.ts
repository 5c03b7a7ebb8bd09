import assert from "node:assert/strict";
import { test } from "node:test";
import { parsePamOptions } from "../../../../src/daemon/pam/options.ts";
import { readSurroundings } from "../../../../src/daemon/pam/surroundings.ts";

for (const [args, fault] of [
  [[], /nobody is asked/],
  [["socket"], /is none of socket=/],
  [["secret-value"], /^an argument is none of/],
  [["socket=/a", "socket=/b"], /twice/],
  [["socket=/a", "apiUrl=https://b"], /exclude each other/],
  [["socket="], /whole path/],
  [["socket=pam.sock"], /whole path/],
  [["jwks=keys.json", "mappings=/a"], /whole path/],
  [["jwks=/a"], /go together/],
  [["mappings=/a", "apiUrl=https://b"], /go together/],
  [["apiUrl=https://b", "database=x"], /database= is for socket= only/],
  [["apiUrl=https://b", "audience=x"], /audience= is for jwks= only/],
  [["passwords=db.example.com:5432/x"], /address of this machine/],
  [["passwords=10.0.0.1:5432/x"], /address of this machine/],
  [["passwords=127.0.0.1:99999/x"], /address of this machine/],
  [["passwords=127.0.0.1:5432"], /address of this machine/],
] as const)
  test(`"postern pam ${args.join(" ")}" is refused`, () => {
    const options = parsePamOptions(args);
    assert.ok("fault" in options);
    assert.match(options.fault, fault);
    assert.ok(!options.fault.includes("secret-value"));
  });

test("arguments are read as PAM modules take them", () => {
  const options = parsePamOptions(["socket=/run/a=b", "database=x", "passwords=[::1]:5432/postern_pam"]);
  assert.ok(!("fault" in options));
  assert.deepEqual(
    [options.socket, options.database, options.passwords],
    ["/run/a=b", "x", { host: "::1", port: 5432, database: "postern_pam" }],
  );
});

const ENV = { PAM_TYPE: "auth", PAM_USER: "ada", PAM_RHOST: "::ffff:127.0.0.1" };

test("what PAM says is read, with a mapped address as the plain one that it is", () => {
  assert.deepEqual(readSurroundings(ENV, 42), {
    type: "auth",
    role: "ada",
    address: "127.0.0.1",
    process: 42,
  });
  assert.deepEqual(readSurroundings({ ...ENV, PAM_RHOST: "[local]" }, 1), {
    type: "auth",
    role: "ada",
    address: "",
    process: 1,
  });
});

test("sessions are not this program's to answer for", () => {
  assert.equal(readSurroundings({ ...ENV, PAM_TYPE: "open_session" }, 1), "ignore");
});

for (const [what, env] of [
  ["no type", { ...ENV, PAM_TYPE: undefined }],
  ["another type", { ...ENV, PAM_TYPE: "password" }],
  ["no user", { ...ENV, PAM_USER: undefined }],
  ["a user of 64 bytes", { ...ENV, PAM_USER: "u".repeat(64) }],
  ["no address", { ...ENV, PAM_RHOST: undefined }],
  ["an address with a blank", { ...ENV, PAM_RHOST: "1.2.3.4 x" }],
] as const)
  test(`with ${what} there is nothing to decide`, () => {
    const read = readSurroundings(env, 1);
    assert.ok(typeof read === "object" && "fault" in read);
  });
